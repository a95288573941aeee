// What the Open Responses compliance suite asks over HTTP, of the objects we write ourselves and of those that pass on the lossless lane: each object has every key of its schema
// with a value of its type, each event is one that the schema knows (but reasoning_text, which it calls reasoning; providers do as OpenAI does).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Gateway, wires } from './harness.mjs';

let gateway, customer;
before(async () => { gateway = await Gateway.dev(); customer = await gateway.customer(); });
after(() => gateway?.stop());

const ask = (body, path = '/v1/responses', key = customer.key) => fetch(gateway.url + path, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });

// ---- the schema, as far as a reply of ours can use it: a type's name, or a function that checks ------------------------------------

const nullable = (type) => (v, at) => v === null || is(type, v, at);
const words = (...list) => (v, at) => assert.ok(list.includes(v), `${at}: ${v}`);
const listOf = (type) => (v, at) => { assert.ok(Array.isArray(v), at); v.forEach((e, i) => is(type, e, `${at}[${i}]`)); };
const shape = (members) => (v, at) => {
    assert.equal(typeof v, 'object', at);
    for (const [key, type] of Object.entries(members)) {
        assert.ok(key in v, `${at} lacks ${key}`);
        is(type, v[key], `${at}.${key}`);
    }
};
function is(type, value, at) {
    if (typeof type === 'function') return type(value, at);
    if (type === 'integer') return assert.ok(Number.isInteger(value), `${at}: ${value}`);
    assert.equal(typeof value, type, at);
}
const logprob = shape({ token: 'string', logprob: 'number', bytes: listOf('integer') });
const parts = {
    output_text: shape({ text: 'string', annotations: listOf('object') }),
    refusal: shape({ refusal: 'string' }),
    reasoning_text: shape({ text: 'string' }),
    summary_text: shape({ text: 'string' }),
};
const part = (v, at) => { assert.ok(parts[v.type], `${at}: ${v.type}`); parts[v.type](v, at); for (const l of v.logprobs ?? []) logprob(l, at); };
const state = words('in_progress', 'completed', 'incomplete');
const items = {
    message: shape({ id: 'string', status: state, role: words('assistant'), content: listOf(part) }),
    function_call: shape({ id: 'string', call_id: 'string', name: 'string', arguments: 'string', status: state }),
    reasoning: (v, at) => {
        shape({ id: 'string', summary: listOf(part) })(v, at);
        if ('content' in v) listOf(part)(v.content, at);
        if ('encrypted_content' in v) is('string', v.encrypted_content, at);
    },
};
const item = (v, at) => { assert.ok(items[v.type], `${at}: ${v.type}`); items[v.type](v, at); };
const usage = shape({ input_tokens: 'integer', output_tokens: 'integer', total_tokens: 'integer', input_tokens_details: shape({ cached_tokens: 'integer' }), output_tokens_details: shape({ reasoning_tokens: 'integer' }) });
const response = shape({
    id: 'string', object: words('response'), created_at: 'integer', completed_at: nullable('integer'), status: 'string',
    incomplete_details: nullable(shape({ reason: 'string' })), model: 'string', previous_response_id: nullable('string'), instructions: nullable('string'),
    output: listOf(item), error: nullable(shape({ code: 'string', message: 'string' })),
    tools: listOf((v, at) => v.type !== 'function' || shape({ name: 'string', description: nullable('string'), parameters: nullable('object'), strict: nullable('boolean') })(v, at)),
    tool_choice: (v, at) => typeof v === 'object' || words('none', 'auto', 'required')(v, at), truncation: words('auto', 'disabled'), parallel_tool_calls: 'boolean',
    text: shape({ format: shape({ type: 'string' }) }), top_p: 'number', presence_penalty: 'number', frequency_penalty: 'number', top_logprobs: 'integer', temperature: 'number',
    reasoning: nullable(shape({ effort: nullable('string'), summary: nullable('string') })), usage: nullable(usage), max_output_tokens: nullable('integer'),
    max_tool_calls: nullable('integer'), store: 'boolean', background: 'boolean', service_tier: 'string', metadata: 'object', safety_identifier: nullable('string'), prompt_cache_key: nullable('string'),
});
const place = { item_id: 'string', output_index: 'integer' };
const inPart = { ...place, content_index: 'integer' };
const inSummary = { ...place, summary_index: 'integer' };
const events = {
    'response.created': { response }, 'response.in_progress': { response }, 'response.completed': { response }, 'response.incomplete': { response }, 'response.failed': { response },
    'response.output_item.added': { output_index: 'integer', item }, 'response.output_item.done': { output_index: 'integer', item },
    'response.content_part.added': { ...inPart, part }, 'response.content_part.done': { ...inPart, part },
    'response.output_text.delta': { ...inPart, delta: 'string' }, 'response.output_text.done': { ...inPart, text: 'string' },
    'response.function_call_arguments.delta': { ...place, delta: 'string' }, 'response.function_call_arguments.done': { ...place, arguments: 'string' },
    'response.reasoning_text.delta': { ...inPart, delta: 'string' }, 'response.reasoning_text.done': { ...inPart, text: 'string' },
    'response.reasoning_summary_part.added': { ...inSummary, part }, 'response.reasoning_summary_part.done': { ...inSummary, part },
    'response.reasoning_summary_text.delta': { ...inSummary, delta: 'string' }, 'response.reasoning_summary_text.done': { ...inSummary, text: 'string' },
};

async function whole(body) {
    const reply = await ask(body);
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    const value = JSON.parse(text);
    response(value, 'response');
    assert.equal(value.status, 'completed');
    return value;
}

const user = (content) => ({ type: 'message', role: 'user', content });
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

for (const [wire, model] of Object.entries({ ...wires, 'openai-responses': 'sim/responses' })) {
    describe(`Open Responses through the ${wire} wire`, () => {
        test('a basic response', async () => {
            const r = await whole({ model, input: [user('Say hello in exactly 3 words.')] });
            assert.ok(r.output.some((i) => i.type === 'message'));
        });
        // Claude takes no conversation that begins with its own turn, and says so.
        const before = wire === 'anthropic' ? [user('Save a number.')] : [];
        test('phases of the assistant', () => whole({
            model,
            input: [...before, { type: 'message', role: 'assistant', phase: 'commentary', content: 'I answer with what was saved.' }, { type: 'message', role: 'assistant', phase: 'final_answer', content: 'It is four.' }, user('Repeat only the number.')],
        }));
        test('a stream', async () => {
            const reply = await ask({ model, input: [user('Count to 5.')], stream: true });
            assert.match(reply.headers.get('content-type'), /text\/event-stream/);
            let last, number = -1;
            for (const block of (await reply.text()).split('\n\n').filter((b) => b.includes('data:'))) {
                const event = JSON.parse(block.slice(block.indexOf('data: ') + 6));
                assert.equal(block.split('\n')[0], `event: ${event.type}`);
                assert.ok(events[event.type], `an event nobody knows: ${event.type}`);
                shape({ sequence_number: 'integer', ...events[event.type] })(event, event.type);
                assert.ok(event.sequence_number > number);
                number = event.sequence_number;
                last = event;
            }
            assert.equal(last.type, 'response.completed');
            assert.ok(last.response.output.length > 0);
        });
        test('a system message', () => whole({ model, input: [{ type: 'message', role: 'system', content: 'You are a pirate.' }, user('Say hello.')] }));
        test('a tool is called', async () => {
            const tools = [{ type: 'function', name: 'get_weather', description: 'The weather', parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] } }];
            const r = await whole({ model, input: [user("What's the weather like in Oslo?")], tools });
            assert.ok(r.output.some((i) => i.type === 'function_call' && i.name === 'get_weather'));
        });
        test('an image', () => whole({ model, input: [user([{ type: 'input_text', text: 'What is this?' }, { type: 'input_image', image_url: pixel }])] }));
        test('several turns', () => whole({ model, input: [user('My name is Alice.'), { type: 'message', role: 'assistant', content: 'Hello Alice!' }, user('What is my name?')] }));
    });
}

describe('compaction', () => {
    const conversation = [user('We agreed to launch on Tuesday and notify support first.'), { type: 'message', role: 'assistant', content: 'Understood.' }];
    const compact = async (body, key = customer.key) => {
        const reply = await ask(body, '/v1/responses/compact', key);
        return { reply, body: JSON.parse(await reply.text()) };
    };
    for (const [wire, model] of Object.entries({ ...wires, 'openai-responses': 'sim/responses' }))
        test(`a conversation, compacted over the ${wire} wire, goes on with another model`, async () => {
            const { reply, body } = await compact({ model, input: conversation, prompt_cache_key: 'k' });
            assert.equal(reply.status, 200, JSON.stringify(body));
            shape({ id: 'string', object: words('response.compaction'), created_at: 'integer', output: listOf('object'), usage: 'object' })(body, 'compaction');
            assert.deepEqual(body.output.map((item) => item.type), ['message', 'compaction']);
            assert.equal(body.output[0].content[0].text, conversation[0].content);
            assert.ok(Number(reply.headers.get('x-cost-cents')) > 0, 'it costs what the call costs');
            for (const other of Object.values(wires)) await whole({ model: other, input: [...body.output, user('Go on.')] });
        });
    test('the item is of use to its account alone', async () => {
        const { body } = await compact({ model: wires.anthropic, input: conversation });
        const stranger = await gateway.customer();
        const reply = await ask({ model: wires.anthropic, input: [...body.output, user('Go on.')] }, '/v1/responses', stranger.key);
        assert.equal(reply.status, 400);
        assert.match(await reply.text(), /another account/);
    });
    test('a repeated request gets the same compaction and no second charge', async () => {
        const send = () => fetch(`${gateway.url}/v1/responses/compact`, { method: 'POST', headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json', 'idempotency-key': 'compact-1' }, body: JSON.stringify({ model: wires.anthropic, input: conversation }) });
        const first = await (await send()).text();
        const before = await customer.wallet();
        const second = await send();
        assert.equal(second.headers.get('idempotent-replayed'), 'true');
        assert.equal(await second.text(), first);
        assert.deepEqual(await customer.wallet(), before);
    });
    test('a stored response can be compacted by its id', async () => {
        const r = await whole({ model: wires.anthropic, input: [user('Remember slate.')] });
        const { reply, body } = await compact({ model: wires.anthropic, previous_response_id: r.id });
        assert.equal(reply.status, 200, JSON.stringify(body));
        assert.equal(body.output[0].content[0].text ?? body.output[0].content, 'Remember slate.');
    });
    test('without a model, or without anything said, it is refused', async () => {
        for (const [param, sent] of Object.entries({ model: { input: [user('Compact this.')] }, input: { model: wires.anthropic, input: [] } })) {
            const { reply, body } = await compact(sent);
            assert.equal(reply.status, 400);
            assert.equal(body.error.param, param);
        }
    });
});

test('a WebSocket is refused, so that clients fall back to HTTP', async () => {
    const reply = await fetch(`${gateway.url}/v1/responses`, { headers: { authorization: `Bearer ${customer.key}`, 'openai-beta': 'responses_websockets=2026-02-06' } });
    await reply.text();
    assert.ok([404, 405].includes(reply.status));
});
