// The published samples of the services whose API this gateway speaks, run as they are printed, with only host and key replaced.
// They lie beside the project, not in it: where they are absent this suite is skipped.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Gateway, embedder, root, temporaryFolder } from './harness.mjs';

const folder = process.env.AIG_SEEDS ?? path.join(root, '../shared/seeds');
const files = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
const served = /\/v1\/(chat\/completions|embeddings|models|balance)\b/;

/** Every `curl ...` of a text with its continuation lines and its quoted body. */
function curls(text) {
    const found = [];
    for (const match of text.matchAll(/^[ \t]*curl /gm)) {
        let end = match.index, quote = null;
        for (; end < text.length; end++) {
            const c = text[end];
            if (quote) { if (c === quote) quote = null; continue; }
            if (c === '"' || c === "'") quote = c;
            else if (c === '\\' && text[end + 1] === '\n') end++;
            else if (c === '\n') break;
        }
        found.push(text.slice(match.index, end).trim());
    }
    return found;
}

let gateway;
before(async () => { if (files.length) gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const prefixOf = (command) => (command.includes('aigateway.sh') ? 'sk-aig-' : command.includes('aigenway') ? 'sk_live_' : command.includes('aigate.shop') ? 'sk-' : 'gw_');

if (!files.length) test('samples', { skip: 'no samples beside the project' }, () => {});
for (const file of files) {
    curls(fs.readFileSync(path.join(folder, file), 'utf8')).forEach((command, i) => {
        if (!served.test(command)) return;
        if (/"modalities"|image-preview/.test(command)) return;     // images through chat: not in this version
        test(`${file} #${i + 1}: ${command.slice(0, 60).replace(/\s+/g, ' ')}`, async () => {
            const key = gateway.keys[prefixOf(command)];
            const script = command
                .replace(/https:\/\/api\.[a-z.-]+(?=\/v1)/g, gateway.url)
                .replace(/(^curl (?:-X \w+ )?)"?(\/v1)/, `$1${gateway.url}$2`)
                .replace(/sk_live_\.\.\.|sk-aig-\.\.\.|YOUR_API_KEY|\$AIGATE_API_KEY/g, key)
                .replace('provider/embedding-model-id', embedder);
            const run = path.join(temporaryFolder(), 'sample.sh');
            fs.writeFileSync(run, script.replace(/^curl /, 'curl -sS -w "\\n%{http_code}" --max-time 20 '));
            const { stdout } = await promisify(execFile)('bash', [run], { timeout: 30_000 });
            const status = stdout.slice(stdout.lastIndexOf('\n') + 1);
            const body = stdout.slice(0, stdout.lastIndexOf('\n'));
            assert.equal(status, '200', `${script}\n${stdout}`);
            if (/"stream": true/.test(command)) {
                assert.match(body, /^data: \{/m);
                assert.match(body, /data: \[DONE\]/);
            } else {
                const value = JSON.parse(body);
                if (command.includes('/chat/')) assert.ok(value.choices[0].message.content);
                else if (command.includes('/embeddings')) assert.ok(value.data.length >= 1 && value.data[0].embedding.length > 0);
                else if (command.includes('/models')) assert.ok(value.data.length > 5);
                else assert.ok('available' in value && 'balance' in value);
            }
        });
    });
}
