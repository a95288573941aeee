// Anthropic's own package, in both of its generations, against the gateway: everything a customer's program does, once on the
// Anthropic wire (lossless) and once on each other wire (translated). Each call is checked three ways: what the SDK gave back, how
// often the provider was called, and that the wallet fell by exactly the cost that was told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic1 from '@anthropic-ai/sdk';
import Anthropic0 from 'anthropic-sdk-0';
import { Gateway, embedder, events, hiddenWires, longAnswer, nanos, nanosOfCents, sleep, slowly, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const everyWire = { ...wires, ...hiddenWires, gemini: 'google/gemini-2.5-flash' };
const sdks = { 'sdk 1.x': Anthropic1, 'sdk 0.x': Anthropic0 };
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const messages = [{ role: 'user', content: 'Say hello.' }];
const weather = {
    name: 'get_weather', description: 'The weather of a city.',
    input_schema: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } }, required: ['city', 'unit'], additionalProperties: false },
};
const clock = { name: 'get_time', description: 'The time in a zone.', input_schema: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'], additionalProperties: false } };
const blocksOf = (message, type) => message.content.filter((block) => block.type === type);
const textOf = (message) => blocksOf(message, 'text').map((block) => block.text).join('');

/** Runs calls of one customer; the provider must be called exactly `calls` times. Gives back what was paid, in nano-dollars. */
async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    return before.balance - after.balance;
}

for (const [sdk, Anthropic] of Object.entries(sdks)) {
    const clientOf = (customer, options = {}) => new Anthropic({ apiKey: customer.key, baseURL: gateway.url, maxRetries: 0, timeout: 20_000, ...options });

    for (const [wire, model] of Object.entries(everyWire)) {
        describe(`${sdk}: messages through the ${wire} wire (${model})`, () => {
            test('plain', async () => {
                const customer = await gateway.customer();
                let reply, response;
                const paid = await counted(customer, 1, async () => {
                    ({ data: reply, response } = await clientOf(customer).messages.create({ model, max_tokens: 100, system: 'Be brief.', messages }).withResponse());
                });
                assert.equal(reply.type, 'message');
                assert.equal(reply.role, 'assistant');
                assert.equal(reply.model, model);
                assert.match(reply.id, /^msg_/);
                assert.ok(textOf(reply).length > 0);
                assert.equal(reply.stop_reason, 'end_turn');
                assert.ok(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
                assert.ok(paid > 0n);
                assert.equal(nanos(reply.usage.cost), paid);
                assert.equal(nanosOfCents(response.headers.get('x-cost-cents')), paid);
                assert.ok(response.headers.get('request-id'));
                assert.equal(reply._request_id, response.headers.get('request-id'));
            });

            test('streamed by the helper, event by event, the same answer and the same price', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                const ask = { model, max_tokens: 100, messages };
                let whole, streamed, raw = [];
                const first = await counted(customer, 1, async () => { whole = await client.messages.create(ask); });
                const second = await counted(customer, 1, async () => { streamed = await client.messages.stream(ask).finalMessage(); });
                await counted(customer, 1, async () => { for await (const event of await client.messages.create({ ...ask, stream: true })) raw.push(event); });
                assert.equal(textOf(streamed), textOf(whole));
                assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
                assert.equal(streamed.stop_reason, 'end_turn');
                assert.equal(first, second);
                assert.equal(raw[0].type, 'message_start');
                assert.ok(raw[0].message.usage.input_tokens > 0, 'clients show the prompt while it runs');
                assert.equal(raw[0].message.model, model);
                assert.equal(raw.at(-1).type, 'message_stop');
                const [delta] = raw.filter((event) => event.type === 'message_delta');
                assert.equal(nanos(delta.usage.cost), second);
            });

            test('max_tokens and stop_sequences', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                const cut = await client.messages.create({ model, max_tokens: 3, ...longAnswer });
                assert.equal(cut.stop_reason, 'max_tokens');
                assert.ok(cut.usage.output_tokens <= (wire === 'responses' ? 16 : 3), 'Responses takes no less than 16');
                if (wire === 'responses') return;                               // has no stop sequences: 400, see sdk_openai
                const stopped = await client.messages.create({ model, max_tokens: 100, ...longAnswer, stop_sequences: ['7'] });
                assert.ok(['stop_sequence', 'end_turn'].includes(stopped.stop_reason));
                assert.ok(!textOf(stopped).includes('7'));
            });

            test('a tool that must be called, and a named one', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                let reply;
                const paid = await counted(customer, 1, async () => { reply = await client.messages.create({ model, max_tokens: 200, messages, tools: [weather], tool_choice: { type: 'any' } }); });
                assert.equal(reply.stop_reason, 'tool_use');
                const [call] = blocksOf(reply, 'tool_use');
                assert.equal(call.name, 'get_weather');
                assert.match(call.id, /^[a-zA-Z0-9_-]+$/);
                assert.ok(['c', 'f'].includes(call.input.unit) && typeof call.input.city === 'string');
                assert.equal(nanos(reply.usage.cost), paid);
                const named = await client.messages.create({ model, max_tokens: 200, messages, tools: [weather, clock], tool_choice: { type: 'tool', name: 'get_time' } });
                assert.deepEqual(blocksOf(named, 'tool_use').map((block) => block.name), ['get_time']);
            });

            test('parallel calls, streamed argument by argument, one after another', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                const ask = { model, max_tokens: 400, messages: [{ role: 'user', content: 'What is the weather in Paris, and what time is it there?' }], tools: [weather, clock], tool_choice: { type: 'any' } };
                let deltas = 0, open = null;
                const stream = client.messages.stream(ask);
                stream.on('streamEvent', (event) => {
                    if (event.type === 'content_block_start') { assert.equal(open, null); open = event.index; }
                    if (event.type === 'content_block_stop') { assert.equal(open, event.index); open = null; }
                    deltas += event.delta?.type === 'input_json_delta';
                });
                const message = await stream.finalMessage();
                assert.equal(message.stop_reason, 'tool_use');
                const calls = blocksOf(message, 'tool_use');
                assert.deepEqual(calls.map((block) => block.name).sort(), ['get_time', 'get_weather']);
                assert.equal(new Set(calls.map((block) => block.id)).size, 2);
                assert.ok(deltas >= (wire === 'gemini' ? 2 : 4), 'arguments come in pieces, where the wire has them in pieces');
                for (const call of calls) assert.equal(typeof (call.input.city ?? call.input.zone), 'string');
                const single = await client.messages.create({ ...ask, tool_choice: { type: 'any', disable_parallel_tool_use: true } });
                if (wire !== 'gemini') assert.equal(blocksOf(single, 'tool_use').length, 1);      // Gemini cannot be told: a loss
            });

            for (const stream of [false, true]) {
                test(`a whole tool loop${stream ? ', streamed' : ''}`, async () => {
                    const customer = await gateway.customer();
                    const client = clientOf(customer);
                    const ask = (history) => ({ model, max_tokens: 400, tools: [weather], messages: history });
                    const call = (body) => (stream ? client.messages.stream(body).finalMessage() : client.messages.create(body));
                    const history = [{ role: 'user', content: 'Call get_weather for Paris, then tell me.' }];
                    let answer;
                    const paid = await counted(customer, 2, async () => {
                        const asked = await call(ask(history));
                        assert.equal(asked.stop_reason, 'tool_use');
                        const [use] = blocksOf(asked, 'tool_use');
                        history.push({ role: 'assistant', content: asked.content });
                        history.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: [{ type: 'text', text: 'It is 21 degrees in Paris, code ZEBRA-77.' }] }] });
                        answer = await call(ask(history));
                    });
                    assert.match(textOf(answer), /ZEBRA-77/);
                    assert.ok(paid > 0n);
                });
            }

            test('a tool result with an image, and a failed one', async () => {
                const customer = await gateway.customer();
                const seen = await clientOf(customer).messages.create({ model, max_tokens: 200, tools: [weather], messages: [{ role: 'user', content: 'Weather?' }, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Paris', unit: 'c' } }] },
                    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'ZEBRA-77' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }] }] }] });
                // Where results hold text alone the image follows in the user's turn, and that is what the simulated model answers.
                assert.match(textOf(seen), ['openai', 'gemini'].includes(wire) ? /I see the image/ : /ZEBRA-77/);
                const history = [{ role: 'user', content: 'Weather?' }, { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Paris', unit: 'c' } }] },
                    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'no such city QUAGGA-9' }] }];
                const reply = await clientOf(customer).messages.create({ model, max_tokens: 200, tools: [weather], messages: history });
                assert.match(textOf(reply), /QUAGGA-9/);
            });

            test('thinking, streamed, and its blocks sent back through a tool loop', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                const body = { model, max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 }, tools: [weather], messages: [{ role: 'user', content: 'Call get_weather for Paris.' }] };
                const asked = await client.messages.stream(body).finalMessage();
                const [thought] = blocksOf(asked, 'thinking');
                assert.ok(thought.thinking.length > 0);
                assert.equal(typeof thought.signature, 'string');
                const [use] = blocksOf(asked, 'tool_use');
                assert.ok(use, 'a call behind the thought');
                const reply = await client.messages.create({ ...body, messages: [...body.messages, { role: 'assistant', content: asked.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: 'Sunny.' }] }] });
                assert.match(textOf(reply), /Sunny/);
            });

            test('an image and a text document', async () => {
                const customer = await gateway.customer();
                const content = [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }, { type: 'document', title: 'note.txt', source: { type: 'text', media_type: 'text/plain', data: 'The word is OKAPI.' } }, { type: 'text', text: 'Say hello.' }];
                let reply;
                const paid = await counted(customer, 1, async () => { reply = await clientOf(customer).messages.create({ model, max_tokens: 100, messages: [{ role: 'user', content }] }); });
                assert.equal(nanos(reply.usage.cost), paid);
                assert.ok(reply.usage.input_tokens > 100, 'the image counts');
            });

            test('a JSON schema is obeyed', async () => {
                const customer = await gateway.customer();
                const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name', 'age'], additionalProperties: false };
                const reply = await clientOf(customer).messages.create({ model, max_tokens: 300, messages, output_config: { format: { type: 'json_schema', schema } } });
                assert.deepEqual(Object.keys(JSON.parse(textOf(reply))).sort(), ['age', 'name']);
            });

            test('what agents send: system turns in the middle, cache marks, betas, members of tomorrow', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                const body = {
                    model, max_tokens: 200, thinking: { type: 'adaptive' }, context_management: { edits: [] }, output_config: { effort: 'low' }, metadata: { user_id: '{"device":"x"}' },
                    system: [{ type: 'text', text: 'x-anthropic-billing-header: cc' }, { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
                    messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }, { role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }, ...(wire === 'anthropic' ? [] : [{ role: 'system', content: 'A reminder.' }])],   // this model of Anthropic's takes none
                    ...(wire === 'anthropic' ? {} : { member_of_tomorrow: { x: 1 } }),     // Anthropic itself refuses what it does not know
                };
                const { data, response } = await client.messages.create(body, { headers: { 'anthropic-beta': 'claude-code-20250219,unknown-2030-01-01' } }).withResponse();
                assert.ok(data.content.length > 0);
                const losses = response.headers.get('x-aig-loss');
                if (wire === 'anthropic') assert.equal(losses, null);
                else for (const name of ['context_management', 'member_of_tomorrow']) assert.match(losses, new RegExp(`\\b${name}\\b`));
            });

            test('an aborted stream: closed upstream, delivered part charged, nothing left held', async () => {
                const customer = await gateway.customer();
                await gateway.resetUpstream();
                const before = await customer.settled();
                const stream = await clientOf(customer).messages.create({ model: slowly[wire] ?? 'fault-gemini/slow', max_tokens: 4000, ...longAnswer, stream: true });
                let pieces = 0;
                for await (const event of stream) if (event.delta?.type === 'text_delta' && ++pieces === 5) break;   // the SDK aborts its request
                const aborted = Date.now();
                while ((await gateway.upstream()).running !== 0) {
                    assert.ok(Date.now() - aborted < 5_000, 'the provider still streams seconds after the customer left');
                    await sleep(10);
                }
                const wallet = await customer.settled();
                assert.ok(before.balance - wallet.balance > 0n, 'delivered content is paid');
                assert.equal(wallet.available, wallet.balance);
                assert.equal(await gateway.upstreamCalls(), 1);
            });

            test('ten at once on one client', async () => {
                const customer = await gateway.customer();
                let replies;
                const paid = await counted(customer, 10, async () => {
                    replies = await Promise.all(Array.from({ length: 10 }, (_, i) => clientOf(customer).messages.create({ model, max_tokens: 1000, messages: [{ role: 'user', content: `Repeat: nonce-${i}` }] })));
                });
                assert.equal(replies.reduce((sum, reply) => sum + nanos(reply.usage.cost), 0n), paid);
                replies.forEach((reply, i) => assert.match(textOf(reply), new RegExp(`nonce-${i}\\b`), 'each its own answer'));
            });

            test('count_tokens: free, flagged, and near what is counted', async () => {
                const customer = await gateway.customer();
                const client = clientOf(customer);
                let count, response, more;
                const paid = await counted(customer, 0, async () => {
                    ({ data: count, response } = await client.messages.countTokens({ model, system: 'Be brief.', messages }).withResponse());
                    more = await client.messages.countTokens({ model, system: 'Be brief.', tools: [weather], messages: [...messages, { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } }] }] });
                });
                assert.equal(paid, 0n);
                assert.ok(count.input_tokens > 0 && count.input_tokens < 100);
                assert.ok(more.input_tokens > count.input_tokens + 50, 'tools and images count');
                assert.equal(response.headers.get('x-aig-estimated'), 'true');
            });
        });
    }

    describe(`${sdk}: what every wire has`, () => {
        test('base URLs with /v1, with a path of their own, and with a slash', async () => {
            const customer = await gateway.customer();
            for (const base of ['/v1', '/anthropic', '/anthropic/v1', '/']) {
                const reply = await clientOf(customer, { baseURL: gateway.url + base }).messages.create({ model: wires.anthropic, max_tokens: 20, messages });
                assert.equal(reply.type, 'message', base);
            }
        });

        test('a Bearer token in place of the key', async () => {
            const customer = await gateway.customer();
            const client = new Anthropic({ apiKey: null, authToken: customer.key, baseURL: gateway.url, maxRetries: 0 });
            assert.equal((await client.messages.create({ model: wires.anthropic, max_tokens: 20, messages })).type, 'message');
        });

        test('Claude by its bare name', async () => {
            const customer = await gateway.customer();
            for (const model of ['claude-sonnet-4-6', 'claude-sonnet-4-6-20260217', 'claude-sonnet-4.6']) {
                const reply = await clientOf(customer).messages.create({ model, max_tokens: 20, messages });
                assert.equal(reply.model, model);
            }
        });

        test('models: pages, one by its id, and 404', async () => {
            const client = clientOf(await gateway.customer());
            const all = [];
            for await (const model of client.models.list({ limit: 2 })) all.push(model);
            const ids = all.map((model) => model.id);
            for (const model of Object.values(wires)) assert.ok(ids.includes(model), model);
            assert.ok(!ids.includes(embedder), 'what Messages cannot ask');
            assert.equal(new Set(ids).size, ids.length);
            assert.ok(all.every((model) => model.type === 'model' && model.display_name && !Number.isNaN(Date.parse(model.created_at))));
            const page = await client.models.list({ limit: 1000 });
            assert.deepEqual(page.data.map((model) => model.id), ids);
            assert.equal(page.has_more, false);
            const back = await client.models.list({ before_id: ids[2], limit: 1 });
            assert.deepEqual(back.data.map((model) => model.id), [ids[1]]);
            assert.equal((await client.models.retrieve(wires.anthropic)).id, wires.anthropic);
            await assert.rejects(client.models.retrieve('nobody/knows'), Anthropic.NotFoundError);
            await assert.rejects(client.models.list({ limit: 1001 }), Anthropic.BadRequestError);
        });

        const refusals = {
            BadRequestError: { status: 400, type: 'invalid_request_error', ask: { model: wires.openai, max_tokens: 5, messages: 'no' } },
            NotFoundError: { status: 404, type: 'not_found_error', ask: { model: 'nobody/knows', max_tokens: 5, messages } },
            PermissionDeniedError: { status: 403, type: 'permission_error', ask: { model: wires.anthropic, max_tokens: 5, messages }, key: { models: [wires.openai] } },
            APIError: { status: 402, type: 'billing_error', ask: { model: wires.openai, max_tokens: 5, messages }, credit: '0', prefix: 'sk-aig-' },
        };
        for (const [name, { status, type, ask, ...customer }] of Object.entries(refusals)) {
            test(`${name} (${status})`, async () => {
                const someone = await gateway.customer(customer);
                const paid = await counted(someone, 0, () => assert.rejects(clientOf(someone).messages.create(ask), (error) => {
                    assert.ok(error instanceof Anthropic[name], `${error.constructor.name}: ${error.message}`);
                    assert.equal(error.status, status);
                    assert.equal(error.error.type, 'error');
                    assert.equal(error.error.error.type, type);
                    assert.ok(error.requestID);
                    return true;
                }));
                assert.equal(paid, 0n);
            });
        }

        test('AuthenticationError (401)', async () => {
            const client = new Anthropic({ apiKey: 'sk-nonsense', baseURL: gateway.url, maxRetries: 0 });
            await assert.rejects(client.messages.create({ model: wires.openai, max_tokens: 5, messages }), (error) => error instanceof Anthropic.AuthenticationError && error.error.error.type === 'authentication_error');
        });

        test('RateLimitError (429) with its family of headers', async () => {
            const customer = await gateway.customer({ key: { rpm: 1 } });
            const client = clientOf(customer);
            const { response } = await client.messages.create({ model: wires.openai, max_tokens: 5, messages }).withResponse();
            assert.equal(response.headers.get('anthropic-ratelimit-requests-limit'), '1');
            assert.equal(response.headers.get('anthropic-ratelimit-requests-remaining'), '0');
            assert.match(response.headers.get('anthropic-ratelimit-requests-reset'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
            assert.equal(response.headers.get('x-ratelimit-limit-requests'), null);
            await assert.rejects(client.messages.create({ model: wires.openai, max_tokens: 5, messages }), (error) => error instanceof Anthropic.RateLimitError && error.error.error.type === 'rate_limit_error' && Number(error.headers.get('retry-after')) >= 1);
        });

        test('InternalServerError when the provider fails; free; the SDK’s retries are separate calls', async () => {
            const customer = await gateway.customer();
            for (const model of ['fault/500', 'fault-anthropic/529']) {
                const paid = await counted(customer, 3, () => assert.rejects(clientOf(customer, { maxRetries: 2 }).messages.create({ model, max_tokens: 5, messages }), Anthropic.InternalServerError));
                assert.equal(paid, 0n);
            }
        });

        for (const model of ['fault/sse_error_mid', 'fault-anthropic/sse_error_mid', 'fault-anthropic/eof_without_done']) {
            test(`${model}: a stream that fails midway throws, and is free`, async () => {
                const customer = await gateway.customer();
                const paid = await counted(customer, 1, () => assert.rejects(async () => {
                    for await (const event of await clientOf(customer).messages.create({ model, max_tokens: 100, messages, stream: true })) assert.notEqual(event.type, 'message_stop');
                }, Anthropic.APIError));
                assert.equal(paid, 0n);
            });
        }
    });
}

describe('bytes', () => {
    test('probes of base URLs need no key', async () => {
        for (const path of ['/', '/v1', '/v1/', '/anthropic', '/anthropic/v1']) {
            for (const method of ['HEAD', 'GET']) {
                const reply = await fetch(gateway.url + path, { method });
                assert.equal(reply.status, 200, `${method} ${path}`);
                await reply.arrayBuffer();
            }
        }
    });

    test('?beta=true, unknown routes under the prefix, and the error envelope there', async () => {
        const customer = await gateway.customer();
        const ok = await customer.request('/v1/messages?beta=true', { body: { model: wires.openai, max_tokens: 20, messages } });
        assert.equal(ok.status, 200);
        await ok.arrayBuffer();
        const gone = await customer.request('/anthropic/v1/nothing', { body: {} });
        assert.equal(gone.status, 404);
        assert.equal((await gone.json()).error.type, 'not_found_error');
        const count = await customer.request('/v1/messages/count_tokens?beta=true', { body: { model: 'nobody/knows', messages } });
        assert.equal(count.status, 404);
        assert.equal((await count.json()).error.type, 'not_found_error');
    });

    test('a silent provider: pings in the stream’s own form, and clients do not mind', async () => {
        const customer = await gateway.customer();
        const reply = await customer.request('/v1/messages', { body: { model: wires.openai, max_tokens: 20, messages, stream: true } });
        assert.match(reply.headers.get('content-type'), /^text\/event-stream/);
        const seen = [];
        for await (const event of events(reply)) seen.push([event.event, JSON.parse(event.data).type]);
        assert.ok(seen.every(([name, type]) => name === type), 'every event says its name twice');
        assert.deepEqual(seen.at(-1), ['message_stop', 'message_stop']);
    });

    test('what a wire cannot say is refused by name: a server tool for a model of another maker', async () => {
        const customer = await gateway.customer();
        const body = { model: wires.openai, max_tokens: 20, messages, tools: [{ type: 'web_search_20250305', name: 'web_search' }] };
        const paid = await counted(customer, 0, async () => {
            const reply = await customer.request('/v1/messages', { body });
            assert.equal(reply.status, 400);
            const { error } = await reply.json();
            assert.equal(error.type, 'invalid_request_error');
            assert.match(error.message, /web_search_20250305/);
        });
        assert.equal(paid, 0n);
    });

    test('an answer again under its Idempotency-Key', async () => {
        const customer = await gateway.customer();
        const ask = () => customer.request('/v1/messages', { body: { model: wires.openai, max_tokens: 20, messages }, headers: { 'idempotency-key': 'k-1' } });
        let first, second;
        await counted(customer, 1, async () => {
            first = await (await ask()).text();
            for (let reply; (reply = await ask()).status === 409; await sleep(50)) await reply.text();      // the first is still being put away
            second = await (await ask()).text();
        });
        assert.equal(first, second);
    });
});
