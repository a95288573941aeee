// Wallets beyond one paid call in dollars: another currency, free calls, a key that spends too fast, statements.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway, Provider, aig, nanos, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

let provider, gateway, config;
before(async () => {
    provider = await Provider.start();
    config = await serveConfig(provider, temporaryFolder(), (c) => ({
        ...c,
        billing: { currency: 'TMT', rate_per_usd: '3.5', free_tier: [{ model: wires.anthropic, requests_per_day: 3 }] },
    }));
    gateway = await Gateway.serve(config);
});
after(async () => { await gateway?.stop(); await provider?.stop(); });

const sound = async () => {
    const { code, stdout, stderr } = await aig(['ledger', 'verify', '--config', config], { allowFailure: true });
    assert.equal(code, 0, stdout + stderr);
};

test('a wallet in manat pays the dollar price at the rate, to the nano', async () => {
    const customer = await gateway.customer({ credit: '10' });
    const before = (await customer.wallet()).balance;
    const { usage } = await (await customer.chat({ model: wires.openai })).json();
    const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = usage;
    const cached = BigInt(details?.cached_tokens ?? 0);
    const picos = ((BigInt(input) - cached) * 1_250_000n + cached * 125_000n + BigInt(output) * 10_000_000n) * 21n * 7n;
    const divisor = 20n * 2n * 1000n;
    assert.equal(before - (await customer.settled()).balance, (picos + divisor - 1n) / divisor);
    await sound();
});

test('so many calls a day are free, exactly, at zero balance', async () => {
    const customer = await gateway.customer({ credit: '0' });
    const replies = await Promise.all(Array.from({ length: 30 }, (_, i) => customer.chat({ model: wires.anthropic, stream: i % 2 === 1 })));
    const statuses = await Promise.all(replies.map(async (reply) => { await reply.text(); return reply.status; }));
    assert.equal(statuses.filter((status) => status === 200).length, 3);
    assert.equal(statuses.filter((status) => status === 402).length, 27);
    assert.equal((await customer.chat({ model: wires.openai })).status, 402, 'another model is not free');
    assert.deepEqual(await customer.settled(), { balance: 0n, held: 0n, available: 0n });
    await sound();
});

test('a call beyond the free ones is paid', async () => {
    const customer = await gateway.customer({ credit: '1' });
    const charged = [];
    for (let i = 0; i < 4; ++i) {
        const before = (await customer.settled()).balance;
        assert.equal((await customer.chat({ model: wires.anthropic })).status, 200);
        charged.push(before - (await customer.settled()).balance);
    }
    assert.deepEqual(charged.slice(0, 3), [0n, 0n, 0n]);
    assert.ok(charged[3] > 0n);
});

test('a key that spends faster than its brake is frozen until it is unfrozen', async () => {
    const customer = await gateway.customer({ credit: '10', key: { brake_usd_per_minute: '0.000001' } });
    assert.equal((await customer.chat({ model: wires.openai })).status, 200);
    let reply;
    for (let i = 0; i < 100 && (reply = await customer.chat({ model: wires.openai })).status === 200; ++i) await sleep(10);
    assert.equal(reply.status, 403);
    assert.match(await reply.text(), /key_frozen|frozen/);
    let audit = [];  // the book stops the key at once, the freezing is a transaction of its own
    for (let i = 0; i < 100 && audit.length === 0; ++i) {
        await sleep(20);
        ({ audit } = await gateway.admin(`/admin/audit?account=${customer.account}&action=key.freeze`));
    }
    assert.equal(audit.length, 1);
    assert.equal(audit[0].object, customer.keyId);
    await gateway.admin(`/admin/keys/${customer.keyId}/unfreeze`, {});
    assert.equal((await customer.chat({ model: wires.openai })).status, 200);
});

test('a rate the operator sets is in force at once and survives a restart', async () => {
    const run = async (...args) => JSON.parse((await aig([...args, '--json', '--config', config])).stdout);
    await run('rate', 'set', '--currency', 'TMT', '--per-usd', '7');
    const cost = async () => {
        const customer = await gateway.customer({ credit: '10' });
        await (await customer.chat({ model: wires.openai })).text();
        return nanos('10') - (await customer.settled()).balance;
    };
    const doubled = await cost();
    await gateway.stop();
    gateway = await Gateway.serve(config);
    assert.equal(await cost(), doubled);
    await sound();
});
