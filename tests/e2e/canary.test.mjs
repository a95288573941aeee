// Canaries: secrets nobody could have by chance go through every door there is; afterwards none of them may be found in the log (at
// its most talkative), in any byte of the database's files, in the metrics, or in the body of an error. Keys of customers may stand
// only in the one reply that made them; a prompt only in its own answer.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { callsOf, readContract, routesOf, withPrompt } from './contract.mjs';
import { Gateway, Provider, aig, embedder, serveConfig, temporaryFolder, wires } from './harness.mjs';

const word = (name) => `canary-${name}-${randomBytes(12).toString('hex')}`;
const secrets = new Map();  // name -> text
const keep = (name, text) => { secrets.set(name, text); return text; };
const errors = [], prints = [];
let provider, gateway, folder, data;

before(async () => {
    folder = temporaryFolder();
    provider = await Provider.start();
    const config = await serveConfig(provider, folder, (c) => {
        for (const name of Object.keys(c.providers)) c.providers[name].api_key = keep(`provider key of ${name}`, word('provider'));
        c.models[embedder] = { modality: 'embedding', context: 8192, targets: [{ provider: 'sim-openai', model: embedder }], price: { input_per_million: '0.012' } };
        c.models['fault/http_500'] = { modality: 'text', context: 4096, targets: [{ provider: 'sim-openai', model: 'fault/http_500' }], price: { input_per_million: '1', output_per_million: '1' } };
        c.models['dead/provider'] = { modality: 'text', context: 4096, targets: [{ provider: 'sim-dead', model: 'x' }], price: { input_per_million: '1', output_per_million: '1' } };
        c.providers['sim-dead'] = { wire: 'openai-chat', base_url: 'http://127.0.0.1:9/v1', api_key: keep('provider key of a dead one', word('provider')) };
        c.server.admin_token = keep('admin token', word('admin'));
        c.log = { level: 'debug', format: 'json' };
        data = c.data_dir;
        return c;
    });
    gateway = await Gateway.serve(config);
    gateway.adminToken = secrets.get('admin token');
});
after(async () => { await gateway?.stop(); await provider?.stop(); });

/** Asks, and keeps what an error said. */
async function ask(url, options) {
    const reply = await fetch(url, options);
    const text = await reply.text();
    if (reply.status >= 400) errors.push(`${options?.method ?? 'GET'} ${url} ${reply.status}\n${[...reply.headers].join('\n')}\n${text}`);
    return { status: reply.status, text };
}

/** Each byte of the database's files, in the forms a secret could lie there. */
function* forms(text) {
    yield Buffer.from(text);
    yield Buffer.from(Buffer.from(text).toString('base64').replace(/.{4}$/, ''));
    yield Buffer.from(Buffer.from(text).toString('hex'));
    yield Buffer.from(encodeURIComponent(text));
}
function found(bytes) {
    const hits = [];
    for (const [name, text] of secrets)
        for (const form of forms(text)) if (bytes.includes(form)) { hits.push(name); break; }
    return hits;
}

async function everyDoor() {
    const { account_id: account } = await gateway.admin('/admin/accounts', { name: 'canary', email: 'canary@example.com' });
    await gateway.admin(`/admin/accounts/${account}/credit`, { amount: '10' });
    const keys = [], contract = await readContract(gateway);
    const paid = routesOf(contract).filter((route) => route.billing === 'held');
    for (const prefix of ['sk-aig-', 'sk_live_', 'gw_', 'sk-', 'none']) {
        const made = await gateway.admin('/admin/keys', { account_id: account, prefix, rpm: 1000 });
        keys.push({ id: made.key_id, key: keep(`key ${prefix}`, made.key) });
    }
    const json = (key, more = {}) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more });
    const post = (pathname, key, body, more) => ask(gateway.url + pathname, { method: 'POST', headers: json(key, more), body: typeof body === 'string' ? body : JSON.stringify(body) });
    for (const { key } of keys) {
        const prompt = (where) => keep(`prompt (${where})`, word('prompt'));
        const say = (where) => [{ role: 'user', content: prompt(where) }];
        // Through every paid route of the contract, however it can be asked; and once more so that it is refused after being read.
        for (const route of paid)
            for (const { path, body } of callsOf(contract, route)) {
                const seen = { count: 0 }, asked = withPrompt(body, prompt(path), seen);
                assert.ok(seen.count, `${path}: the example in the contract says hello nowhere`);
                assert.equal((await post(path, key, asked)).status, 200, path);
                await post(path, key, { ...asked, model: 'nobody/knows' });
                await post(path, `${key}x`, asked);
            }
        await post('/v1/chat/completions', key, { model: wires.openai, max_tokens: 50, messages: say('kept reply'), user: prompt('user') }, { 'idempotency-key': prompt('idempotency key') });
        await post('/v1/embeddings', key, { model: embedder, input: prompt('embedding') });
        await post('/v1/chat/completions', key, { model: 'nobody/knows', messages: say('unknown model') });
        await post('/v1/chat/completions', key, { model: 'dead/provider', messages: say('dead provider') });
        await post('/v1/chat/completions', key, { model: 'fault/http_500', messages: say('failing provider') });
        await post('/v1/chat/completions', key, { model: wires.openai, temperature: 99, messages: say('bad parameter') });
        await post('/v1/chat/completions', key, `{"model": "${wires.openai}", "messages": [{"role": "user", "content": "${prompt('broken JSON')}`);
        await post('/v1/chat/completions', key, { model: wires.openai, max_tokens: 1e9, messages: say('too dear') });
        await ask(`${gateway.url}/v1/nothing?key=${key}`, { headers: json(key) });
        await ask(`${gateway.url}/v1/models?key=${key}&api_key=${key}`, { headers: json(key) });
        await ask(`${gateway.url}/v1/balance`, { headers: { 'x-api-key': key } });
        await ask(`${gateway.url}/v1/balance`, { headers: { authorization: `Bearer ${key}x` } });
        await ask(`${gateway.url}/v1/chat/completions`, { method: 'PUT', headers: json(key) });
    }
    const owner = keys[0].key;
    const sub = JSON.parse((await post('/v1/sub-accounts', owner, { name: 'canary-sub' }, { 'idempotency-key': 'canary-1' })).text);
    keep('key of a sub-account', sub.key);
    keep('rotated key of a sub-account', JSON.parse((await post(`/v1/sub-accounts/${sub.id}/rotate`, owner, {}, { 'idempotency-key': 'canary-2' })).text).key);
    await post('/v1/sub-accounts', sub.key, { name: 'no' });
    keep('rotated key', (await gateway.admin(`/admin/keys/${keys[1].id}/rotate`, { overlap_s: 10 })).key);
    keep('webhook secret', (await gateway.admin(`/admin/accounts/${account}/webhook-secret`)).secret);
    keep('rotated webhook secret', (await gateway.admin(`/admin/accounts/${account}/webhook-secret`, {})).secret);
    await gateway.admin(`/admin/keys/${keys[2].id}/freeze`, {});
    await post('/v1/chat/completions', keys[2].key, { model: wires.openai, messages: [] });
    await gateway.admin(`/admin/keys/${keys[2].id}/revoke`, {});
    await post('/v1/chat/completions', keys[2].key, { model: wires.openai, messages: [] });
    const token = secrets.get('admin token');
    await ask(`${gateway.adminUrl}/admin/nothing`, { headers: { authorization: `Bearer ${token}` } });
    await ask(`${gateway.adminUrl}/admin/accounts`, { method: 'POST', headers: json(token), body: JSON.stringify({ name: 'x', key: owner }) });
    await ask(`${gateway.adminUrl}/admin/status`, { headers: { authorization: `Bearer ${token}x` } });
    const door = ['--url', gateway.adminUrl, '--admin-token', token];
    for (const args of [['key', 'list'], ['account', 'list'], ['account', 'export', '--account', account], ['audit', 'list'], ['key', 'revoke', '--key-id', 'key_zzz'], ['secret', 'rotate']]) {
        const ran = await aig([...args, ...door], { allowFailure: true });
        prints.push(ran.stdout + ran.stderr);
    }
    const refused = await aig(['call', 'hello', '--url', gateway.url, '--key', `${owner}x`], { allowFailure: true });
    prints.push(refused.stdout + refused.stderr);
    await portal();
}

/** The portal's doors, where there are any: a sign-up with a password that is found nowhere. */
async function portal() {
    const { paths } = JSON.parse((await ask(`${gateway.url}/openapi.json`)).text);
    const password = keep('portal password', word('password'));
    for (const [pathname, methods] of Object.entries(paths)) {
        if (!pathname.startsWith('/portal/api/') || pathname.includes('{')) continue;
        for (const method of Object.keys(methods))
            await ask(gateway.url + pathname, {
                method: method.toUpperCase(),
                headers: { 'content-type': 'application/json', cookie: `sid=${keep(`cookie for ${pathname}`, word('cookie'))}`, 'x-csrf-token': word('csrf') },
                body: method === 'get' ? undefined : JSON.stringify({ email: 'canary2@example.com', password }),
            });
    }
}

const databaseFiles = () => fs.readdirSync(data).filter((name) => name.startsWith('aig.db')).map((name) => path.join(data, name));

test('no secret is found in log, database, metrics, errors or prints', { timeout: 300_000 }, async (t) => {
    await everyDoor();
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization: `Bearer ${secrets.get('admin token')}` } })).text();
    assert.ok(metrics.includes('aig_http_requests_total'));
    const files = databaseFiles();
    assert.ok(files.length >= 2, 'the database and its journal');
    for (const file of files) assert.deepEqual(found(fs.readFileSync(file)), [], `${file} while the gateway runs`);
    await gateway.stop();
    for (const file of databaseFiles()) assert.deepEqual(found(fs.readFileSync(file)), [], `${file} at rest`);
    const log = gateway.program.output;
    assert.ok(log.length < 199_000 && log.includes('"request"') , 'the whole log was kept');
    assert.deepEqual(found(Buffer.from(log)), [], 'log');
    assert.deepEqual(found(Buffer.from(metrics)), [], 'metrics');
    assert.ok(errors.length >= 40);
    for (const body of errors) {
        // An address is the caller's own line: what it put there is not ours to hide from it.
        const text = body.slice(body.indexOf('\n'));
        assert.deepEqual(found(Buffer.from(text)), [], body);
    }
    for (const print of prints) assert.deepEqual(found(Buffer.from(print)), [], print.slice(0, 2000));
    t.diagnostic(`${secrets.size} canaries, ${errors.length} errors, ${prints.length} prints, ${files.length} files, ${log.length} bytes of log: 0 hits`);
});

test('the search would find one', () => {
    const [text] = secrets.values();
    assert.equal(found(Buffer.from(`x${text}x`)).length, 1);
    assert.equal(found(Buffer.from(Buffer.from(text).toString('hex'))).length, 1);
});
