// The openai package against the gateway: everything a customer's program does, once on the OpenAI wire (lossless) and once on the
// Anthropic and the Responses wire (translated). Each call is checked three ways: what the SDK gave back, how often the provider was called, and
// that the wallet fell by exactly the cost that was told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { Gateway, embedder, hiddenWires, longAnswer, nanos, nanosOfCents, sleep, slowly, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const clientOf = (customer, options = {}) => new OpenAI({ apiKey: customer.key, baseURL: `${gateway.url}/v1`, maxRetries: 0, timeout: 20_000, ...options });

/** Runs calls of one customer; the provider must be called exactly `calls` times. Gives back what was paid, in nano-dollars. */
async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    return before.balance - after.balance;
}

const weather = {
    type: 'function',
    function: {
        name: 'get_weather',
        description: 'The weather of a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } }, required: ['city', 'unit'], additionalProperties: false },
    },
};
const clock = {
    type: 'function',
    function: { name: 'get_time', description: 'The time in a zone.', parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'], additionalProperties: false } },
};
function assertWeatherArguments(text) {
    const value = JSON.parse(text);
    assert.equal(typeof value.city, 'string');
    assert.ok(['c', 'f'].includes(value.unit), text);
}

/** OpenAI's Responses take no maximum below 16. */
const least = { responses: 16 };
/** The chat suite goes through the wires behind names nobody lists, and Google's, too. */
const chatWires = { ...wires, ...hiddenWires, gemini: 'google/gemini-2.5-flash' };
const slow = { ...slowly, gemini: 'fault-gemini/slow' };

for (const [wire, model] of Object.entries(chatWires)) {
    describe(`chat through the ${wire} wire (${model})`, () => {
        const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Say hello.' }];

        test('plain', async () => {
            const customer = await gateway.customer();
            let reply, response;
            const paid = await counted(customer, 1, async () => {
                ({ data: reply, response } = await clientOf(customer).chat.completions.create({ model, messages }).withResponse());
            });
            assert.equal(reply.object, 'chat.completion');
            assert.equal(reply.model, model);
            assert.equal(reply.choices[0].message.role, 'assistant');
            assert.ok(reply.choices[0].message.content.length > 0);
            assert.equal(reply.choices[0].finish_reason, 'stop');
            assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens);
            assert.ok(paid > 0n);
            assert.equal(nanos(reply.usage.cost), paid);
            assert.equal(nanosOfCents(response.headers.get('x-cost-cents')), paid);
        });

        test('streamed with include_usage', async () => {
            const customer = await gateway.customer();
            let text = '', usage, finish, chunks = 0;
            const paid = await counted(customer, 1, async () => {
                const stream = await clientOf(customer).chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
                for await (const chunk of stream) {
                    chunks++;
                    text += chunk.choices[0]?.delta?.content ?? '';
                    finish = chunk.choices[0]?.finish_reason ?? finish;
                    if (chunk.usage) { assert.equal(usage, undefined, 'usage once'); usage = chunk.usage; }
                }
            });
            assert.ok(text.length > 0 && chunks > 2);
            assert.equal(finish, 'stop');
            assert.ok(paid > 0n);
            assert.equal(nanos(usage.cost), paid);
        });

        test('streamed and not, the same answer and the same price', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            let whole, streamed;
            const first = await counted(customer, 1, async () => { whole = await client.chat.completions.create({ model, messages }); });
            const second = await counted(customer, 1, async () => { streamed = await client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } }).finalChatCompletion(); });
            assert.equal(streamed.choices[0].message.content, whole.choices[0].message.content);
            assert.deepEqual([streamed.usage.prompt_tokens, streamed.usage.completion_tokens], [whole.usage.prompt_tokens, whole.usage.completion_tokens]);
            assert.equal(first, second);
        });

        test('streamed without include_usage is billed all the same', async () => {
            const customer = await gateway.customer();
            const paid = await counted(customer, 1, async () => {
                for await (const chunk of await clientOf(customer).chat.completions.create({ model, messages, stream: true })) assert.ok(!chunk.usage);
            });
            assert.ok(paid > 0n);
        });

        test('max_tokens cuts with finish_reason length', async () => {
            const customer = await gateway.customer();
            for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
                let reply;
                await counted(customer, 1, async () => { reply = await clientOf(customer).chat.completions.create({ model, ...longAnswer, ...limit }); });
                assert.equal(reply.choices[0].finish_reason, 'length');
                assert.ok(reply.usage.completion_tokens <= (least[wire] ?? 3));
            }
        });

        test('a tool that must be called', async () => {
            const customer = await gateway.customer();
            let reply;
            const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).chat.completions.create({ model, messages, tools: [weather], tool_choice: 'required', max_tokens: 64 }); });
            const [choice] = reply.choices;
            assert.equal(choice.finish_reason, 'tool_calls');
            assert.equal(choice.message.tool_calls[0].type, 'function');
            assert.equal(choice.message.tool_calls[0].function.name, 'get_weather');
            assert.ok(choice.message.tool_calls[0].id);
            assertWeatherArguments(choice.message.tool_calls[0].function.arguments);
            assert.equal(nanos(reply.usage.cost), paid);
        });

        test('a named tool out of two', async () => {
            const customer = await gateway.customer();
            const reply = await clientOf(customer).chat.completions.create({ model, messages, tools: [weather, clock], tool_choice: { type: 'function', function: { name: 'get_time' } } });
            assert.deepEqual(reply.choices[0].message.tool_calls.map((call) => call.function.name), ['get_time']);
        });

        test('parallel tool calls, streamed argument by argument', async () => {
            const customer = await gateway.customer();
            const client = clientOf(customer);
            const ask = { model, messages: [{ role: 'user', content: 'What is the weather in Paris, and what time is it there?' }], tools: [weather, clock], tool_choice: 'required' };
            const whole = await client.chat.completions.create(ask);
            const calls = whole.choices[0].message.tool_calls;
            assert.deepEqual(calls.map((call) => call.function.name).sort(), ['get_time', 'get_weather']);
            assert.equal(new Set(calls.map((call) => call.id)).size, 2);
            const pieces = new Map();
            let deltas = 0, finish;
            for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
                finish = chunk.choices[0]?.finish_reason ?? finish;
                for (const call of chunk.choices[0]?.delta?.tool_calls ?? []) {
                    deltas++;
                    const piece = pieces.get(call.index) ?? { id: '', name: '', arguments: '' };
                    if (call.id) piece.id = call.id;
                    piece.name += call.function?.name ?? '';
                    piece.arguments += call.function?.arguments ?? '';
                    pieces.set(call.index, piece);
                }
            }
            assert.equal(finish, 'tool_calls');
            assert.equal(pieces.size, 2);
            if (wire !== 'gemini') assert.ok(deltas > 4, 'arguments come in pieces');      // Google's calls come whole
            for (const piece of pieces.values()) {
                assert.ok(piece.id);
                if (piece.name === 'get_weather') assertWeatherArguments(piece.arguments);
                else assert.equal(typeof JSON.parse(piece.arguments).zone, 'string');
            }
            const { data: single, response } = await client.chat.completions.create({ ...ask, parallel_tool_calls: false }).withResponse();
            if (wire === 'gemini') assert.match(response.headers.get('x-aig-loss'), /parallel_tool_calls/);  // Google has no such switch
            else assert.equal(single.choices[0].message.tool_calls.length, 1);
        });

        for (const stream of [false, true]) {
            test(`a whole tool loop by the SDK${stream ? ', streamed' : ''}`, async () => {
                const customer = await gateway.customer();
                let asked = 0, answer;
                const tool = { type: 'function', function: { ...weather.function, function: ({ city }) => { asked++; return `It is 21 degrees in ${city}, code ZEBRA-77.`; }, parse: JSON.parse } };
                const paid = await counted(customer, 2, async () => {
                    const runner = clientOf(customer).chat.completions.runTools({ model, stream, messages: [{ role: 'user', content: 'Call get_weather for Paris, then tell me.' }], tools: [tool] });
                    answer = await runner.finalContent();
                });
                assert.equal(asked, 1);
                assert.match(answer, /ZEBRA-77/);
                assert.ok(paid > 0n);
            });
        }

        test('a JSON schema is obeyed', async () => {
            const customer = await gateway.customer();
            const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } }, required: ['name', 'age', 'tags'], additionalProperties: false };
            const reply = await clientOf(customer).chat.completions.create({ model, messages, response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } } });
            const value = JSON.parse(reply.choices[0].message.content);
            assert.deepEqual(Object.keys(value).sort(), ['age', 'name', 'tags']);
            assert.ok(Number.isInteger(value.age) && Array.isArray(value.tags) && typeof value.name === 'string');
        });

        test('an aborted stream: closed upstream, delivered part charged, nothing left held', async () => {
            const customer = await gateway.customer();
            await gateway.resetUpstream();
            const before = await customer.settled();
            const stream = await clientOf(customer).chat.completions.create({ model: slow[wire], ...longAnswer, stream: true, max_tokens: 4000 });
            let chunks = 0;
            for await (const chunk of stream) {
                if (chunk.choices[0]?.delta?.content && ++chunks === 5) break;     // the SDK aborts its request
            }
            const aborted = Date.now();
            for (;;) {
                const { running } = await gateway.upstream();
                if (running === 0) break;
                assert.ok(Date.now() - aborted < 5_000, 'the provider still streams seconds after the customer left');
                await sleep(10);
            }
            const wallet = await customer.settled();
            const paid = before.balance - wallet.balance;
            assert.ok(paid > 0n, 'delivered content is paid');
            assert.equal(wallet.available, wallet.balance);
            const list = await (await fetch(`${gateway.url}/v1/models`)).json();
            const { output_per_million: price = 100 } = list.data.find((row) => row.id === model)?.pricing ?? {};
            assert.ok(paid < nanos(price) * 4000n / 1_000_000n, 'not the whole answer');
            assert.equal(await gateway.upstreamCalls(), 1);
        });

        test('an aborted call that is not streamed leaves nothing held', async () => {
            const customer = await gateway.customer();
            const stop = new AbortController();
            const call = clientOf(customer).chat.completions.create({ model: `${slow[wire]}@3000`, ...longAnswer }, { signal: stop.signal });
            await sleep(150);
            stop.abort();
            await assert.rejects(call, OpenAI.APIUserAbortError);
            await customer.settled(125_000 / 10);
        });

        test('ten at once on one client', async () => {
            const customer = await gateway.customer();
            let replies;
            const paid = await counted(customer, 10, async () => {
                replies = await Promise.all(Array.from({ length: 10 }, (_, i) => clientOf(customer).chat.completions.create({ model, max_tokens: 1000, messages: [{ role: 'user', content: `Repeat: nonce-${i}` }] })));
            });
            assert.equal(replies.reduce((sum, reply) => sum + nanos(reply.usage.cost), 0n), paid);
            replies.forEach((reply, i) => assert.match(reply.choices[0].message.content, new RegExp(`nonce-${i}\\b`), 'each its own answer'));
        });
    });
}

describe('what only one wire has', () => {
    test('n = 2 where the wire has it, and 400 naming it where it has not', async () => {
        const customer = await gateway.customer();
        const ask = { messages: [{ role: 'user', content: 'Hi' }], n: 2 };
        const reply = await clientOf(customer).chat.completions.create({ model: wires.openai, ...ask });
        assert.deepEqual(reply.choices.map((choice) => choice.index), [0, 1]);
        const paid = await counted(customer, 0, () => assert.rejects(clientOf(customer).chat.completions.create({ model: wires.anthropic, ...ask }), (error) => error instanceof OpenAI.BadRequestError && /\bn\b/.test(error.message)));
        assert.equal(paid, 0n);
    });
    test('stop sequences go where the wire has them, and are 400 naming them where it has not', async () => {
        const customer = await gateway.customer();
        const ask = { messages: [{ role: 'user', content: 'Count to 9' }], stop: [' 4'] };
        for (const model of Object.values(wires)) assert.equal((await clientOf(customer).chat.completions.create({ model, ...ask })).choices[0].message.content, '1 2 3');
        await counted(customer, 0, () => assert.rejects(clientOf(customer).chat.completions.create({ model: hiddenWires.responses, ...ask }), (error) => error instanceof OpenAI.BadRequestError && /stop/.test(error.message)));
    });
    test('what a target drops is named in x-aig-loss', async () => {
        const customer = await gateway.customer();
        const ask = { messages: [{ role: 'user', content: 'Hi' }], seed: 7, logprobs: true, user: 'someone' };
        const { response } = await clientOf(customer).chat.completions.create({ model: wires.anthropic, ...ask }).withResponse();
        for (const name of ['seed', 'logprobs']) assert.match(response.headers.get('x-aig-loss') ?? '', new RegExp(`\\b${name}\\b`));
        const lossless = await clientOf(customer).chat.completions.create({ model: wires.openai, ...ask }).withResponse();
        assert.equal(lossless.response.headers.get('x-aig-loss'), null);
    });
});

describe('embeddings', () => {
    for (const [name, options] of Object.entries({ 'the SDK default (base64, decoded)': {}, float: { encoding_format: 'float' }, base64: { encoding_format: 'base64' } })) {
        test(name, async () => {
            const customer = await gateway.customer();
            let reply;
            const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).embeddings.create({ model: embedder, input: ['hello', 'world'], ...options }); });
            assert.equal(reply.object, 'list');
            assert.deepEqual(reply.data.map((row) => row.index), [0, 1]);
            const first = options.encoding_format === 'base64' ? [...new Float32Array(Uint8Array.from(Buffer.from(reply.data[0].embedding, 'base64')).buffer)] : reply.data[0].embedding;
            assert.ok(first.length > 0 && first.every((x) => typeof x === 'number' && Number.isFinite(x)));
            assert.ok(reply.usage.prompt_tokens > 0);
            assert.ok(paid > 0n);
            assert.equal(nanos(reply.usage.cost), paid);
        });
    }
    test('default and float agree; the order is kept', async () => {
        const customer = await gateway.customer();
        const client = clientOf(customer);
        const [decoded, floats] = [await client.embeddings.create({ model: embedder, input: ['a', 'b', 'c'] }), await client.embeddings.create({ model: embedder, input: ['a', 'b', 'c'], encoding_format: 'float' })];
        decoded.data.forEach((row, i) => row.embedding.forEach((x, j) => assert.ok(Math.abs(x - floats.data[i].embedding[j]) < 1e-5)));
        assert.notDeepEqual(floats.data[0].embedding, floats.data[1].embedding);
    });
    test('token arrays, one and many', async () => {
        const customer = await gateway.customer();
        const client = clientOf(customer);
        assert.equal((await client.embeddings.create({ model: embedder, input: [1, 2, 3] })).data.length, 1);
        assert.equal((await client.embeddings.create({ model: embedder, input: [[1, 2], [3]] })).data.length, 2);
    });
    test('dimensions', async () => {
        const customer = await gateway.customer();
        const reply = await clientOf(customer).embeddings.create({ model: embedder, input: 'hello', dimensions: 64 });
        assert.equal(reply.data[0].embedding.length, 64);
    });
});

describe('models', () => {
    test('list and retrieve, the slash in the id included', async () => {
        const client = clientOf(await gateway.customer());
        const ids = [];
        for await (const model of client.models.list()) ids.push(model.id);
        for (const model of [...Object.values(wires), embedder]) assert.ok(ids.includes(model), model);
        assert.equal((await client.models.retrieve(wires.openai)).id, wires.openai);
        await assert.rejects(client.models.retrieve('nobody/knows'), OpenAI.NotFoundError);
    });
});

describe('each error class the SDK tells apart', () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const refusals = {
        BadRequestError: { status: 400, ask: { model: wires.openai, messages: 'no' } },
        NotFoundError: { status: 404, ask: { model: 'nobody/knows', messages } },
        PermissionDeniedError: { status: 403, ask: { model: wires.anthropic, messages }, key: { models: [wires.openai] } },
        UnprocessableEntityError: { status: 422, ask: { model: wires.openai, messages }, prefix: 'sk_live_', credit: '0' },
        APIError: { status: 402, ask: { model: wires.openai, messages }, credit: '0' },
    };
    for (const [name, { status, ask, ...customer }] of Object.entries(refusals)) {
        test(`${name} (${status})`, async () => {
            const someone = await gateway.customer(customer);
            const paid = await counted(someone, 0, () => assert.rejects(clientOf(someone).chat.completions.create(ask), (error) => {
                assert.ok(error instanceof OpenAI[name], `${error.constructor.name}: ${error.message}`);
                assert.equal(error.status, status);
                assert.ok(error.requestID);
                return true;
            }));
            assert.equal(paid, 0n);
        });
    }
    test('AuthenticationError (401)', async () => {
        const client = new OpenAI({ apiKey: 'sk-nonsense', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
        await assert.rejects(client.chat.completions.create({ model: wires.openai, messages }), OpenAI.AuthenticationError);
    });
    test('RateLimitError (429), and the SDK waits as told and comes through', async () => {
        const customer = await gateway.customer({ key: { rpm: 1 } });
        const client = clientOf(customer);
        await client.chat.completions.create({ model: wires.openai, messages });
        await assert.rejects(client.chat.completions.create({ model: wires.openai, messages }), (error) => error instanceof OpenAI.RateLimitError && Number(error.headers.get('retry-after')) >= 1);
    });
    test('InternalServerError (5xx) when the provider fails; free; the SDK’s retries are separate calls', async () => {
        const customer = await gateway.customer();
        const paid = await counted(customer, 3, () => assert.rejects(clientOf(customer, { maxRetries: 2 }).chat.completions.create({ model: 'fault/500', messages }), OpenAI.InternalServerError));
        assert.equal(paid, 0n);
    });
    test('a stream that fails midway throws, and is free', async () => {
        const customer = await gateway.customer();
        const paid = await counted(customer, 1, () => assert.rejects(async () => {
            for await (const chunk of await clientOf(customer).chat.completions.create({ model: 'fault/sse_error_mid', messages, stream: true })) assert.ok(chunk);
        }, OpenAI.APIError));
        assert.equal(paid, 0n);
    });
});
