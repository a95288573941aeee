// One Idempotency-Key, one call, one charge: together, one after the other, over a kill, on both wires, streamed and whole.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Customer, Gateway, Provider, aig, embedder, nanos, nanosOfCents, readChatStream, scale, serveConfig, sleep, slowly, temporaryFolder, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const keyed = (key, more = {}) => ({ headers: { 'idempotency-key': key, ...more } });
const replayed = (reply) => reply.headers.get('idempotent-replayed') === 'true';
let made = 0;
const newKey = () => `key-${process.pid}-${++made}`;
async function read(reply) { return { status: reply.status, replayed: replayed(reply), text: await reply.text(), headers: reply.headers }; }
async function spent(customer, before) { return before.balance - (await customer.settled()).balance; }

for (const [wire, model] of Object.entries(wires)) for (const stream of [false, true]) {
    test(`a repetition gets the same bytes and costs nothing (${wire}, ${stream ? 'streamed' : 'whole'})`, async () => {
        const customer = await gateway.customer();
        const start = await customer.wallet();
        await gateway.resetUpstream();
        const key = newKey(), body = { model, stream, ...(stream ? { stream_options: { include_usage: true } } : {}) };
        const first = await read(await customer.chat(body, keyed(key)));
        assert.equal(first.status, 200, first.text);
        assert.equal(first.replayed, false);
        const cost = await spent(customer, start);
        assert.ok(cost > 0n);
        for (let i = 0; i < 3; i++) {
            const again = await read(await customer.chat(body, keyed(key)));
            assert.equal(again.status, 200, again.text);
            assert.ok(again.replayed);
            assert.equal(again.text, first.text);
            assert.equal(again.headers.get('content-type'), first.headers.get('content-type'));
            assert.equal(again.headers.get('x-aig-request-id'), first.headers.get('x-aig-request-id'), 'the call that was charged');
            if (!stream) assert.equal(nanosOfCents(again.headers.get('x-cost-cents')), cost);
        }
        if (stream) assert.match(first.text, /data: \[DONE\]/);
        assert.equal(await spent(customer, start), cost);
        assert.equal(await gateway.upstreamCalls(), 1);
    });
}

test('a replayed stream is a stream to its reader', async () => {
    const customer = await gateway.customer();
    const key = newKey(), body = { model: wires.openai, stream: true, stream_options: { include_usage: true } };
    const first = await readChatStream(await customer.chat(body, keyed(key)));
    const again = await readChatStream(await customer.chat(body, keyed(key)));
    assert.ok(first.done && again.done);
    assert.equal(again.text, first.text);
    assert.equal(nanos(again.usage.cost), nanos(first.usage.cost));
});

test('embeddings repeat too', async () => {
    const customer = await gateway.customer();
    const key = newKey(), ask = () => customer.request('/v1/embeddings', { body: { model: embedder, input: 'x' }, ...keyed(key) });
    const first = await read(await ask()), again = await read(await ask());
    assert.deepEqual([first.status, first.replayed, again.status, again.replayed], [200, false, 200, true]);
    assert.equal(again.text, first.text);
    // The key belongs to the route: on another one it is another key.
    assert.equal((await read(await customer.chat({ model: wires.openai }, keyed(key)))).replayed, false);
});

for (let round = 1; round <= Math.min(50, 5 * scale); round++) {
    test(`a hundred at once: one call, one charge (round ${round})`, async () => {
        const customer = await gateway.customer();
        const start = await customer.wallet();
        await gateway.resetUpstream();
        const key = newKey(), body = { model: 'sim/per-request', stream: round % 2 === 0 };
        const replies = await Promise.all(Array.from({ length: 100 }, async () => read(await customer.chat(body, keyed(key)))));
        const fresh = replies.filter((r) => r.status === 200 && !r.replayed);
        assert.equal(fresh.length, 1);
        for (const r of replies) {
            if (r === fresh[0]) continue;
            if (r.status === 409) {
                assert.ok(Number(r.headers.get('retry-after')) >= 1, 'a conflict says when to come again');
                assert.equal(r.headers.get('x-should-retry'), 'true');
            } else assert.deepEqual([r.status, r.replayed, r.text], [200, true, fresh[0].text]);
        }
        assert.equal(await gateway.upstreamCalls(), 1);
        assert.equal(await spent(customer, start), nanosOfCents('1.05'));
        assert.ok((await read(await customer.chat(body, keyed(key)))).replayed);
    });
}

test('another body under the key is refused in the words of each surface', async () => {
    for (const [prefix, status, code] of [['sk-', 409, 'idempotency_key_mismatch'], ['sk-aig-', 409, 409], ['sk_live_', 422, 'idempotency_key_mismatch'], ['gw_', 409, 'idempotency_key_mismatch']]) {
        const customer = await gateway.customer({ prefix });
        const key = newKey();
        assert.equal((await read(await customer.chat({ model: wires.openai }, keyed(key)))).status, 200);
        const other = await read(await customer.chat({ model: wires.openai, max_tokens: 9 }, keyed(key)));
        assert.equal(other.status, status, other.text);
        assert.equal(JSON.parse(other.text).error.code, code);
        assert.equal(JSON.parse(other.text).error.reason, 'idempotency_mismatch');
    }
});

test('another account\'s equal key is its own', async () => {
    const a = await gateway.customer(), b = await gateway.customer(), key = newKey();
    const first = await read(await a.chat({ model: wires.openai }, keyed(key)));
    const other = await read(await b.chat({ model: wires.openai }, keyed(key)));
    assert.deepEqual([first.replayed, other.replayed], [false, false]);
    assert.notEqual(first.headers.get('x-aig-request-id'), other.headers.get('x-aig-request-id'));
});

test('keys that are no keys', async () => {
    const customer = await gateway.customer();
    for (const bad of ['', 'x'.repeat(256), 'two words', 'tab\tbed']) {
        const r = await read(await customer.chat({ model: wires.openai }, keyed(bad)));
        assert.equal(r.status, 400, JSON.stringify(bad));
        assert.equal(JSON.parse(r.text).error.param, 'Idempotency-Key');
    }
    assert.equal((await read(await customer.chat({ model: wires.openai }, keyed('x'.repeat(255))))).status, 200);
});

test('what is refused does not burn the key', async () => {
    // 402, then money; 429, then time; 400 and 404, then a right request; 401 with a wrong key.
    const poor = await gateway.customer({ credit: '0' });
    const key = newKey();
    assert.equal((await read(await poor.chat({ model: wires.openai }, keyed(key)))).status, 402);
    await gateway.admin(`/admin/accounts/${poor.account}/credit`, { amount: '1' });
    assert.equal((await read(await poor.chat({ model: wires.openai }, keyed(key)))).status, 200);

    const narrow = await gateway.customer({ key: { concurrency: 1 } });
    const second = newKey(), leave = new AbortController();
    const slow = await narrow.chat({ model: slowly.openai, stream: true, messages: [{ role: 'user', content: 'Count to 4000.' }] }, { signal: leave.signal });
    const limited = await read(await narrow.chat({ model: wires.openai }, keyed(second)));
    assert.equal(limited.status, 429, limited.text);
    leave.abort();
    await slow.text().catch(() => {});
    await narrow.settled();
    assert.equal((await read(await narrow.chat({ model: wires.openai }, keyed(second)))).status, 200);
    const rich = await gateway.customer();
    for (const body of [{ model: 'no/such-model' }, { model: wires.openai, messages: [] }]) {
        const k = newKey();
        assert.ok((await read(await rich.chat(body, keyed(k)))).status >= 400);
        assert.equal((await read(await rich.chat({ model: wires.openai }, keyed(k)))).status, 200);
    }
});

test('a provider that failed leaves the key free and nothing charged', async () => {
    const customer = await gateway.customer();
    const start = await customer.wallet();
    const key = newKey();
    await gateway.resetUpstream();
    const first = await read(await customer.chat({ model: 'fault/500' }, keyed(key)));
    assert.ok(first.status >= 500, first.text);
    const calls = await gateway.upstreamCalls();
    const again = await read(await customer.chat({ model: 'fault/500' }, keyed(key)));
    assert.equal(again.replayed, false);
    assert.ok((await gateway.upstreamCalls()) > calls, 'a new attempt');
    assert.equal(await spent(customer, start), 0n);
    assert.equal((await read(await customer.chat({ model: wires.openai }, keyed(key)))).status, 200);
});

test('a caller who left a stream and paid for its part does not pay twice', async () => {
    const customer = await gateway.customer();
    const start = await customer.wallet();
    const key = newKey(), body = { model: slowly.openai, stream: true, messages: [{ role: 'user', content: 'Count to 4000.' }] };
    const leave = new AbortController();
    const reply = await customer.chat(body, { ...keyed(key), signal: leave.signal });
    const reader = reply.body.getReader();
    await reader.read();
    leave.abort();
    await reader.read().catch(() => {});
    const cost = await spent(customer, start);
    assert.ok(cost > 0n);
    const again = await read(await customer.chat(body, keyed(key)));
    assert.equal(again.status, 409, again.text);
    const { error } = JSON.parse(again.text);
    assert.equal(error.reason, 'idempotency_spent');
    assert.equal(error.details.request_id, reply.headers.get('x-aig-request-id'));
    assert.equal(await spent(customer, start), cost);
});

test('a caller who left an unstreamed call finds its answer', async () => {
    const customer = await gateway.customer();
    const key = newKey(), body = { model: slowly.openai, messages: [{ role: 'user', content: 'Count to 40.' }] };
    const leave = new AbortController();
    const lost = customer.chat(body, { ...keyed(key), signal: leave.signal }).catch(() => null);
    await sleep(150);
    leave.abort();
    await lost;
    let again;
    for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
        again = await read(await customer.chat(body, keyed(key)));
        if (again.status !== 409 || Date.now() > deadline) break;
    }
    assert.equal(again.status, 200, again.text);
    assert.ok(again.replayed);
    assert.ok(JSON.parse(again.text).choices[0].message.content.length > 0);
});

test('the admin API: an act under a key is done once', async () => {
    const post = (path, body, key) => fetch(gateway.adminUrl + path, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${gateway.adminToken}`, 'content-type': 'application/json', 'idempotency-key': key } });
    const { account } = await gateway.customer();
    const key = newKey(), body = { account_id: account, prefix: 'sk-' };
    const replies = await Promise.all(Array.from({ length: 20 }, () => post('/admin/keys', body, key).then(read)));
    const fresh = replies.filter((r) => r.status === 201 && !r.replayed);
    assert.equal(fresh.length, 1);
    for (const r of replies) assert.ok(r.status === 409 || r.text === fresh[0].text, `${r.status} ${r.text}`);
    assert.equal((await read(await post('/admin/keys', body, key))).text, fresh[0].text);
    assert.equal((await read(await post('/admin/keys', { ...body, rpm: 5 }, key))).status, 409);
    assert.equal((await read(await post('/admin/keys', body, 'two words'))).status, 400);
    const { keys } = await gateway.admin(`/admin/keys?account=${account}`);
    assert.equal(keys.length, 2, 'the customer\'s first and one more');
});

test('killed while it runs, repeated: one charge', async (t) => {
    const folder = temporaryFolder();
    const provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
    const config = await serveConfig(provider, folder);
    const operate = async (...args) => JSON.parse((await aig([...args, '--json', '--config', config])).stdout);
    const { account_id: account } = await operate('account', 'create', '--name', 'killed');
    const { key, key_id: keyId } = await operate('key', 'create', '--account', account, '--prefix', 'sk-');
    await operate('wallet', 'credit', '--account', account, '--amount', '10');
    let charges = 0n, replays = 0, reruns = 0;
    try {
        for (let round = 0; round < 8 * scale; round++) {
            let served = await Gateway.serve(config);
            let customer = new Customer(served, account, keyId, key);
            const start = await customer.settled();
            const idempotency = newKey();
            const body = { model: round % 2 ? wires.openai : wires.anthropic, stream: round % 4 > 1, messages: [{ role: 'user', content: `Count to ${200 + round}.` }] };
            const lost = customer.chat(body, keyed(idempotency)).then((r) => r.text()).catch(() => null);
            await sleep(Math.floor(Math.random() * 60));
            await served.kill();
            await lost;
            served = await Gateway.serve(config);
            customer = new Customer(served, account, keyId, key);
            const again = await read(await customer.chat(body, keyed(idempotency)));
            assert.equal(again.status, 200, again.text);
            again.replayed ? replays++ : reruns++;
            const third = await read(await customer.chat(body, keyed(idempotency)));
            assert.ok(third.replayed);
            assert.equal(third.text, again.text);
            const { calls } = await served.admin(`/admin/calls/recent?account=${account}&limit=1000`);
            const charged = calls.filter((c) => nanos(c.cost) > 0n);
            assert.equal(charged.length, round + 1, 'one charge a key');
            charges = start.balance - (await customer.settled()).balance;
            assert.equal(charges, nanos(charged[0].cost));
            await served.kill();
        }
        const verified = await aig(['ledger', 'verify', '--config', config], { allowFailure: true });
        assert.equal(verified.code, 0, verified.stdout + verified.stderr);
        t.diagnostic(`${replays} found the reply of the killed call, ${reruns} ran anew`);
    } finally { await provider.stop().catch(() => {}); }
});
