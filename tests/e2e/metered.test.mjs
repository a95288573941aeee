// Every route that can reach a provider takes a hold first. The routes are those of the published contract (a unit test keeps it equal to the
// table the gateway runs on), so a new route is met here without being named.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { callsOf, pathFor, readContract, routesOf, shown } from './contract.mjs';
import { Gateway } from './harness.mjs';

let gateway, contract;
before(async () => {
    gateway = await Gateway.dev();
    contract = await readContract(gateway);
});
after(() => gateway?.stop());

const every = () => routesOf(contract);
const paid = () => every().filter((route) => route.billing === 'held');
const prefixes = ['sk-', 'sk-aig-', 'sk_live_', 'gw_'];
/** What each family of keys is told on the routes of OpenAI's shape; other shapes have their own words. */
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
    assert.ok(paid().length >= 2);
    for (const prefix of prefixes) {
        const poor = await gateway.customer({ credit: '0', prefix });
        for (const route of paid())
            for (const { path, method, body } of callsOf(contract, route)) {
                const reply = await poor.request(path, { method, body });
                const text = await reply.text();
                assert.ok([402, 422].includes(reply.status), `${prefix} ${method} ${path}: ${reply.status} ${text}`);
                assert.match(text, /balance|quota|credit|billing|wallet/i, `${method} ${path} says that money is missing`);
                if (path === '/v1/chat/completions') assert.deepEqual([reply.status, JSON.parse(text).error.code], refusals[prefix]);
            }
    }
    assert.equal(await gateway.upstreamCalls(), 0, 'the provider was reached');
});

test('the same calls with money reach the provider, are charged, and leave nothing held: the refusals above were for money', async () => {
    for (const route of paid())
        for (const { path, method, body, stream } of callsOf(contract, route)) {
            const rich = await gateway.customer({ prefix: 'sk-' });
            await gateway.resetUpstream();
            const before = await rich.wallet(), what = `${method} ${path} ${JSON.stringify(body)}`;
            const reply = await rich.request(path, { method, body });
            const text = await reply.text();
            assert.equal(reply.status, 200, `${what}: ${text}`);
            assert.equal(/text\/event-stream/.test(reply.headers.get('content-type')), stream, what);
            assert.equal(await gateway.upstreamCalls(), 1, what);
            const left = await rich.settled();
            assert.ok(left.balance < before.balance, `${what} cost nothing`);
            assert.equal(left.available, left.balance, what);
        }
});

test('what claims to be free is, with a wallet that would notice', async () => {
    const rich = await gateway.customer(), before = await rich.wallet();
    await gateway.resetUpstream();
    for (const route of every()) {
        const { path, method, billing } = route;
        if (billing !== 'free' || path.startsWith('/portal/')) continue;
        const body = shown(contract, route);
        if (method !== 'GET' && !(method === 'POST' && body)) continue;  // what shows no body is left out
        const target = path.includes('{') ? filled(route, rich) : path;
        const reply = await rich.request(target, { method, body });
        await reply.arrayBuffer();
    }
    assert.equal((await rich.settled()).balance, before.balance);
    assert.equal(await gateway.upstreamCalls(), 0, 'the provider was reached');
});

const filled = (route, customer) => pathFor(contract, route, { key: customer.key, rail: 'x' });
