// The @google/genai package against the gateway: everything a customer's program does, on Google's own wire (lossless), the OpenAI
// wire and the Anthropic wire (translated). Each call is checked three ways: what the SDK gave back, how often the provider was
// called, and that the wallet fell by exactly the cost that was told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import { Gateway, events, longAnswer, nanos, nanosOfCents, sleep, wires } from './harness.mjs';

const models = { gemini: 'google/gemini-2.5-flash', ...wires };
const slowly = { gemini: 'fault-gemini/slow', openai: 'fault/slow', anthropic: 'fault-anthropic/slow' };
const image = 'google/gemini-2.5-flash-image';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const clientOf = (customer, options = {}) => new GoogleGenAI({ apiKey: customer.key, httpOptions: { baseUrl: gateway.url, ...options } });

/** Runs calls of one customer; the provider must be called exactly `calls` times. Gives back what was paid, in nano-dollars. */
async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    return before.balance - after.balance;
}
const cost = (reply) => nanos(reply.usageMetadata.cost);
const textOf = (chunks) => chunks.map((chunk) => (chunk.candidates?.[0]?.content?.parts ?? []).filter((part) => part.text && !part.thought).map((part) => part.text).join('')).join('');
const raw = (customer, pathname, body, headers = { 'x-goog-api-key': customer.key }) =>
    fetch(gateway.url + pathname, { method: body ? 'POST' : 'GET', headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) }, body: body && JSON.stringify(body) });

const weather = {
    name: 'get_weather',
    description: 'The weather of a city.',
    parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING }, unit: { type: Type.STRING, enum: ['c', 'f'] } }, required: ['city', 'unit'] },
};

for (const [wire, model] of Object.entries(models)) {
    describe(`generateContent through the ${wire} wire (${model})`, () => {
        const ask = { model, contents: 'Say hello.', config: { systemInstruction: 'Be brief.' } };

        test('plain', async () => {
            const customer = await gateway.customer();
            let reply;
            const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).models.generateContent(ask); });
            assert.ok(reply.text.length > 0);
            assert.equal(reply.candidates[0].finishReason, 'STOP');
            assert.equal(reply.candidates[0].content.role, 'model');
            assert.equal(reply.modelVersion, model);
            const usage = reply.usageMetadata;
            assert.equal(usage.totalTokenCount, usage.promptTokenCount + usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0));
            assert.ok(paid > 0n);
            assert.equal(cost(reply), paid);
            assert.equal(nanosOfCents(reply.sdkHttpResponse.headers['x-cost-cents']), paid);
        });

        test('streamed: the same answer at the same price', async () => {
            const customer = await gateway.customer();
            const chunks = [];
            let whole;
            const paid = await counted(customer, 1, async () => { for await (const chunk of await clientOf(customer).models.generateContentStream(ask)) chunks.push(chunk); });
            const paidWhole = await counted(customer, 1, async () => { whole = await clientOf(customer).models.generateContent(ask); });
            assert.ok(chunks.length > 2);
            assert.equal(textOf(chunks), whole.text);
            assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
            assert.ok(chunks.slice(0, -1).every((chunk) => !chunk.candidates?.[0]?.finishReason), 'nothing ends before the end');
            assert.equal(cost(chunks.at(-1)), paid);
            assert.equal(paid, paidWhole);
        });

        test('maxOutputTokens cuts with MAX_TOKENS', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).models.generateContent({ model, contents: 'Count to 50.', config: { maxOutputTokens: 5 } });
            assert.equal(reply.candidates[0].finishReason, 'MAX_TOKENS');
            assert.equal(reply.usageMetadata.candidatesTokenCount, 5);
        });

        for (const stream of [false, true])
            test(`a tool loop that keeps what the model thought${stream ? ', streamed' : ''}`, async () => {
                const customer = await gateway.customer();
                const config = { tools: [{ functionDeclarations: [weather] }], thinkingConfig: { thinkingBudget: 2048, includeThoughts: true } };
                const contents = [{ role: 'user', parts: [{ text: 'What is the weather in Paris and in Tokyo? Use get_weather.' }] }];
                const ai = clientOf(customer);
                const turn = async () => {
                    if (!stream) return (await ai.models.generateContent({ model, contents, config })).candidates[0].content;
                    const parts = [];
                    for await (const chunk of await ai.models.generateContentStream({ model, contents, config })) parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
                    return { role: 'model', parts };
                };
                const paid = await counted(customer, 2, async () => {
                    const called = await turn();
                    contents.push(called);
                    const calls = called.parts.filter((part) => part.functionCall);
                    assert.deepEqual(calls.map((part) => part.functionCall.args.city).sort(), ['Paris', 'Tokyo']);
                    if (wire === 'gemini') assert.deepEqual(calls.map((part) => Boolean(part.thoughtSignature)), [true, false], 'the first of parallel calls is signed');
                    contents.push({ role: 'user', parts: calls.map(({ functionCall: { id, name, args } }) => ({ functionResponse: { id, name, response: { output: `${args.city}: sunny` } } })) });
                    const answer = await turn();
                    assert.match(answer.parts.filter((part) => !part.thought).map((part) => part.text ?? '').join(''), /Paris: sunny.*Tokyo: sunny/);
                });
                assert.ok(paid > 0n);
            });

        test('a function that must be called, and none', async () => {
            const customer = await gateway.customer();
            const ai = clientOf(customer);
            const config = (mode) => ({ tools: [{ functionDeclarations: [weather] }], toolConfig: { functionCallingConfig: { mode } } });
            const forced = await ai.models.generateContent({ model, contents: 'Hello there, Rome', config: config(FunctionCallingConfigMode.ANY) });
            assert.equal(forced.functionCalls[0].name, 'get_weather');
            assert.ok(['c', 'f'].includes(forced.functionCalls[0].args.unit));
            const none = await ai.models.generateContent({ model, contents: 'Use get_weather for the weather in Rome', config: config(FunctionCallingConfigMode.NONE) });
            assert.equal(none.functionCalls, undefined);
        });

        test('a JSON schema is obeyed, in both of its spellings', async () => {
            const customer = await gateway.customer();
            const ai = clientOf(customer);
            const fields = { responseSchema: { type: Type.OBJECT, properties: { city: { type: Type.STRING }, people: { type: Type.INTEGER } }, required: ['city', 'people'] },
                responseJsonSchema: { type: 'object', properties: { city: { type: 'string' }, people: { type: 'integer' } }, required: ['city', 'people'], additionalProperties: false } };
            for (const [name, schema] of Object.entries(fields)) {
                const reply = await ai.models.generateContent({ model, contents: 'Tell me of Paris', config: { responseMimeType: 'application/json', [name]: schema } });
                const value = JSON.parse(reply.text);
                assert.equal(typeof value.city, 'string', name);
                assert.ok(Number.isInteger(value.people), name);
            }
        });

        test('a chat session', async () => {
            const customer = await gateway.customer();
            const chat = clientOf(customer).chats.create({ model });
            await chat.sendMessage({ message: 'first' });
            const second = await chat.sendMessage({ message: 'Repeat: second' });
            assert.match(second.text, /second/);
            assert.equal(chat.getHistory().length, 4);
        });

        test('an image in the request', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).models.generateContent({ model, contents: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }, { text: 'What is this?' }] });
            assert.match(reply.text, /1 image/);
        });

        test('countTokens is ours and free', async () => {
            const customer = await gateway.customer();
            let counted1;
            const paid = await counted(customer, 0, async () => { counted1 = await clientOf(customer).models.countTokens({ model, contents: 'The quick brown fox jumps over the lazy dog.' }); });
            assert.ok(counted1.totalTokens >= 5 && counted1.totalTokens <= 40, String(counted1.totalTokens));
            assert.equal(paid, 0n);
        });

        test('an aborted stream: closed upstream, delivered part charged, nothing left held', async () => {
            const customer = await gateway.customer();
            await gateway.resetUpstream();
            const before = await customer.settled();
            const stop = new AbortController();
            const stream = await clientOf(customer).models.generateContentStream({ model: slowly[wire], contents: longAnswer.messages[0].content, config: { abortSignal: stop.signal, maxOutputTokens: 4000 } });
            let chunks = 0;
            await assert.rejects(async () => { for await (const chunk of stream) if (chunk.text && ++chunks === 5) stop.abort(); });
            for (const aborted = Date.now(); (await gateway.upstream()).running; await sleep(10)) assert.ok(Date.now() - aborted < 5_000, 'the provider still streams seconds after the customer left');
            const wallet = await customer.settled();
            assert.ok(before.balance > wallet.balance, 'delivered content is paid');
            assert.equal(wallet.available, wallet.balance);
            assert.equal(await gateway.upstreamCalls(), 1);
        });

        test('a stream that fails midway throws, and is free', async () => {
            const customer = await gateway.customer();
            const fault = { gemini: 'fault-gemini/sse_error_mid', openai: 'fault/sse_error_mid', anthropic: 'fault-anthropic/sse_error_mid' }[wire];
            const paid = await counted(customer, 1, () => assert.rejects(async () => {
                for await (const _ of await clientOf(customer).models.generateContentStream({ model: fault, contents: 'Count to 20.' }));
            }, ApiError));
            assert.equal(paid, 0n);
        });
    });
}

describe('embedContent', () => {
    for (const [wire, model] of Object.entries({ gemini: 'google/gemini-embedding-001', openai: 'baai/bge-m3' }))
        test(`through the ${wire} wire`, async () => {
            const customer = await gateway.customer();
            let reply;
            const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).models.embedContent({ model, contents: ['one text', 'another'], config: { outputDimensionality: 64, taskType: wire === 'gemini' ? 'RETRIEVAL_QUERY' : undefined } }); });
            assert.deepEqual(reply.embeddings.map((one) => one.values.length), [64, 64]);
            assert.ok(paid > 0n);
            const single = await (await raw(customer, `/v1beta/models/${model}:embedContent`, { content: { parts: [{ text: 'one text' }] }, outputDimensionality: 64 })).json();
            assert.deepEqual(single.embedding.values, reply.embeddings[0].values);
            assert.ok(nanos(single.usageMetadata.cost) > 0n);
        });
});

describe('images in the answer', () => {
    const config = { responseModalities: ['TEXT', 'IMAGE'], imageConfig: { aspectRatio: '1:1' } };
    const isPng = (part) => part.inlineData?.mimeType === 'image/png' && Buffer.from(part.inlineData.data, 'base64').subarray(1, 4).toString() === 'PNG';
    test('whole and streamed, priced as output tokens', async () => {
        const customer = await gateway.customer();
        let whole, parts = [], last;
        const paid = await counted(customer, 2, async () => {
            whole = await clientOf(customer).models.generateContent({ model: image, contents: 'A blue square', config });
            for await (const chunk of await clientOf(customer).models.generateContentStream({ model: image, contents: 'A blue square', config })) {
                parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
                last = chunk;
            }
        });
        assert.equal(whole.candidates[0].content.parts.filter(isPng).length, 1);
        assert.equal(parts.filter(isPng).length, 1);
        assert.ok(whole.usageMetadata.candidatesTokenCount > 1290);
        assert.equal(cost(whole) + cost(last), paid);
    });
});

describe('signatures', () => {
    test('a model that wants them back gets them byte-equal', async () => {
        const customer = await gateway.customer();
        const model = 'sim/gemini-3';
        const chat = { tools: [{ functionDeclarations: [weather] }], contents: [{ role: 'user', parts: [{ text: 'Use get_weather for the weather in Rome' }] }] };
        const first = await (await raw(customer, `/v1beta/models/${model}:generateContent`, chat)).json();
        const call = first.candidates[0].content.parts.find((part) => part.functionCall);
        assert.ok(call.thoughtSignature);
        const answer = { role: 'user', parts: [{ functionResponse: { name: 'get_weather', id: call.functionCall.id, response: { output: 'sunny' } } }] };
        const again = (parts) => raw(customer, `/v1beta/models/${model}:generateContent`, { ...chat, contents: [...chat.contents, { role: 'model', parts }, answer] });
        assert.equal((await again([call])).status, 200);
        const { thoughtSignature, ...bare } = call;
        assert.equal((await again([bare])).status, 400, 'the provider misses it');
        const foreign = await again([{ ...bare, thoughtSignature: thoughtSignature.replace(/.$/, (c) => (c === '0' ? '1' : '0')) }]);
        assert.equal(foreign.status, 400, 'the provider sees that it was changed');
        assert.match((await foreign.json()).error.message, /[Tt]hought signature/);
    });
});

describe('the surface', () => {
    test('the models, page by page, also under their bare names', async () => {
        const customer = await gateway.customer();
        const names = [];
        for await (const model of await clientOf(customer).models.list({ config: { pageSize: 3 } })) names.push(model.name);
        for (const name of ['models/google/gemini-2.5-flash', 'models/gemini-2.5-flash', 'models/openai/gpt-5.4', 'models/gemini-embedding-001']) assert.ok(names.includes(name), name);
        assert.equal(new Set(names).size, names.length);
        const one = await clientOf(customer).models.get({ model: 'google/gemini-2.5-flash' });
        assert.equal(one.displayName, 'Gemini 2.5 Flash');
        assert.equal(one.inputTokenLimit, 1_048_576);
        assert.equal((await fetch(`${gateway.url}/v1beta/models`)).status, 200, 'public without a key');
    });

    test('a key in the query, in a header, as a Bearer; under /v1 and without a slash in the id', async () => {
        const customer = await gateway.customer();
        const body = { contents: [{ parts: [{ text: 'Say hello.' }] }] };
        const ways = [
            [`/v1beta/models/gemini-2.5-flash:generateContent?key=${customer.key}`, {}],
            ['/v1beta/models/google/gemini-2.5-flash:generateContent', { 'x-goog-api-key': customer.key }],
            ['/v1beta/models/google%2Fgemini-2.5-flash:generateContent', { authorization: `Bearer ${customer.key}` }],
            ['/v1/models/gemini-2.5-flash:generateContent', { 'x-goog-api-key': customer.key }],
            ['/v1/v1beta/models/gemini-2.5-flash:generateContent', { 'x-goog-api-key': customer.key }],
        ];
        for (const [pathname, headers] of ways) {
            const reply = await raw(customer, pathname, body, headers);
            assert.equal(reply.status, 200, pathname);
            assert.equal((await reply.json()).candidates[0].finishReason, 'STOP');
        }
        assert.ok(!gateway.program.output.includes(customer.key), 'a key in the log');
    });

    for (const [wire, model] of Object.entries(models))
        test(`a stream as one array (${wire})`, async () => {
            const customer = await gateway.customer();
            let chunks;
            const paid = await counted(customer, 1, async () => {
                const reply = await raw(customer, `/v1beta/models/${model}:streamGenerateContent`, { contents: [{ parts: [{ text: 'Count to 12.' }] }] });
                assert.match(reply.headers.get('content-type'), /^application\/json/);
                chunks = await reply.json();
            });
            assert.ok(Array.isArray(chunks) && chunks.length > 2);
            assert.equal(textOf(chunks), '1 2 3 4 5 6 7 8 9 10 11 12');
            assert.equal(nanos(chunks.at(-1).usageMetadata.cost), paid);
        });

    test('errors are Google’s', async () => {
        const customer = await gateway.customer();
        const poor = await gateway.customer({ credit: '0' });
        const ask = { contents: [{ parts: [{ text: 'hi' }] }] };
        const cases = [
            [401, 'UNAUTHENTICATED', '/v1beta/models/gemini-2.5-flash:generateContent', ask, { 'x-goog-api-key': 'sk-wrong' }],
            [401, 'UNAUTHENTICATED', '/v1beta/models/gemini-2.5-flash:generateContent', ask, {}],
            [404, 'NOT_FOUND', '/v1beta/models/gemini-none:generateContent', ask],
            [404, 'NOT_FOUND', '/v1beta/models/gemini-2.5-flash:sing', ask],
            [400, 'INVALID_ARGUMENT', '/v1beta/models/gemini-2.5-flash:generateContent', { contents: [] }],
            [400, 'INVALID_ARGUMENT', '/v1/models/gemini-2.5-flash:generateContent', { contents: 7 }],
            [402, 'RESOURCE_EXHAUSTED', '/v1beta/models/gemini-2.5-flash:generateContent', ask, { 'x-goog-api-key': poor.key }],
            [503, 'UNAVAILABLE', '/v1beta/models/fault-gemini/500:generateContent', ask],
            [400, 'INVALID_ARGUMENT', '/v1beta/models/fault-gemini/context_length:generateContent', ask],
        ];
        for (const [status, word, pathname, body, headers] of cases) {
            const reply = await raw(customer, pathname, body, headers);
            const { error } = await reply.json();
            assert.equal(reply.status, status, pathname);
            assert.deepEqual([error.code, error.status], [status, word], pathname);
            assert.ok(error.message.length > 0);
        }
        await assert.rejects(clientOf(customer).models.generateContent({ model: 'gemini-none', contents: 'hi' }), (error) => error instanceof ApiError && error.status === 404);
    });

    test('failover crosses wires before content', async () => {
        const customer = await gateway.customer();
        const reply = await clientOf(customer).models.generateContent({ model: 'failover-gemini/500', contents: 'Say hello.' });
        assert.equal(reply.text, 'Hello! How can I help you today?');
        assert.equal(reply.sdkHttpResponse.headers['x-aig-attempts'], '2');
    });

    test('events end with CR LF CR LF and no end marker', async () => {
        const customer = await gateway.customer();
        const reply = await raw(customer, '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', { contents: [{ parts: [{ text: 'Say hello.' }] }] });
        const chunks = [];
        for await (const { event, data } of events(reply)) {
            assert.equal(event, null);
            chunks.push(JSON.parse(data));
        }
        assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP');
    });
});
