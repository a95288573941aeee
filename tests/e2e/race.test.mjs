// A wallet that can pay ten calls, and a thousand fired at once.
import assert from 'node:assert/strict';
import os from 'node:os';
import { after, before, test } from 'node:test';
import { burst } from './burst.mjs';
import { Gateway, aig, dollars, embedder, nanos, scale, sleep, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

async function verified() {
    const { code, stdout, stderr } = await aig(['ledger', 'verify', '--url', gateway.adminUrl, '--admin-token', gateway.adminToken], { allowFailure: true });
    assert.equal(code, 0, stdout + stderr);
}

/** Fires n calls at once; gives back {status, ms, body} of each. What has an `input` is embedded. */
function fire(customer, n, bodyOf) {
    return Promise.all(Array.from({ length: n }, async (_, i) => {
        const began = performance.now();
        const asked = bodyOf(i);
        const reply = asked.input ? await customer.request('/v1/embeddings', { body: asked }) : await customer.chat(asked);
        const body = await reply.text();
        return { status: reply.status, ms: performance.now() - began, body };
    }));
}

const p99 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];

/** How long 1,000 replies that touch neither key nor money take, asked for in the same way by this process on this machine. */
const plainReplies = async () => p99((await burst(gateway.url, Array.from({ length: 1000 }, () => ({ path: '/healthz' })))).map((reply) => reply.ms));

for (let round = 1; round <= Math.min(20, 3 * scale); round++) {
    test(`priced per request: exactly 10 of 1,000 reach the provider (round ${round})`, async (t) => {
        const model = 'sim/per-request';
        const probe = await gateway.customer();
        const before = await probe.wallet();
        await (await probe.chat({ model })).text();
        const price = before.balance - (await probe.settled()).balance;
        assert.ok(price >= nanos('0.01'), 'at least the listed price');

        const customer = await gateway.customer({ credit: dollars(price * 10n) });
        await gateway.resetUpstream();
        const plain = await plainReplies(), worked = gateway.program.cpuMs();
        const replies = await burst(gateway.url, Array.from({ length: 1000 }, (_, i) => ({
            path: '/v1/chat/completions', key: customer.key, body: { model, stream: i % 2 === 1, messages: [{ role: 'user', content: 'Say hello.' }] },
        })));
        const count = (status) => replies.filter((reply) => reply.status === status).length;
        assert.deepEqual({ ok: count(200), refused: count(402) }, { ok: 10, refused: 990 });
        assert.equal(await gateway.upstreamCalls(), 10);
        assert.deepEqual(await customer.settled(), { balance: 0n, held: 0n, available: 0n });
        const slowest = p99(replies.filter((reply) => reply.status === 402).map((reply) => reply.ms));
        const cpu = gateway.program.cpuMs() - worked;
        t.diagnostic(`p99 of the refusals: ${slowest.toFixed(0)} ms (bar 250), of 1,000 plain replies at once: ${plain.toFixed(0)} ms; all of it took the gateway ${cpu} ms of processor time; load ${os.loadavg()[0].toFixed(1)}`);
        // What others do on the machine changes when a reply comes, not what it costs: so much work a second cannot keep anybody waiting longer.
        assert.ok(cpu <= 250, `a thousand calls cost the gateway ${cpu} ms of processor time`);
        await verified();
    });
}

// Whatever bounds a call, what is tightest is exact under a crowd, and the others are as if only the served ones had come.
for (const [tightest, bounds, served, status] of [
    ['the tag’s budget', { tag: 7n, key: 11n, rpm: 1000 }, 7, 402],
    ['the key’s cap', { tag: 11n, key: 7n, rpm: 1000 }, 7, 402],
    ['the rate', { tag: 11n, key: 12n, rpm: 9 }, 9, 429],
])
    test(`a cap, a tag’s budget and rates on one key, 500 at once: ${tightest} is exact`, async () => {
        const model = 'sim/per-request', probe = await gateway.customer();
        const full = await probe.wallet();
        await (await probe.chat({ model })).text();
        const price = full.balance - (await probe.settled()).balance;
        const customer = await gateway.customer({ key: { tag: 'crowd', spend_cap_usd: dollars(price * bounds.key), spend_period: 'month', rpm: bounds.rpm, tpm: 100_000_000, concurrency: 500, rpd: 100_000 } });
        await gateway.admin(`/admin/accounts/${customer.account}/tag-budgets`, { tag: 'crowd', cap: dollars(price * bounds.tag), period: 'month' });
        await gateway.resetUpstream();
        const replies = await burst(gateway.url, Array.from({ length: 500 }, (_, i) => ({
            path: '/v1/chat/completions', key: customer.key, body: { model, stream: i % 2 === 1, messages: [{ role: 'user', content: 'Say hello.' }] },
        })));
        const count = (s) => replies.filter((reply) => reply.status === s).length;
        assert.deepEqual({ served: count(200), refused: count(status) }, { served, refused: 500 - served }, replies.find((r) => ![200, status].includes(r.status))?.body);
        assert.equal(await gateway.upstreamCalls(), served);
        const { balance } = await customer.settled(), spent = price * BigInt(served);
        assert.equal(balance, nanos('10') - spent);
        const [budget] = (await gateway.admin(`/admin/accounts/${customer.account}/tag-budgets`)).tag_budgets;
        assert.deepEqual([nanos(budget.spent), nanos(budget.held)], [spent, 0n]);
        await verified();
    });

test('priced per token: never more than was paid in, every refusal justified', async () => {
    const probe = await gateway.customer();
    const start = await probe.wallet();
    const ask = { model: wires.openai, max_tokens: 50 };
    await (await probe.chat(ask)).text();
    const cost = start.balance - (await probe.settled()).balance;
    const credit = cost * 40n;
    const customer = await gateway.customer({ credit: dollars(credit) });
    await gateway.resetUpstream();
    let watching = true;
    const watch = (async () => {
        while (watching) {
            const wallet = await customer.wallet();
            assert.ok(wallet.available >= 0n && wallet.held >= 0n && wallet.balance <= credit, `${wallet.available} available, ${wallet.held} held`);
            await sleep(10);
        }
    })();
    const replies = await fire(customer, 1000, (i) => (i % 7 === 0 ? { model: embedder, input: 'x'.repeat(500) } : { ...ask, stream: i % 3 === 0, model: i % 5 === 0 ? wires.anthropic : wires.openai }));
    watching = false;
    await watch;
    const answered = replies.filter((reply) => reply.status === 200);
    for (const reply of replies.filter((r) => r.status !== 200)) {
        assert.equal(reply.status, 402, reply.body);
        const { required, available } = JSON.parse(reply.body).error.details;
        assert.ok(nanos(required) > nanos(available), `refused although ${available} of ${required} were there`);
    }
    const wallet = await customer.settled();
    assert.ok(answered.length > 0 && answered.length < 1000);
    assert.ok(wallet.balance >= 0n && wallet.balance < credit);
    assert.equal(await gateway.upstreamCalls(), answered.length);
    await verified();
});

test('a stream that runs dry is cut, charged no more than there was, and says so', async () => {
    const customer = await gateway.customer({ credit: '0.001' });
    const reply = await customer.chat({ model: wires.openai, messages: [{ role: 'user', content: 'Count to 4000.' }], stream: true, stream_options: { include_usage: true } });
    assert.equal(reply.status, 200);
    const text = await reply.text();
    const wallet = await customer.settled();
    assert.ok(wallet.balance >= 0n && wallet.balance < nanos('0.001'));
    assert.match(text, /"finish_reason"\s*:\s*"length"|budget_exceeded|insufficient/);
    await verified();
});

test('200 streams on a wallet for three and a half: never more than it had, each ends cleanly, nobody else notices', async () => {
    const ask = { model: wires.openai, messages: [{ role: 'user', content: 'Count to 400.' }], stream: true };
    const probe = await gateway.customer();
    const start = await probe.wallet();
    await (await probe.chat(ask)).text();
    const cost = start.balance - (await probe.settled()).balance;
    const credit = (cost * 7n) / 2n;
    const customer = await gateway.customer({ credit: dollars(credit) });
    const neighbour = await gateway.customer();
    const [replies, neighbours] = await Promise.all([fire(customer, 200, () => ask), fire(neighbour, 5, () => ({ model: wires.openai }))]);
    for (const reply of replies) {
        assert.ok(reply.status === 200 || reply.status === 402, reply.body);
        if (reply.status === 402) continue;
        assert.match(reply.body, /"finish_reason"\s*:\s*"(stop|length)"/);
        assert.match(reply.body, /data: \[DONE\]/);
    }
    assert.ok(replies.some((reply) => reply.status === 200) && replies.some((reply) => reply.status === 402));
    assert.deepEqual(neighbours.map((reply) => reply.status), [200, 200, 200, 200, 200]);
    const wallet = await customer.settled();
    assert.ok(wallet.balance >= 0n && wallet.balance < credit, `${wallet.balance} of ${credit} left`);
    await verified();
});

test('a small wallet can say hi to a model with a large output limit', async () => {
    const customer = await gateway.customer({ credit: '0.05' });
    const reply = await customer.chat({ model: wires.openai, messages: [{ role: 'user', content: 'hi' }] });
    assert.equal(reply.status, 200);
    await reply.text();
    for (const stream of [false, true])
        assert.equal((await customer.chat({ model: wires.openai, stream, max_tokens: 100_000 })).status, 402, 'an explicit maximum that cannot be paid');
});

test('a credit with the same reference counts once', async () => {
    const customer = await gateway.customer({ credit: '0' });
    await Promise.all(Array.from({ length: 8 }, () => gateway.admin(`/admin/accounts/${customer.account}/credit`, { amount: '1.000000001', ref: 'invoice-7' })));
    assert.equal((await customer.wallet()).balance, nanos('1.000000001'));
});
