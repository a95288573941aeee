// Limits of a key as its callers meet them: what the headers say, that Retry-After is true, that what was refused took nothing.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Customer, Gateway, Provider, aig, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const ask = { model: wires.openai, max_tokens: 5 };
const number = (reply, name) => Number(reply.headers.get(name));

test('every reply to a limited key says what is left, a refusal too', async () => {
    const customer = await gateway.customer({ key: { rpm: 60, tpm: 100000 } });
    const first = await customer.chat(ask);
    assert.equal(first.status, 200);
    assert.deepEqual(['limit', 'remaining'].map((w) => number(first, `x-ratelimit-${w}-requests`)), [60, 59]);
    assert.match(first.headers.get('x-ratelimit-reset-requests'), /^\d+s$/);
    assert.equal(number(first, 'x-ratelimit-limit-tokens'), 100000);
    assert.ok(number(first, 'x-ratelimit-remaining-tokens') < 100000);
    assert.ok(Math.abs(number(first, 'x-ratelimit-reset') - Date.now() / 1000) < 120, 'the trio counts epoch seconds');
    await first.text();
    for (const where of ['/v1/models', '/v1/balance', '/v1/usage']) {
        const reply = await customer.request(where);
        assert.equal(number(reply, 'x-ratelimit-limit-requests'), 60, where);
        await reply.text();
    }
    const wrong = await customer.chat({ ...ask, model: 'no/such' });
    assert.equal(wrong.status, 404);
    assert.equal(number(wrong, 'x-ratelimit-limit-requests'), 60);
    const free = await gateway.customer();
    assert.equal((await free.chat(ask)).headers.get('x-ratelimit-limit-requests'), null, 'no limit that was not given');
});

test('Retry-After is honoured exactly: the next call passes, in each dialect', async () => {
    for (const prefix of ['sk-', 'sk-aig-', 'sk_live_', 'gw_']) {
        const customer = await gateway.customer({ prefix, key: { rpm: 30 } });
        let refused;
        for (let i = 0; i < 40 && !refused; i++) {
            const reply = await customer.chat(ask);
            const body = await reply.text();
            if (reply.status === 429) refused = { reply, body: JSON.parse(body) };
        }
        assert.ok(refused, 'thirty at once and no more');
        const wait = number(refused.reply, 'retry-after');
        assert.ok(Number.isInteger(wait) && wait >= 1);
        assert.ok(number(refused.reply, 'retry-after-ms') <= wait * 1000);
        assert.equal(number(refused.reply, 'x-ratelimit-remaining-requests'), 0);
        if (prefix === 'sk_live_') assert.deepEqual(Object.keys(refused.body.error.details).sort(), ['limit', 'retryAfterSeconds', 'windowSeconds']);
        await sleep(wait * 1000);
        assert.equal((await customer.chat(ask)).status, 200, `waited ${wait} s`);
    }
});

test('what is refused for money takes nothing of the rates', async () => {
    const customer = await gateway.customer({ credit: '0', key: { rpm: 5 } });
    for (let i = 0; i < 20; i++) assert.equal((await customer.chat(ask)).status, 402);
    await gateway.admin(`/admin/accounts/${customer.account}/credit`, { amount: '1' });
    const reply = await customer.chat(ask);
    assert.equal(reply.status, 200);
    assert.equal(number(reply, 'x-ratelimit-remaining-requests'), 4);
});

test('the tokens a minute are corrected to what was used', async () => {
    const customer = await gateway.customer({ key: { tpm: 50000 } });
    const reply = await customer.chat({ model: wires.openai, max_tokens: 30000 });
    assert.equal(reply.status, 200);
    const { usage } = await reply.json();
    const after = await customer.request('/v1/balance');
    const left = number(after, 'x-ratelimit-remaining-tokens');
    assert.ok(left >= 50000 - usage.total_tokens - 1, `${left} left after ${usage.total_tokens}`);
    await after.text();
});

test('requests a day: exact at once, and over a restart', async () => {
    const folder = temporaryFolder();
    const provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
    try {
        const config = await serveConfig(provider, folder);
        let served = await Gateway.serve(config);
        const customer = await served.customer({ key: { rpd: 10 } });
        const replies = await Promise.all(Array.from({ length: 40 }, () => customer.chat(ask)));
        assert.equal(replies.filter((r) => r.status === 200).length, 10);
        const refused = replies.find((r) => r.status === 429);
        assert.equal((await refused.json()).error.reason, 'requests_day');
        const midnight = 86400 - (Date.now() / 1000) % 86400;
        assert.ok(Math.abs(number(refused, 'retry-after') - midnight) < 30, 'until the UTC day ends');
        assert.equal(number(refused, 'x-ratelimit-remaining-requests-day'), 0);
        await customer.settled();
        await served.kill();
        served = await Gateway.serve(config);
        const again = new Customer(served, customer.account, customer.keyId, customer.key);
        assert.equal((await again.chat(ask)).status, 429, 'the day goes on after a restart');
        await served.stop();
    } finally { await provider.stop(); }
});
