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
/** The path a sample calls: "/v1/balance". */
const pathOf = (command) => /(\/(?:api\/)?v1\/[\w/-]+)/.exec(command)?.[1];

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

let gateway, contract;
before(async () => {
    if (!files.length) return;
    gateway = await Gateway.dev();
    contract = await (await fetch(`${gateway.url}/openapi.json`)).json();
});
after(() => gateway?.stop());

const prefixOf = (command) => (command.includes('aigateway.sh') ? 'sk-aig-' : command.includes('aigenway') ? 'sk_live_' : command.includes('aigate.shop') ? 'sk-' : 'gw_');

if (!files.length) test('samples', { skip: 'no samples beside the project' }, () => {});
for (const file of files) {
    curls(fs.readFileSync(path.join(folder, file), 'utf8')).forEach((command, i) => {
        if (!pathOf(command)) return;
        if (/"modalities"/.test(command)) return;     // images through chat: not in this version
        test(`${file} #${i + 1}: ${command.slice(0, 60).replace(/\s+/g, ' ')}`, async (t) => {
            if (!contract.paths[pathOf(command)]) return t.skip('not in this version');
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
                else if (command.includes('/estimate')) assert.ok(value.success && Number(value.pricing.final_price) > 0 && value.quote_id);
                else if (/\/methods|\/prices/.test(command)) assert.ok(value.success && value.items.length >= 3);
                else if (command.includes('/balance')) assert.ok('available' in value && 'balance' in value);
            }
        });
    });
}

// One of the services prints its samples as request lines: "GET /api/v1/balance/<key>", and beside it what comes back.
for (const file of files) {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    for (const [line, method, target] of new Set([...text.matchAll(/^(GET) (\/api\/v1\/balance\/[\w-]+-\S+)$/gm)].map((m) => m))) {
        test(`${file}: ${line}`, async () => {
            const customer = await gateway.customer({ credit: '123.4', prefix: 'none' });
            const reply = await fetch(gateway.url + target.replace(/[^/]+$/, customer.key), { method });
            assert.equal(reply.status, 200);
            assert.equal(await reply.text(), '123.4', 'a bare number');
        });
    }
}

// The routes and headers that are named in prose, with the words of that prose.
test('cost by tag and by sub-account, as the reference names them', { skip: !files.length }, async () => {
    const customer = await gateway.customer({ prefix: 'sk-aig-' });
    const tagged = await customer.chat({ model: 'openai/gpt-5.4' }, { headers: { 'x-aig-tag': 'support-bot', 'X-Request-Id': 'my-id' } });
    assert.equal(tagged.headers.get('x-request-id'), 'my-id', 'echoed in the response');
    await tagged.text();
    const byTag = await (await customer.request('/v1/usage/by-tag')).json();
    assert.equal(byTag.data[0].label, 'support-bot');
    assert.equal(typeof byTag.data[0].cost_cents, 'number');
    const bySub = await (await customer.request('/v1/usage/by-sub-account')).json();
    assert.equal(bySub.data.length, 1);
});
