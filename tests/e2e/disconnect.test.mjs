// Customers who leave in the middle, at random: with FIN or RST, before the head, in the first words, in the middle, in the last event, behind
// [DONE]. The provider's connection is closed at once, nothing stays held, nobody is charged twice, and what is charged is what had arrived:
// the input and the output so far, priced exactly, never more than the provider says it made, never nothing once content went out.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, Provider, aig, nanos, nanosOfCents, scale, serveConfig, sleep, temporaryFolder } from './harness.mjs';

const models = { openai: ['slow/openai', 1_250n, 10_000n], anthropic: ['slow/anthropic', 3_000n, 15_000n] };
let provider, config, gateway;
before(async () => {
    const folder = temporaryFolder();
    provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
    config = await serveConfig(provider, folder, (c) => {
        for (const wire of ['openai', 'anthropic'])
            c.models[models[wire][0]] = { ...c.models[Object.keys(c.models)[wire === 'openai' ? 0 : 1]], targets: [{ provider: `sim-${wire}`, model: 'fault/slow@20' }] };
        return c;
    });
    gateway = await Gateway.serve(config);
});
after(async () => { await gateway?.stop(); await provider?.stop(); });

/** One streamed call that is left once `leave(text, ms)` says so; gives what was read and when it was left. */
async function leftCall(customer, model, words, reset, leave) {
    const { hostname, port } = new URL(gateway.url);
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: `Count to ${words}.` }] });
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${customer.key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    const began = performance.now();
    let text = '', left = 0;
    await new Promise((done) => {
        const look = () => {
            if (left || !leave(text, performance.now() - began)) return;
            left = performance.timeOrigin + performance.now();
            clearInterval(timer);
            if (reset) socket.resetAndDestroy();
            else socket.end(() => socket.destroy());
            done();
        };
        const timer = setInterval(look, 1);
        socket.on('data', (bytes) => { text += bytes; look(); }).on('error', () => {}).on('close', () => { clearInterval(timer); done(); });
    });
    return { text, left };
}

const content = (text) => (text.match(/"content":"[^"]/g) ?? []).length;

test('random cuts: closed at once, nothing held, and charged what had arrived', { timeout: 120_000 }, async (t) => {
    const cuts = Math.min(1000, 40 * scale), delays = [];
    let seed = Number(process.env.AIG_TEST_SEED ?? 7);
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    let charged = 0, whole = 0;
    let next = 0;
    // Eight at a time, as customers come.
    await Promise.all(Array.from({ length: 8 }, async () => { while (next < cuts) await cut(next++); }));
    async function cut(i) {
        const [wire, [model, perInput, perOutput]] = Object.entries(models)[i % 2], reset = i % 3 === 0, customer = await gateway.customer();
        // A tenth each before anything, at the first words and behind the end; the rest anywhere in between.
        const where = random(), words = 5 + Math.floor(random() * 60), at = random() * 1200;
        const leave = where < 0.1 ? (_, ms) => ms > at / 100 : where < 0.2 ? (text) => content(text) >= 1 : where < 0.3 ? (text) => text.includes('[DONE]') : (text, ms) => ms > at || text.includes('[DONE]');
        const { text, left } = await leftCall(customer, model, words, reset, leave), what = `cut ${i} (${wire}, ${reset ? 'RST' : 'FIN'}, ${content(text)} of ${words} words seen)`;
        const { balance } = await customer.settled(10_000), cost = nanos('10') - balance;
        const { calls } = await gateway.admin(`/admin/calls/recent?account=${customer.account}&limit=5`);
        // The provider writes its row when it has seen the connection end.
        let rows = [];
        for (const until = Date.now() + 3_000; rows.length < calls.length && Date.now() < until; await sleep(20))
            rows = provider.invoice().filter((row) => calls.some((call) => call.request_id === row.request_id));
        assert.ok(calls.length <= 1 && rows.length <= 1, what);
        const [call] = calls, [row] = rows;
        if (content(text) > 0) assert.ok(cost > 0n, `${what}: content went out for nothing`);
        if (!call || cost === 0n) return assert.equal(cost, 0n, what);
        charged++;
        assert.ok(row, `${what}: charged and not in the provider's invoice`);
        const usage = (await (await customer.request('/v1/usage/recent')).json()).data[0];
        const tokens = [BigInt(usage.prompt_tokens), BigInt(usage.completion_tokens)];
        assert.equal(cost, ((tokens[0] * perInput + tokens[1] * perOutput) * 105n + 99n) / 100n, `${what}: the price of ${tokens}`);
        assert.equal(nanosOfCents(usage.cost_cents), cost);
        // The final usage had arrived, whether or not the provider got rid of its last bytes.
        if (row.completed || !usage.estimated) return whole++;
        // Our own count of what had arrived: flagged, and between what the customer saw and what the provider had made, a word more or less.
        assert.ok(usage.estimated, what);
        assert.ok(usage.completion_tokens <= 2 * row.client_gone_after_tokens + 2, `${what}: ${usage.completion_tokens} charged, ${row.client_gone_after_tokens} made`);
        assert.ok(2 * usage.completion_tokens + 2 >= content(text), `${what}: ${usage.completion_tokens} charged`);
        delays.push(row.at_us / 1000 - left);
    }
    delays.sort((a, b) => a - b);
    const p99 = delays[Math.floor(delays.length * 0.99)];
    t.diagnostic(`${cuts} cuts, ${charged} charged (${whole} had ended), upstream closed ${delays[delays.length >> 1]?.toFixed(0)} ms (median) and ${p99?.toFixed(0)} ms (p99) after the customer left; load ${os.loadavg()[0].toFixed(1)}`);
    assert.ok(charged > cuts / 4 && delays.length > 0, 'the cuts met calls');
    assert.equal((await aig(['ledger', 'verify', '--config', config])).code, 0);
});
