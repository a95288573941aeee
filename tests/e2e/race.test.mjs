// A wallet that can pay ten calls, and a thousand fired at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway, aig, dollars, nanos, scale, sleep, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

async function verified() {
    const { code, stdout, stderr } = await aig(['ledger', 'verify', '--url', gateway.adminUrl, '--admin-token', gateway.adminToken], { allowFailure: true });
    assert.equal(code, 0, stdout + stderr);
}

/** Fires n calls at once; gives back {status, ms, body} of each. */
function fire(customer, n, bodyOf) {
    return Promise.all(Array.from({ length: n }, async (_, i) => {
        const began = performance.now();
        const reply = await customer.chat(bodyOf(i));
        const body = await reply.text();
        return { status: reply.status, ms: performance.now() - began, body };
    }));
}

const p99 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];

/** How long 1,000 replies that touch no money take, asked for at once by this process on this machine. */
async function plainReplies() {
    return p99(await Promise.all(Array.from({ length: 1000 }, async () => {
        const began = performance.now();
        await (await fetch(`${gateway.url}/healthz`)).text();
        return performance.now() - began;
    })));
}

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
        const plain = await plainReplies();
        const replies = await fire(customer, 1000, (i) => ({ model, stream: i % 2 === 1 }));
        const count = (status) => replies.filter((reply) => reply.status === status).length;
        assert.deepEqual({ ok: count(200), refused: count(402) }, { ok: 10, refused: 990 });
        assert.equal(await gateway.upstreamCalls(), 10);
        assert.deepEqual(await customer.settled(), { balance: 0n, held: 0n, available: 0n });
        const slowest = p99(replies.filter((reply) => reply.status === 402).map((reply) => reply.ms));
        t.diagnostic(`p99 of the refusals: ${slowest.toFixed(0)} ms; of 1,000 plain replies at once: ${plain.toFixed(0)} ms`);
        // 250 ms are the gateway's; what asking a thousand times at once costs this process is not.
        assert.ok(slowest <= 250 + 2 * plain, `refusals took ${slowest} ms, plain replies ${plain} ms`);
        await verified();
    });
}

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
    const replies = await fire(customer, 1000, (i) => ({ ...ask, stream: i % 3 === 0, model: i % 5 === 0 ? wires.anthropic : wires.openai }));
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
