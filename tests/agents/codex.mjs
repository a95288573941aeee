// Codex against the gateway, as it is out of the box (developer messages with ids, namespaces of tools, a cached web_search, nothing
// stored): it must read a file with its shell tool and tell what is in it, for models behind each wire. Codex speaks only Responses.
import fs from 'node:fs';
import path from 'node:path';
import { installed, row, run, startGateway, targets, versionOf } from './agents.mjs';

const program = path.join(installed, 'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex');
const version = versionOf('@openai/codex');
const config = (model, url, more) => `
model = "${model}"
model_provider = "gw"
check_for_update_on_startup = false
[model_providers.gw]
name = "gateway"
base_url = "${url}/v1"
env_key = "GW_KEY"
wire_api = "responses"
${more}
[analytics]
enabled = false
[otel]
exporter = "none"
`;

const gateway = await startGateway();
let failed = 0;
try {
    for (const [target, model] of Object.entries(targets)) {
        // The second time it asks for a WebSocket first, is refused, and must fall back to HTTP.
        for (const [base, more] of [['/v1', ''], ['/v1 (WebSocket first)', 'supports_websockets = true']]) {
            const made = await row(gateway, { agent: 'Codex', version, target, model, base }, ({ key, url, folder, file, home }) => {
                fs.mkdirSync(path.join(home, '.codex'), { recursive: true });
                fs.writeFileSync(path.join(home, '.codex/config.toml'), config(model, url, more));
                return run(program, ['exec', '--json', '--skip-git-repo-check', '-s', 'read-only', `Use the tool: exec_command {"cmd":"cat ${file}"} and tell me what it says.`], {
                    cwd: folder, env: { HOME: home, CODEX_HOME: path.join(home, '.codex'), GW_KEY: key },
                });
            });
            failed += made.outcome !== 'done';
        }
    }
} finally {
    await gateway.stop();
}
process.exitCode = failed ? 1 : 0;
