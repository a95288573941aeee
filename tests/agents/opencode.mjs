// OpenCode against the gateway through each provider package it carries (Chat, Responses and Messages of the AI SDK): it must read a file
// with its read tool and tell what is in it, for models behind each wire. Beside the task it asks for a title, without tools.
import fs from 'node:fs';
import path from 'node:path';
import { installed, row, run, startGateway, targets, versionOf } from './agents.mjs';

const program = path.join(installed, 'node_modules/opencode-linux-x64/bin/opencode');
const version = versionOf('opencode-ai');
const packages = ['@ai-sdk/openai-compatible', '@ai-sdk/openai', '@ai-sdk/anthropic'];
const quiet = { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1' };
const config = (npm, model, url) => JSON.stringify({
    autoupdate: false, share: 'disabled', model: `gw/${model}`, small_model: `gw/${model}`, enabled_providers: ['gw'],
    provider: { gw: { npm, name: 'gateway', options: { baseURL: `${url}/v1`, apiKey: '{env:GW_KEY}' }, models: { [model]: { name: model, tool_call: true, limit: { context: 200_000, output: 4096 } } } } },
});

/** What the model said: the events also carry the tool's output, which proves nothing about the second turn. */
function spoken({ stdout, stderr }) {
    const events = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const tools = events.filter((event) => event.type === 'tool_use' && event.part.state.status === 'completed');
    if (!tools.length) throw new Error(`no tool ran: ${(stderr + stdout).slice(-250)}`);
    return events.filter((event) => event.type === 'text').map((event) => event.part.text).join('\n');
}

const gateway = await startGateway();
let failed = 0;
try {
    for (const [target, model] of Object.entries(targets)) {
        for (const npm of packages) {
            const made = await row(gateway, { agent: 'OpenCode', version, target, model, base: `/v1 (${npm})` }, async ({ key, url, folder, file, home }) => {
                fs.mkdirSync(home);
                fs.writeFileSync(path.join(folder, 'opencode.json'), config(npm, model, url));
                // A word an argument: OpenCode puts an argument with blanks in quotes and escapes those within.
                const words = `Use the tool: read {"filePath":"${file}"} and tell me what it says.`.split(' ');
                const said = await run(program, ['run', '--format', 'json', '--model', `gw/${model}`, ...words], {
                    cwd: folder, env: { HOME: home, GW_KEY: key, ...quiet },
                });
                return { ...said, stdout: spoken(said) };
            });
            failed += made.outcome !== 'done';
        }
    }
} finally {
    await gateway.stop();
}
process.exitCode = failed ? 1 : 0;
