// The openai package against the wires that no listed model uses: Bedrock (with a key and signed), InvokeModel, Claude on Vertex,
// Cohere, Mistral, Ollama. Each call is checked three ways: what the SDK gave back, how often the provider was called, and that the
// wallet fell by exactly the cost that was told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { Gateway, longAnswer, nanos } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const clientOf = (customer, options = {}) => new OpenAI({ apiKey: customer.key, baseURL: `${gateway.url}/v1`, maxRetries: 0, timeout: 20_000, ...options });
async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    return before.balance - after.balance;
}

const tool = (name, properties) => ({ type: 'function', function: { name, description: name, parameters: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false } } });
const weather = tool('get_weather', { city: { type: 'string' } }), clock = tool('get_time', { zone: { type: 'string' } });
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** What a wire cannot do is refused by name, and costs nothing. */
const wires = {
    bedrock: {}, 'bedrock-signed': {}, 'bedrock-invoke': {}, 'vertex-anthropic': {}, cohere: {}, mistral: { manyChoices: true }, ollama: { forced: false },
};
const faultPrefix = (wire) => `fault-${wire}/`;

for (const [wire, { forced = true, manyChoices = false }] of Object.entries(wires)) {
    const model = `sim/${wire}`;
    describe(`chat through ${model}`, () => {
        const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Say hello.' }];

        test('plain and streamed: the same answer, the same price, exactly what was told', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            let whole, streamed;
            const first = await counted(customer, 1, async () => { whole = await client.chat.completions.create({ model, messages }); });
            const second = await counted(customer, 1, async () => { streamed = await client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } }).finalChatCompletion(); });
            assert.equal(whole.model, model);
            assert.equal(whole.choices[0].finish_reason, 'stop');
            assert.ok(whole.choices[0].message.content.length > 0);
            assert.equal(streamed.choices[0].message.content, whole.choices[0].message.content);
            assert.deepEqual([streamed.usage.prompt_tokens, streamed.usage.completion_tokens], [whole.usage.prompt_tokens, whole.usage.completion_tokens]);
            assert.ok(first > 0n);
            assert.equal(nanos(whole.usage.cost), first);
            assert.equal(first, second);
        });

        test('max_tokens cuts with finish_reason length', async () => {
            const customer = await gateway.customer();
            let reply;
            await counted(customer, 1, async () => { reply = await clientOf(customer).chat.completions.create({ model, ...longAnswer, max_tokens: 3 }); });
            assert.equal(reply.choices[0].finish_reason, 'length');
            assert.ok(reply.usage.completion_tokens <= 3);
        });

        for (const stream of [false, true]) {
            test(`a whole tool loop by the SDK${stream ? ', streamed' : ''}`, async () => {
                const customer = await gateway.customer();
                let asked = 0, answer;
                const runnable = { type: 'function', function: { ...weather.function, function: ({ city }) => { asked++; return `It is 21 degrees in ${city}, code ZEBRA-77.`; }, parse: JSON.parse } };
                const paid = await counted(customer, 2, async () => {
                    answer = await clientOf(customer).chat.completions.runTools({ model, stream, messages: [{ role: 'user', content: 'Call get_weather for Paris, then tell me.' }], tools: [runnable] }).finalContent();
                });
                assert.equal(asked, 1);
                assert.match(answer, /ZEBRA-77/);
                assert.ok(paid > 0n);
            });
        }

        test(`a tool that must be called${forced ? '' : ' is refused'}`, async () => {
            const customer = await gateway.customer();
            const ask = { model, messages, tools: [weather, clock], tool_choice: { type: 'function', function: { name: 'get_time' } } };
            if (!forced) {
                assert.equal(await counted(customer, 0, () => assert.rejects(clientOf(customer).chat.completions.create(ask), (error) => error instanceof OpenAI.BadRequestError && /tool_choice/.test(error.message))), 0n);
                return;
            }
            const reply = await clientOf(customer).chat.completions.create(ask);
            assert.equal(reply.choices[0].finish_reason, 'tool_calls');
            assert.deepEqual(reply.choices[0].message.tool_calls.map((call) => call.function.name), ['get_time']);
            assert.equal(typeof JSON.parse(reply.choices[0].message.tool_calls[0].function.arguments).zone, 'string');
        });

        test('parallel calls and their results, an error among them', async () => {
            const customer = await gateway.customer();
            const calls = ['a', 'b'].map((id) => ({ id: `call_${id}`, type: 'function', function: { name: 'get_weather', arguments: JSON.stringify({ city: id }) } }));
            const reply = await clientOf(customer).chat.completions.create({
                model, tools: [weather], messages: [{ role: 'user', content: 'Weather in a and b?' }, { role: 'assistant', content: null, tool_calls: calls },
                    { role: 'tool', tool_call_id: 'call_b', content: 'rain YAK-1' }, { role: 'tool', tool_call_id: 'call_a', content: 'sun YAK-2' }],
            });
            assert.match(reply.choices[0].message.content, /YAK-1/);
            assert.match(reply.choices[0].message.content, /YAK-2/);
        });

        test('a JSON schema is obeyed', async () => {
            const customer = await gateway.customer();
            const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name', 'age'], additionalProperties: false };
            const reply = await clientOf(customer).chat.completions.create({ model, messages, response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } } });
            const value = JSON.parse(reply.choices[0].message.content);
            assert.deepEqual(Object.keys(value).sort(), ['age', 'name']);
        });

        test('an image as bytes', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).chat.completions.create({ model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } }] }] });
            assert.ok(reply.usage.prompt_tokens > 100);
        });

        test('what cannot be said is refused by name or told as a loss', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            if (!manyChoices) {
                assert.equal(await counted(customer, 0, () => assert.rejects(client.chat.completions.create({ model, messages, n: 2 }), (error) => error instanceof OpenAI.BadRequestError && /\bn\b/.test(error.message))), 0n);
            }
            const { response } = await client.chat.completions.create({ model, messages, user: 'someone', logit_bias: { 50256: -1 } }).withResponse();
            assert.match(response.headers.get('x-aig-loss') ?? '', /\blogit_bias\b/);
        });

        test('failures are free and have the status of their kind', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            const expected = { 500: 502, 503: 503, 401: 502, context_length: 413, json_error_200: null, eof_mid_body: null };
            for (const [fault, status] of Object.entries(expected)) {
                for (const stream of [false, true]) {
                    const paid = await counted(customer, 1, () => assert.rejects(async () => {
                        const reply = await client.chat.completions.create({ model: `${faultPrefix(wire)}${fault}`, messages, stream });
                        if (stream) for await (const chunk of reply) void chunk;
                    }, (error) => status === null || error.status === status || assert.fail(`${fault} ${stream}: ${error.status} ${error.message}`)));
                    assert.equal(paid, 0n, `${fault}${stream ? ', streamed' : ''}`);
                }
            }
        });

        test('a stream that fails in the middle says so in-band, is free and never ends well', async () => {
            const customer = await gateway.customer();
            for (const fault of ['sse_error_mid@3', 'eof_mid_event@3']) {
                let text = '', finish;
                const paid = await counted(customer, 1, () => assert.rejects(async () => {
                    for await (const chunk of await clientOf(customer).chat.completions.create({ model: `${faultPrefix(wire)}${fault}`, ...longAnswer, max_tokens: 50, stream: true })) {
                        text += chunk.choices[0]?.delta?.content ?? '';
                        finish = chunk.choices[0]?.finish_reason ?? finish;
                    }
                }));
                assert.ok(!finish, `${fault}: '${text}' ${finish}`);
                assert.equal(paid, 0n);
            }
        });
    });
}

for (const model of ['sim/cohere-embed', 'sim/ollama-embed']) {
    test(`embeddings of ${model}`, async () => {
        const customer = await gateway.customer();
        let reply;
        const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).embeddings.create({ model, input: ['hello', 'world'] }); });
        assert.deepEqual(reply.data.map((row) => row.index), [0, 1]);
        assert.ok(reply.data[0].embedding.length > 0 && reply.data[0].embedding.every(Number.isFinite));
        assert.notDeepEqual(reply.data[0].embedding, reply.data[1].embedding);
        assert.equal(nanos(reply.usage.cost), paid);
        assert.ok(paid > 0n);
    });
}

test('the simulated Amazon refuses a signature that is not right', async () => {
    const sim = `${gateway.simUrl}/model/us.anthropic.claude/converse`, body = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] });
    const signed = `AWS4-HMAC-SHA256 Credential=AKIASIMULATED/20200101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
    const now = new Date().toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
    const ask = (headers) => fetch(sim, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    assert.equal((await ask({})).status, 403);
    const wrong = await ask({ authorization: signed.replace('20200101', now.slice(0, 8)), 'x-amz-date': now });
    assert.equal(wrong.status, 403);
    assert.match((await wrong.json()).message, /does not match/);
    assert.match((await (await ask({ authorization: signed, 'x-amz-date': '20200101T000000Z' })).json()).message, /expired/);
});
