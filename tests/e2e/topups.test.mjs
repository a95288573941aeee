// Money from outside, over HTTP: a fake TRON node, forged callbacks, kill -9 between sight and credit.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { Browser, member } from './browser.mjs';
import { aig, Gateway, nanos, Provider, serveConfig, temporaryFolder } from './harness.mjs';
import { account, base58, Chain, Node, usdt } from './tron.mjs';

const secret = 'whsec_0123456789abcdef0123';
const chain = new Chain(), folder = temporaryFolder();
let provider, nodes, config, gateway;

async function until(what, fn, timeoutMs = 20_000) {
    for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
        const value = await fn();
        if (value) return value;
        if (Date.now() > deadline) assert.fail(`not within ${timeoutMs} ms: ${what}\n${gateway.program.output.slice(-3000)}`);
    }
}
/** The customer's deposit address as its 40 hex digits. */
async function addressOf(customer) {
    const reply = await customer.request('/v1/deposits', { body: { rail: 'usdt-trc20' } });
    assert.equal(reply.status, 200);
    const { address } = await reply.json();
    for (let i = 0; i < 50; ++i) if (base58(account(i)) === address) return account(i);
    assert.fail(`not one of the book: ${address}`);
}
const balance = async (customer) => (await customer.wallet()).balance;
const deposits = async (customer) => (await (await customer.request('/v1/deposits')).json()).data;
const customer = () => gateway.customer({ credit: '0' });

before(async () => {
    provider = await Provider.start();
    nodes = [await Node.start(chain), await Node.start(chain)];
    config = await serveConfig(provider, folder, (c) => ({
        ...c,
        portal: { sign_up: true, verification: 'none' },
        topups: {
            tron: { token: base58(usdt), nodes: nodes.map((n, i) => ({ url: n.url, api_key: `key-${i}` })), poll: '50ms', second_node_above: '100' },
            callbacks: { mypay: { secret }, stripe: { secret, format: 'stripe' }, closed: {} },
        },
    }));
    gateway = await Gateway.serve(config);
    const file = path.join(folder, 'addresses.txt');
    fs.writeFileSync(file, '# ours\n' + Array.from({ length: 50 }, (_, i) => base58(account(i))).join('\n') + '\n');
    const done = await aig(['topup', 'import', file, '--config', config, '--json']);
    assert.equal(JSON.parse(done.stdout).added, 50);
});
after(async () => { await gateway?.stop(); await provider?.stop(); nodes?.forEach((n) => n.stop()); });

describe('USDT', () => {
    test('is credited once, and the node sees its own key', async () => {
        const one = await customer();
        const to = await addressOf(one);
        assert.equal(await addressOf(one), to, 'the address stays');
        chain.pay(to, 25_000_001);
        await until('credited', async () => await balance(one) === nanos('25.000001'));
        await sleep(500);
        assert.equal(await balance(one), nanos('25.000001'));
        const [d] = await deposits(one);
        assert.equal(d.status, 'credited');
        assert.deepEqual([...nodes[0].keys], ['key-0']);
    });
    test('look-alikes, failures and dust credit nothing', async () => {
        const one = await customer();
        const to = await addressOf(one);
        chain.add([chain.transfer(to, 50_000_000, account(7777))]);
        chain.add([chain.transfer(to, 50_000_000)], { receipt: 'OUT_OF_ENERGY' });
        chain.add([chain.transfer(to, 999_999)]);
        chain.add([chain.transfer(account(4444), 50_000_000)]);
        const seen = await until('recorded', async () => { const all = await deposits(one); return all.length >= 3 && all; });
        assert.deepEqual(seen.map((d) => d.status).sort(), ['below_minimum', 'failed', 'wrong_token']);
        assert.equal(await balance(one), 0n);
        const dust = seen.find((d) => d.status === 'below_minimum');
        await aig(['topup', 'accept', '--deposit', dust.deposit_id, '--config', config]);
        assert.equal(await balance(one), nanos('0.999999'));
        assert.notEqual((await aig(['topup', 'accept', '--deposit', dust.deposit_id, '--config', config], { allowFailure: true })).code, 0);
    });
    test('above the threshold a second node must say the same', async () => {
        const one = await customer();
        const to = await addressOf(one);
        nodes[1].lie = (where) => (where.endsWith('gettransactioninfobyid') ? '{}' : undefined);
        chain.pay(to, 500_000_000);
        await until('pending', async () => (await deposits(one))[0]?.status === 'pending');
        await sleep(300);
        assert.equal(await balance(one), 0n);
        nodes[1].lie = null;
        await until('credited', async () => await balance(one) === nanos('500'));
    });
    test('kill -9 between sight and credit, then an outage: once each, nothing lost', async () => {
        const one = await customer();
        const to = await addressOf(one);
        for (const n of nodes) n.lie = (where) => (where.endsWith('gettransactioninfobyid') ? 'garbage' : undefined);
        for (let i = 0; i < 5; ++i) chain.pay(to, 2_000_000);
        await until('seen', async () => (await gateway.admin('/admin/topup/status')).open >= 5);
        await gateway.kill();
        for (const n of nodes) { n.lie = null; n.status = 503; }
        gateway = await Gateway.serve(config);
        one.gateway = gateway;
        for (let i = 0; i < 230; ++i) { chain.head += 10; chain.pay(to, 1_000_000); }
        await sleep(500);
        assert.equal(await balance(one), 0n);
        for (const n of nodes) n.status = 200;
        // Killed again and again while it catches up.
        for (let i = 0; i < 3; ++i) {
            await sleep(700);
            await gateway.kill();
            gateway = await Gateway.serve(config);
            one.gateway = gateway;
        }
        await until('all of it', async () => await balance(one) === nanos('240'), 90_000);
        await sleep(1_000);
        assert.equal(await balance(one), nanos('240'));
    });
    test('the day\'s proof holds, and shows when it does not', async () => {
        const day = new Date(chain.time(chain.solid)).toISOString().slice(0, 10);
        const good = JSON.parse((await aig(['topup', 'proof', '--day', day, '--config', config, '--json'])).stdout);
        assert.ok(good.ok, JSON.stringify(good.faults));
        assert.equal(nanos(good.on_chain), nanos(good.recorded));
        const one = await customer();
        const to = await addressOf(one);
        nodes[0].lie = (where) => (where.startsWith('/v1/') ? '{"data":[],"success":true,"meta":{}}' : undefined);
        const tx = chain.pay(to, 3_000_000);
        const bad = await until('a difference', async () => {
            const told = await aig(['topup', 'proof', '--day', day, '--config', config, '--json'], { allowFailure: true });
            return told.code === 1 && told;
        });
        assert.match(bad.stdout, new RegExp(tx));
        await until('found by the proof', async () => await balance(one) === nanos('3'));
        nodes[0].lie = null;
    });
    test('the ledger verifies', async () => {
        assert.equal((await aig(['ledger', 'verify', '--config', config])).code, 0);
    });
});

describe('callbacks', () => {
    const sign = (body, { key = secret, t = Math.floor(Date.now() / 1000) } = {}) =>
        `t=${t},v1=${createHmac('sha256', key).update(`${t}.${body}`).digest('hex')}`;
    const send = (rail, body, signature = sign(body), name = 'topup-signature') => fetch(`${gateway.url}/topup/callback/${rail}`, {
        method: 'POST', headers: { 'content-type': 'application/json', ...(signature === null ? {} : { [name]: signature }) }, body,
    });
    const order = async (one, rail = 'mypay', amount = '10') => {
        const reply = await one.request('/v1/deposits', { body: { rail, amount, currency: 'USD' } });
        assert.equal(reply.status, 201);
        return reply.json();
    };
    let n = 0;
    const event = (o, more = {}) => JSON.stringify({ event_id: `evt_${++n}`, type: 'payment.succeeded', order_id: o.order_id, method: 'mypay', amount: '10', currency: 'USD', ...more });

    test('a true one credits once, however often it comes', async () => {
        const one = await customer();
        const body = event(await order(one));
        const replies = await Promise.all(Array.from({ length: 8 }, () => send('mypay', body)));
        for (const r of replies) assert.equal(r.status, 200);
        assert.equal(await balance(one), nanos('10'));
        assert.equal((await (await send('mypay', body)).json()).duplicate, true);
        assert.equal(await balance(one), nanos('10'));
    });
    test('forged, stale, ill-fitting and unsigned ones credit nothing', async () => {
        const one = await customer();
        const o = await order(one);
        const body = event(o);
        const now = Math.floor(Date.now() / 1000);
        for (const s of [null, '', 't=1', `t=${now}`, 'v1=00', sign(body, { key: '' }), sign(body, { key: 'x'.repeat(24) }), sign(body, { t: now - 301 }), sign(body, { t: now + 301 }), sign(body + ' ')]) {
            const r = await send('mypay', body, s);
            assert.equal(r.status, 401, String(s));
        }
        for (const more of [{ amount: '10.01' }, { amount: '1000' }, { currency: 'EUR' }, { method: 'stripe' }, { order_id: 'dep_nothing' }]) {
            const r = await send('mypay', event(o, more));
            assert.equal(r.status, 409, JSON.stringify(more));
        }
        assert.equal((await send('mypay', '{}')).status, 400);
        assert.equal((await send('closed', body)).status, 503);
        assert.equal((await send('nowhere', body)).status, 404);
        assert.equal(await balance(one), 0n);
        assert.equal((await send('mypay', event(o))).status, 200);
        assert.equal(await balance(one), nanos('10'));
    });
    test('Stripe\'s own form', async () => {
        const one = await customer();
        const o = await order(one, 'stripe', '12.34');
        const body = JSON.stringify({ id: `evt_${++n}`, type: 'checkout.session.completed', data: { object: { client_reference_id: o.order_id, amount_total: 1234, currency: 'usd', payment_status: 'paid' } } });
        assert.equal((await send('stripe', body, sign(body), 'stripe-signature')).status, 200);
        assert.equal(await balance(one), nanos('12.34'));
    });
});

describe('the portal', () => {
    test('shows the address and what came in; an order is made once, and nobody else sees it', async () => {
        const ann = await member(gateway, 'payer');
        assert.deepEqual(await ann.ok('GET', '/portal/api/deposits'), { rails: ['usdt-trc20', 'mypay', 'stripe'], data: [], next: null });
        const to = await ann.ok('POST', '/portal/api/deposits', { rail: 'usdt-trc20' });
        assert.deepEqual([to.network, to.token, to.contract], ['TRC-20', 'USDT', base58(usdt)]);
        assert.equal((await ann.ok('POST', '/portal/api/deposits', { rail: 'usdt-trc20' })).address, to.address, 'the address stays');
        chain.pay([...Array(50).keys()].map(account).find((hex) => base58(hex) === to.address), 7_000_000);
        const [paid] = await until('credited', async () => {
            const { data } = await ann.ok('GET', '/portal/api/deposits');
            return data[0]?.status === 'credited' && data;
        });
        assert.equal(nanos(paid.credited), nanos('7'));
        assert.deepEqual(await ann.ok('GET', `/portal/api/deposits/${paid.deposit_id}`), paid);
        assert.equal((await ann.ok('GET', '/portal/api/balance')).balance, '7.000000000');

        const once = { 'idempotency-key': 'pay-1' };
        const [a, b] = [await ann.post('/portal/api/deposits', { rail: 'mypay', amount: '3' }, once), await ann.post('/portal/api/deposits', { rail: 'mypay', amount: '3' }, once)];
        assert.deepEqual([a.status, b.status, a.json.currency, a.json.status], [201, 201, 'USD', 'open']);
        assert.equal(a.json.order_id, b.json.order_id, 'one order');
        assert.deepEqual(await ann.ok('GET', `/portal/api/deposits/${a.json.order_id}`), a.json);

        for (const [body, param] of [[{ rail: 'mypay' }, 'amount'], [{ rail: 'mypay', amount: '-1' }, 'amount'], [{ rail: 'nowhere' }, 'rail'], [{ rail: 'mypay', amount: '1', extra: 1 }, 'extra']]) {
            const refused = await ann.post('/portal/api/deposits', body);
            assert.deepEqual([refused.status, refused.json.error.param], [400, param], refused.text);
        }
        assert.equal((await ann.post('/portal/api/deposits', { rail: 'closed', amount: '1' })).status, 503);
        const bare = Object.assign(ann.copy(), { csrf: '' });
        assert.equal((await bare.post('/portal/api/deposits', { rail: 'usdt-trc20' })).code, 'csrf_refused');
        assert.equal((await new Browser(gateway).get('/portal/api/deposits')).code, 'login_required');

        const bob = await member(gateway, 'stranger');
        for (const id of [paid.deposit_id, a.json.order_id, 'dpt_zz', 'dep_nothing', 'x']) {
            const refused = await bob.get(`/portal/api/deposits/${id}`);
            assert.deepEqual([refused.status, refused.code], [404, 'resource_not_found'], id);
        }
        assert.deepEqual((await bob.ok('GET', '/portal/api/deposits')).data, []);
    });
});

test('an Idempotency-Key makes one order', async () => {
    const one = await customer();
    const make = () => one.request('/v1/deposits', { body: { rail: 'mypay', amount: '5' }, headers: { 'idempotency-key': 'order-1' } });
    const [a, b] = [await (await make()).json(), await (await make()).json()];
    assert.equal(a.order_id, b.order_id);
});

test('a weak secret stops the start, and the check names it', async () => {
    const bad = path.join(folder, 'bad.yaml');
    const good = JSON.parse(fs.readFileSync(config, 'utf8'));
    for (const [change, says] of [
        [(t) => { t.callbacks.mypay.secret = 'short'; }, /topups\.callbacks\.mypay\.secret/],
        [(t) => { t.callbacks.mypay.secret = ''; }, /topups\.callbacks\.mypay\.secret/],
        [(t) => { t.tron.token = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u'; }, /topups\.tron\.token/],
        [(t) => { t.tron.nodes.pop(); }, /second, independent node/],
        [(t) => { t.tron.nodes[1].url = t.tron.nodes[0].url; }, /independent/],
    ]) {
        const changed = structuredClone(good);
        change(changed.topups);
        fs.writeFileSync(bad, JSON.stringify(changed));
        for (const command of [['config', 'check', bad], ['serve', '--config', bad]]) {
            const run = await aig(command, { allowFailure: true });
            assert.notEqual(run.code, 0);
            assert.match(run.stdout + run.stderr, says);
        }
    }
});

test('without a configuration everything is off', async () => {
    const dev = await Gateway.dev();
    const reply = await fetch(`${dev.url}/topup/callback/mypay`, { method: 'POST', body: '{}' });
    assert.equal(reply.status, 503);
    await dev.stop();
});
