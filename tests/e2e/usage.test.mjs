// One period, one number: the cost headers of the replies, the usage reports, the command line, the wallet and the ledger say the same to
// the nano-dollar. And what tags, groupings and ranges are made of.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Customer, Gateway, aig, embedder, nanos, nanosOfCents, readChatStream, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const get = async (customer, path, status = 200) => {
    const reply = await customer.request(path);
    const body = await reply.json();
    assert.equal(reply.status, status, `${path}: ${JSON.stringify(body)}`);
    return body;
};
const sum = (values) => values.reduce((a, b) => a + b, 0n);
/** A number as it stands in the text: JSON.parse would make a double of it. */
async function exact(customer, path, member) {
    const text = await (await customer.request(path)).text();
    return [...text.matchAll(new RegExp(`"${member}":([-0-9.eE+]+)`, 'g'))].map((m) => m[1]);
}

for (const prefix of ['sk-', 'sk-aig-', 'gw_', 'sk_live_']) test(`the same number from header, API, command line, wallet and ledger (${prefix})`, async () => {
    const customer = await gateway.customer({ prefix });
    const start = await customer.wallet();
    const tags = ['feature-a', 'feature b', ''];
    let seen = 0n, calls = 0;
    for (let i = 0; i < 12; i++) {
        const headers = tags[i % 3] ? { 'x-aig-tag': tags[i % 3] } : {};
        const model = i % 2 ? wires.openai : wires.anthropic;
        const content = `Count to ${3 + i}.`;
        if (i % 4 === 3) {
            const stream = await readChatStream(await customer.chat({ model, messages: [{ role: 'user', content }], stream: true, stream_options: { include_usage: true } }, { headers }));
            assert.ok(stream.done);
            seen += nanos(stream.usage.cost);
        } else {
            const reply = i % 4 === 2 ? await customer.request('/v1/embeddings', { body: { model: embedder, input: content }, headers }) : await customer.chat({ model, messages: [{ role: 'user', content }] }, { headers });
            assert.equal(reply.status, 200, await reply.clone().text());
            seen += nanosOfCents(reply.headers.get('x-cost-cents'));
            await reply.text();
        }
        calls++;
    }
    // A failed and a refused call cost nothing in any book.
    await (await customer.chat({ model: 'fault/500' })).text();
    await (await customer.chat({ model: 'no/such' })).text();
    const wallet = await customer.settled();
    assert.equal(start.balance - wallet.balance, seen, 'the wallet');

    const inCents = (texts) => texts.map((t) => nanosOfCents(t));
    for (const path of ['/v1/usage', '/v1/usage?group_by=model', '/v1/usage?group_by=key', '/v1/usage?group_by=tag', '/v1/usage?group_by=sub_account', '/v1/usage/by-day', '/v1/usage/by-tag', '/v1/usage/by-sub-account', '/v1/usage?window=2d']) {
        assert.equal(sum(inCents(await exact(customer, path, 'cost_cents'))), seen, path);
        assert.deepEqual(inCents(await exact(customer, path, 'total_cost_cents')), [seen], path);
    }
    assert.equal(sum(inCents(await exact(customer, '/v1/usage/recent', 'cost_cents'))), seen, 'recent');
    assert.deepEqual(inCents(await exact(customer, '/v1/balance', 'spend_today_cents')), [seen]);
    assert.deepEqual(inCents(await exact(customer, '/v1/balance', 'spend_month_cents')), [seen]);
    for (const by of ['day', 'model', 'tag', 'key', 'sub-account']) {
        const { stdout } = await aig(['usage', '--by', by, '--url', gateway.url, '--key', customer.key]);
        assert.equal(nanos(/^total +\d+ +([0-9.]+)/m.exec(stdout)[1]), seen, stdout);
    }
    const { calls: logged } = await gateway.admin(`/admin/calls/recent?account=${customer.account}&limit=100`);
    assert.equal(sum(logged.map((c) => nanos(c.cost))), seen, 'the request log');
    const { stdout: tailed } = await aig(['tail', '--no-follow', '--lines', '100', '--json', '--url', gateway.url, '--key', customer.key]);
    assert.equal(sum(tailed.trim().split('\n').map((line) => nanosOfCents(/"cost_cents":([-0-9.eE+]+)/.exec(line)[1]))), seen, 'aig tail');

    const byTag = await get(customer, '/v1/usage/by-tag');
    const label = (l) => byTag.data.find((row) => row.label === l);
    assert.deepEqual(byTag.data.map((row) => row.label).sort(), ['(untagged)', 'feature a', 'feature b', 'feature-a'].filter((l) => l !== 'feature a').sort());
    assert.equal(label('feature-a').tag, 'feature-a');
    assert.equal(label('(untagged)').tag, null);
    assert.equal(label('feature-a').requests, 4);
    assert.ok(label('feature-a').prompt_tokens > 0 && label('feature-a').completion_tokens > 0);
    assert.match(byTag.month, /^\d{4}-\d{2}$/);
    const recent = await get(customer, '/v1/usage/recent?limit=3');
    assert.equal(recent.data.length, 3);
    assert.match(recent.data[0].created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(typeof recent.data[0].latency_ms, 'number');
    assert.ok(recent.data[0].created_at >= recent.data[2].created_at, 'newest first');
    const verified = await aig(['ledger', 'verify', '--url', gateway.adminUrl, '--admin-token', gateway.adminToken], { allowFailure: true });
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});

test('ranges and groupings that are none', async () => {
    const customer = await gateway.customer();
    for (const query of ['month=2026-13', 'month=2026', 'from=2026-02-30', 'from=2026-11-02&to=2026-11-01', 'from=2024-01-01&to=2026-01-01', 'window=30', 'window=0d', 'window=367d', 'window=-1d', 'month=2026-11&window=3d', 'month=2026-11&from=2026-11-01', 'group_by=moon', 'limit=0', 'limit=1001', 'limit=x'])
        assert.equal((await customer.request(`/v1/usage?${query}`)).status, 400, query);
    assert.equal((await customer.request('/v1/usage/recent?limit=1001')).status, 400);
    const empty = await get(customer, '/v1/usage/by-tag?month=2020-02');
    assert.deepEqual([empty.data, empty.total_cost_cents, empty.from, empty.to], [[], 0, '2020-02-01', '2020-02-29']);
});

test('tags: the caller\'s, else the key\'s; what cannot be kept is refused', async () => {
    const customer = await gateway.customer({ key: { tag: 'of-the-key' } });
    await (await customer.chat({ model: wires.openai })).text();
    await (await customer.chat({ model: wires.openai }, { headers: { 'x-aig-tag': 'mine' } })).text();
    const { data } = await get(customer, '/v1/usage/by-tag');
    assert.deepEqual(data.map((row) => row.label).sort(), ['mine', 'of-the-key']);
    for (const tag of ['x'.repeat(65), 'caf\u00e9'])
        assert.equal((await customer.chat({ model: wires.openai }, { headers: { 'x-aig-tag': tag } })).status, 400, tag);
    assert.equal((await customer.chat({ model: wires.openai }, { headers: { 'x-aig-tag': 'x'.repeat(64) } })).status, 200);
});

test('another account sees nothing of it', async () => {
    const one = await gateway.customer(), other = await gateway.customer();
    await (await one.chat({ model: wires.openai }, { headers: { 'x-aig-tag': 'secret-project' } })).text();
    for (const path of ['/v1/usage', '/v1/usage/by-tag', '/v1/usage/by-sub-account', '/v1/usage/recent', '/v1/usage?group_by=key']) {
        const text = await (await other.request(path)).text();
        assert.deepEqual(JSON.parse(text).data, [], path);
    }
});

test('a sub-account: its key sees its own usage and cap, its owner sees it by name', async (t) => {
    const { paths } = await (await fetch(`${gateway.url}/openapi.json`)).json();
    if (!paths['/v1/sub-accounts']) return t.skip('not in this version');
    const owner = await gateway.customer({ prefix: 'sk-aig-' });
    const made = await (await owner.request('/v1/sub-accounts', { body: { name: 'acme', external_ref: 'cust_42', spend_cap_cents: 500 } })).json();
    const sub = new Customer(gateway, owner.account, null, made.key);
    for (const who of [owner, sub, sub]) assert.equal((await who.chat({ model: wires.openai })).status, 200);
    await owner.settled();
    const byName = await get(owner, '/v1/usage/by-sub-account');
    const acme = byName.data.find((row) => row.label === 'acme'), own = byName.data.find((row) => row.sub_account_id === null);
    assert.deepEqual([acme.requests, acme.external_ref, own.requests, own.label], [2, 'cust_42', 1, '(none)']);
    const seen = await get(sub, '/v1/usage');
    assert.deepEqual([seen.total_requests, seen.total_cost_cents], [2, acme.cost_cents]);
    assert.equal((await get(sub, '/v1/usage/recent')).data.length, 2);
    const [balance] = await exact(sub, '/v1/balance', 'balance_cents'), [spent] = await exact(sub, '/v1/balance', 'spend_month_cents');
    assert.equal(nanosOfCents(balance) + nanosOfCents(spent), nanosOfCents('500'), 'its cap, not its owner\'s wallet');
});

test('the balance as a bare number, by header and by URL, and the key in no log', async () => {
    const customer = await gateway.customer({ credit: '12.3456789', prefix: 'none' });
    for (const [path, key] of [[`/api/v1/balance/${customer.key}`, null], ['/api/v1/balance', customer.key]]) {
        const reply = await fetch(gateway.url + path, { headers: key ? { 'x-api-key': key } : {} });
        assert.equal(reply.status, 200);
        assert.equal(await reply.text(), '12.345678');
        assert.match(reply.headers.get('content-type'), /application\/json/);
    }
    const wrong = `${customer.key.slice(0, -4)}0000`;
    const refused = await fetch(`${gateway.url}/api/v1/balance/${wrong}`);
    assert.equal(refused.status, 401);
    const body = await refused.json();
    assert.equal(body.type, 'Fail');
    const posted = await fetch(`${gateway.url}/api/v1/balance/${customer.key}`, { method: 'POST', body: '{}' });
    assert.equal(posted.status, 405);
    const said = JSON.stringify(body) + (await posted.text()) + gateway.program.output;
    for (const key of [customer.key, wrong]) assert.ok(!said.includes(key), 'a key in a log or an error');
});

test('error.doc_url leads to the error', async () => {
    const { error } = await (await fetch(`${gateway.url}/v1/balance`)).json();
    assert.match(error.doc_url, /^http:\/\/127\.0\.0\.1:\d+\/docs\/errors#auth_missing$/);
    const page = await fetch(error.doc_url);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /text\/html/);
    assert.match(await page.text(), /id="auth_missing"/);
});
