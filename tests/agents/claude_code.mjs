// Claude Code against the gateway: it must read a file with its Read tool and tell what is in it, for a model of its own maker and for
// others, with base URLs as people write them.
import path from 'node:path';
import { installed, row, run, startGateway, targets, versionOf } from './agents.mjs';

const program = path.join(installed, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude');
const version = versionOf('@anthropic-ai/claude-code');
const quiet = { DISABLE_TELEMETRY: '1', DISABLE_ERROR_REPORTING: '1', DISABLE_AUTOUPDATER: '1', DISABLE_BUG_COMMAND: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' };

const gateway = await startGateway();
let failed = 0;
try {
    for (const [target, model] of Object.entries(targets)) {
        for (const base of ['', '/v1']) {
            const made = await row(gateway, { agent: 'Claude Code', version, target, model, base: base || '/' }, ({ key, url, folder, file, home }) =>
                run(program, ['-p', `Use the tool: Read {"file_path":"${file}"} and tell me what it says.`, '--model', model, '--output-format', 'json', '--allowedTools', 'Read'], {
                    cwd: folder,
                    env: { HOME: home, CLAUDE_CONFIG_DIR: path.join(home, '.claude'), ANTHROPIC_BASE_URL: url + base, ANTHROPIC_API_KEY: key, ANTHROPIC_SMALL_FAST_MODEL: model, ANTHROPIC_DEFAULT_HAIKU_MODEL: model, ...quiet },
                }));
            failed += made.outcome !== 'done';
        }
    }
} finally {
    await gateway.stop();
}
process.exitCode = failed ? 1 : 0;
