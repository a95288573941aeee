// kill -9 at two points of a call that only the whole gateway has (reliability: C3 and C4; the points inside the ledger are
// Kill.at_each_point_... in src/ledger): the request is with the provider and nothing came back; the customer has read the first words of a
// stream. Where the process is known from outside: the provider counts the call, the customer holds the words. Neither may cost anything,
// and nothing stays held. With a cap, a tag's budget and rates on the key, which must be as if the call had never been.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, Provider, aig, events, nanos, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

let provider, config, gateway;
before(async () => {
    const folder = temporaryFolder();
    provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
    config = await serveConfig(provider, folder, (c) => {
        for (const [id, name] of [['stall', 'fault/stall_before_headers'], ['slow', 'fault/slow']])
            for (const wire of ['openai', 'anthropic'])
                c.models[`${wire}/${id}`] = { modality: 'text', context: 4096, max_output: 4000, targets: [{ provider: `sim-${wire}`, model: name }], price: { input_per_million: '1', output_per_million: '4' } };
        return c;
    });
    gateway = await Gateway.serve(config);
});
after(async () => { await gateway?.stop(); await provider?.stop(); });

const until = async (what, fn) => {
    for (const deadline = Date.now() + 10_000; !(await fn()); await sleep(5)) assert.ok(Date.now() < deadline, what);
};
const capped = () => gateway.customer({ credit: '1', key: { spend_cap_usd: '0.5', spend_period: 'month', tag: 'crash', rpm: 1000, tpm: 10_000_000, concurrency: 100 } });

/** After the kill: started again, nothing held, nothing charged, and the wallet pays the next call. */
async function unharmed(customer) {
    await gateway.kill();
    gateway = await Gateway.serve(config);
    customer.gateway = gateway;
    assert.match(gateway.program.output, /holds_voided_at_start/);
    assert.deepEqual(await customer.wallet(), { balance: nanos('1'), held: 0n, available: nanos('1') });
    assert.equal((await aig(['ledger', 'verify', '--config', config])).code, 0, 'the books are sound, budgets included');
    const reply = await customer.chat({ model: wires.openai, max_tokens: 20 });
    assert.equal(reply.status, 200);
    await reply.text();
    assert.ok((await customer.settled()).balance < nanos('1'));
    const usage = await (await customer.request('/v1/usage?group_by=tag')).json();
    assert.deepEqual(usage.data.map((row) => [row.label, row.requests]), [['crash', 1]], 'the killed call is in no report');
}

for (const wire of ['openai', 'anthropic'])
    for (const stream of [false, true])
        test(`C3: killed while the provider has the request and has said nothing (${wire}, ${stream ? 'streamed' : 'whole'})`, async () => {
            const customer = await capped(), calls = await provider.calls();
            const gone = customer.chat({ model: `${wire}/stall`, stream, max_tokens: 50 }).then((r) => r.text()).then(() => 'answered', () => 'gone');
            await until('the provider has it', async () => await provider.calls() === calls + 1);
            assert.ok((await customer.wallet()).held > 0n, 'held before the provider saw a byte');
            await unharmed(customer);
            assert.equal(await gone, 'gone');
            assert.equal(await provider.calls(), calls + 2, 'the killed call was not asked for again');
        });

for (const wire of ['openai', 'anthropic'])
    test(`C4: killed in the middle of a stream (${wire})`, async () => {
        const customer = await capped();
        const reply = await customer.chat({ model: `${wire}/slow`, stream: true, messages: [{ role: 'user', content: 'Count to 400.' }] });
        assert.equal(reply.status, 200);
        let text = '', ended = 'done';
        try {
            for await (const { data } of events(reply)) {
                if (data === '[DONE]') break;
                text += JSON.parse(data).choices?.[0]?.delta?.content ?? '';
                if (text.length > 10 && gateway.program.running) {
                    assert.ok((await customer.wallet()).held > 0n);
                    await gateway.kill();
                }
            }
        } catch { ended = 'broken'; }
        assert.ok(text.length > 10 && ended === 'broken', `${text} ${ended}`);
        await unharmed(customer);
    });
