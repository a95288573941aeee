// Every route that can reach a provider takes a hold first. The routes are those of the published contract (a unit test keeps it equal to the
// table the gateway runs on), so a new route is met here without being named.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway, embedder, wires } from './harness.mjs';

let gateway, contract;
before(async () => {
    gateway = await Gateway.dev();
    contract = await (await fetch(`${gateway.url}/openapi.json`)).json();
});
after(() => gateway?.stop());

const every = () => Object.entries(contract.paths).flatMap(([path, methods]) => Object.entries(methods).filter(([m]) => ['get', 'post', 'put', 'patch', 'delete'].includes(m)).map(([method, row]) => ({ path, method: method.toUpperCase(), billing: row['x-aig-billing'], row })));

/** A body each paid route would carry out for somebody with money. A paid route that is not here fails the test. */
const bodies = {
    'POST /v1/chat/completions': [wires.openai, wires.anthropic].flatMap((model) => [false, true].map((stream) => ({ model, stream, max_tokens: 20, messages: [{ role: 'user', content: 'hi' }] }))),
    'POST /v1/completions': ['sim/instruct', wires.openai].flatMap((model) => [false, true].map((stream) => ({ model, stream, max_tokens: 20, prompt: 'hi' }))),
    'POST /v1/embeddings': [{ model: embedder, input: 'x' }],
};
const refusals = { 'sk-': [402, 'insufficient_quota'], 'sk-aig-': [402, 402], sk_live_: [422, 'insufficient_balance'], gw_: [402, 'insufficient_quota'] };

test('every route says what it can cost', () => {
    assert.ok(every().length > 10);
    for (const { path, method, billing } of every()) assert.ok(['held', 'free'].includes(billing), `${method} ${path}: ${billing}`);
});

test('every paid or creating POST takes an Idempotency-Key', () => {
    for (const { path, method, billing, row } of every()) {
        if (method !== 'POST' || billing !== 'held') continue;
        assert.ok(row.parameters?.some((p) => p.$ref?.endsWith('/IdempotencyKey')), `${method} ${path}`);
    }
});

test('an empty wallet reaches no provider by any route, in any dialect', async () => {
    await gateway.resetUpstream();
    const paid = every().filter((r) => r.billing === 'held');
    assert.ok(paid.length >= 2);
    for (const [prefix, [status, code]] of Object.entries(refusals)) {
        const poor = await gateway.customer({ credit: '0', prefix });
        for (const { path, method } of paid) {
            const tried = bodies[`${method} ${path}`];
            assert.ok(tried, `${method} ${path} can cost money: give it a body above`);
            for (const body of tried) {
                const reply = await poor.request(path, { method, body });
                const answer = await reply.json();
                assert.equal(reply.status, status, `${prefix} ${method} ${path}: ${JSON.stringify(answer)}`);
                assert.equal(answer.error.code, code);
            }
        }
    }
    // And what claims to be free is, with a wallet that would notice.
    const rich = await gateway.customer();
    const before = await rich.wallet();
    for (const { path, method, billing } of every()) {
        if (billing !== 'free' || method !== 'GET') continue;
        const reply = await rich.request(path.replace('{id}', encodeURIComponent(wires.openai)).replace('{key}', rich.key).replace(/\{[^}]+\}/g, 'x'));
        await reply.arrayBuffer();
    }
    assert.equal((await rich.settled()).balance, before.balance);
    assert.equal(await gateway.upstreamCalls(), 0, 'the provider was reached');
});
