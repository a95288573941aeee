// Legacy text completions by the openai package: through a provider that serves them (lossless), and as chats through each of the
// other wires. Checked like everything that is paid: what the SDK gave back, how often the provider was called, what it cost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { Gateway, hiddenWires, nanos, nanosOfCents, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const clientOf = (customer) => new OpenAI({ apiKey: customer.key, baseURL: `${gateway.url}/v1`, maxRetries: 0, timeout: 20_000 });

async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    return before.balance - after.balance;
}

const native = 'sim/instruct';
const prompt = 'Count to 9';

for (const [wire, model] of Object.entries({ native, ...wires, ...hiddenWires })) {
    describe(`completions through the ${wire} wire (${model})`, () => {
        test('plain', async () => {
            const customer = await gateway.customer();
            let reply, response;
            const paid = await counted(customer, 1, async () => {
                ({ data: reply, response } = await clientOf(customer).completions.create({ model, prompt, max_tokens: 100 }).withResponse());
            });
            assert.equal(reply.object, 'text_completion');
            assert.equal(reply.model, model);
            assert.deepEqual(reply.choices.map((choice) => [choice.index, choice.text, choice.finish_reason]), [[0, '1 2 3 4 5 6 7 8 9', 'stop']]);
            assert.equal(reply.usage.completion_tokens, 9);
            assert.ok(paid > 0n);
            assert.equal(nanos(reply.usage.cost), paid);
            assert.equal(nanosOfCents(response.headers.get('x-cost-cents')), paid);
        });

        test('streamed, the same text and the same price', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            let whole, text = '', finish, usage, chunks = 0;
            const first = await counted(customer, 1, async () => { whole = await client.completions.create({ model, prompt, max_tokens: 100 }); });
            const second = await counted(customer, 1, async () => {
                for await (const chunk of await client.completions.create({ model, prompt, max_tokens: 100, stream: true, stream_options: { include_usage: true } })) {
                    assert.equal(chunk.object, 'text_completion');
                    chunks++;
                    text += chunk.choices[0]?.text ?? '';
                    finish = chunk.choices[0]?.finish_reason ?? finish;
                    usage = chunk.usage ?? usage;
                }
            });
            assert.equal(text, whole.choices[0].text);
            assert.equal(finish, 'stop');
            assert.ok(chunks > 9);
            assert.equal(second, first);
            assert.equal(nanos(usage.cost), second);
        });

        test('without max_tokens it is sixteen', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).completions.create({ model, prompt: 'Write 50 words' });
            assert.equal(reply.usage.completion_tokens, 16);
            assert.equal(reply.choices[0].finish_reason, 'length');
        });

        test('echo puts the prompt in front', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).completions.create({ model, prompt, echo: true, max_tokens: 100 });
            assert.equal(reply.choices[0].text, `${prompt}1 2 3 4 5 6 7 8 9`);
        });

        test('a stop sequence', async () => {
            const customer = await gateway.customer();
            const call = clientOf(customer).completions.create({ model, prompt, max_tokens: 100, stop: ' 4' });
            if (wire === 'responses') return assert.rejects(call, (error) => error instanceof OpenAI.BadRequestError && /stop/.test(error.message));
            assert.equal((await call).choices[0].text, '1 2 3');
        });
    });
}

describe('what only text completions have', () => {
    test('several prompts, tokens, n, best_of, logprobs: where they are served', async () => {
        const customer = await gateway.customer();
        const client = clientOf(customer);
        let reply;
        const paid = await counted(customer, 1, async () => { reply = await client.completions.create({ model: native, prompt: ['Say hi', 'Count to 3'], n: 2, max_tokens: 50, logprobs: 1 }); });
        assert.deepEqual(reply.choices.map((choice) => choice.index), [0, 1, 2, 3]);
        assert.equal(reply.choices[2].text, '1 2 3');
        assert.equal(reply.choices[2].logprobs.tokens.length, 3);
        assert.equal(nanos(reply.usage.cost), paid);
        assert.equal((await client.completions.create({ model: native, prompt: [1, 2, 3] })).usage.prompt_tokens, 3);
        assert.equal((await client.completions.create({ model: native, prompt: 'Count to 3', best_of: 3, max_tokens: 9 })).usage.completion_tokens, 9);
        assert.equal((await client.completions.create({ model: native, prompt: 'Once', suffix: 'end', max_tokens: 9 })).object, 'text_completion');
    });
    test('refused by name, and free, where nobody serves them', async () => {
        const customer = await gateway.customer();
        const client = clientOf(customer);
        for (const ask of [{ prompt: ['a', 'b'] }, { prompt: [1, 2] }, { prompt: 'a', suffix: 'z' }, { prompt: 'a', best_of: 2 }]) {
            const paid = await counted(customer, 0, () => assert.rejects(client.completions.create({ model: wires.openai, ...ask }), (error) => error instanceof OpenAI.BadRequestError && /suffix, best_of and several prompts|token arrays/.test(error.message)));
            assert.equal(paid, 0n);
        }
    });
    test('n and log probabilities of a chat come back as a completion has them', async () => {
        const customer = await gateway.customer();
        const reply = await clientOf(customer).completions.create({ model: wires.openai, prompt: 'Count to 3', n: 2, logprobs: 2, max_tokens: 20 });
        assert.equal(reply.choices.length, 2);
        assert.deepEqual(reply.choices[0].logprobs.tokens, ['1', ' 2', ' 3']);
        assert.deepEqual(reply.choices[0].logprobs.text_offset, [0, 1, 3]);
        assert.equal(Object.keys(reply.choices[0].logprobs.top_logprobs[0]).length, 2);
    });
    test('bad requests and failures', async () => {
        const customer = await gateway.customer();
        const client = clientOf(customer);
        await assert.rejects(client.completions.create({ model: native }), (error) => error instanceof OpenAI.BadRequestError && error.param === 'prompt');
        const paid = await counted(customer, 1, () => assert.rejects(client.completions.create({ model: 'fault-completions/500', prompt }), OpenAI.InternalServerError));
        assert.equal(paid, 0n);
        const broken = await counted(customer, 1, () => assert.rejects(async () => {
            for await (const chunk of await client.completions.create({ model: 'fault-completions/sse_error_mid', prompt: 'Count to 50', stream: true })) assert.ok(chunk);
        }, OpenAI.APIError));
        assert.equal(broken, 0n);
    });
});
