// Opaque reasoning state through every dialect and wire: a 6-turn tool loop in which the provider finds each piece as it minted it
// (the simulator refuses altered ones and those of another key), a client that drops what it does not know, a route that fails in the
// middle, capsules that were tampered with, and callers who would rather be refused than lose something.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, Provider, events, serveConfig, sleep, temporaryFolder } from './harness.mjs';

const price = { input_per_million: '3', cached_input_per_million: '0.3', output_per_million: '15' };
const cities = ['Paris', 'Rome', 'Oslo'];

// ---- wires: where a conversation may go ---------------------------------------------------------------------------------------
// A row more for every wire whose simulator mints state: provider config, upstream model.
const upstreams = {
    anthropic: { provider: { wire: 'anthropic' }, path: '/v1', model: 'claude-sonnet-4-6' },
    'openai-responses': { provider: { wire: 'openai-responses' }, path: '/v1', model: 'gpt-5.4', silent: true },
    gemini: { provider: { wire: 'gemini' }, path: '/v1beta', model: 'gemini-3-pro-preview', quirks: ['signed_calls'] },
    bedrock: { provider: { wire: 'bedrock' }, path: '', model: 'anthropic.claude-sonnet-4-6' },
};
/** The dialect that the wire speaks itself: its calls are lossless, and their state native. */
const own = { anthropic: 'messages', 'openai-responses': 'responses', gemini: 'gemini' };

// ---- dialects: how a caller holds a conversation ------------------------------------------------------------------------------
const weather = { name: 'get_weather', description: 'The weather of a city', schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

/** Chat completions. `keep` decides what a client gives back of a message. */
class ChatCaller {
    constructor(keep = (message) => message) { this.keep = keep; this.messages = []; }
    body(model, stream) {
        const tool = { type: 'function', function: { name: weather.name, description: weather.description, parameters: weather.schema } };
        return { model, stream, max_tokens: 3000, reasoning_effort: 'low', messages: this.messages, tools: [tool] };
    }
    path() { return '/v1/chat/completions'; }
    ask(text) { this.messages.push({ role: 'user', content: text }); }
    answerCalls(calls) { for (const c of calls) this.messages.push({ role: 'tool', tool_call_id: c.id, content: '{"temp":21}' }); }
    async read(reply, stream) {
        const message = stream ? await ChatCaller.gather(reply) : (await reply.json()).choices[0].message;
        this.messages.push(this.keep(message));
        return { calls: (message.tool_calls ?? []).map((c) => ({ id: c.id })), text: message.content, reasoning: message.reasoning_content };
    }
    static async gather(reply) {
        const m = { role: 'assistant', content: null };
        for await (const { data } of events(reply)) {
            if (data === '[DONE]') break;
            const chunk = JSON.parse(data);
            assert.ok(!chunk.error, data);
            const d = chunk.choices[0]?.delta ?? {};
            if (d.content) m.content = (m.content ?? '') + d.content;
            if (d.reasoning_content) m.reasoning_content = (m.reasoning_content ?? '') + d.reasoning_content;
            if (d.reasoning_details) m.reasoning_details = [...(m.reasoning_details ?? []), ...d.reasoning_details];
            for (const { index, ...c } of d.tool_calls ?? []) {
                m.tool_calls ??= [];
                if (!m.tool_calls[index]) m.tool_calls[index] = structuredClone(c);
                else m.tool_calls[index].function.arguments += c.function.arguments;
            }
        }
        return m;
    }
    states() { return this.messages.flatMap((m) => (m.reasoning_details ?? []).map((d) => d.data)); }
    mapStates(change) { for (const m of this.messages) for (const d of m.reasoning_details ?? []) d.data = change(d.data); }
}
const bare = ({ role, content, tool_calls }) => ({ role, content, ...(tool_calls ? { tool_calls } : {}) });

/** Messages: thinking and redacted_thinking blocks go back in their places. */
class MessagesCaller {
    constructor() { this.messages = []; }
    body(model, stream) {
        const { name, description, schema: input_schema } = weather;
        return { model, stream, max_tokens: 3000, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: this.messages, tools: [{ name, description, input_schema }] };
    }
    path() { return '/v1/messages'; }
    ask(text) { this.messages.push({ role: 'user', content: text }); }
    answerCalls(calls) { this.messages.push({ role: 'user', content: calls.map((c) => ({ type: 'tool_result', tool_use_id: c.id, content: '{"temp":21}' })) }); }
    async read(reply, stream) {
        const content = stream ? await MessagesCaller.gather(reply) : (await reply.json()).content;
        this.messages.push({ role: 'assistant', content });
        const of = (type) => content.filter((b) => b.type === type);
        return { calls: of('tool_use'), text: of('text').map((b) => b.text).join(''), reasoning: of('thinking').map((b) => b.thinking).join('') };
    }
    static async gather(reply) {
        const blocks = [], inputs = [];
        for await (const { data } of events(reply)) {
            const e = JSON.parse(data);
            assert.notEqual(e.type, 'error', data);
            if (e.type === 'content_block_start') blocks[e.index] = structuredClone(e.content_block);
            if (e.type !== 'content_block_delta') continue;
            const b = blocks[e.index], d = e.delta;
            if (d.type === 'text_delta') b.text += d.text;
            if (d.type === 'thinking_delta') b.thinking += d.thinking;
            if (d.type === 'signature_delta') b.signature = d.signature;
            if (d.type === 'input_json_delta') inputs[e.index] = (inputs[e.index] ?? '') + d.partial_json;
        }
        inputs.forEach((json, i) => { blocks[i].input = JSON.parse(json || '{}'); });
        return blocks;
    }
    blocks() { return this.messages.flatMap((m) => (Array.isArray(m.content) ? m.content : [])); }
    mapStates(change) {
        for (const b of this.blocks()) {
            if (b.signature) b.signature = change(b.signature);
            if (b.type === 'redacted_thinking') b.data = change(b.data);
        }
    }
}

/** Gemini: parts go back as they came, thoughtSignature included. */
class GeminiCaller {
    constructor() { this.messages = []; }
    body() {
        const { name, description, schema: parameters } = weather;
        return {
            contents: this.messages,
            tools: [{ functionDeclarations: [{ name, description, parameters }] }],
            generationConfig: { maxOutputTokens: 3000, thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
        };
    }
    path(model, stream) { return `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`; }
    ask(text) { this.messages.push({ role: 'user', parts: [{ text }] }); }
    answerCalls(calls) { this.messages.push({ role: 'user', parts: calls.map((c) => ({ functionResponse: { id: c.id, name: c.name, response: { temp: 21 } } })) }); }
    async read(reply, stream) {
        let parts = [];
        if (stream) for await (const { data } of events(reply)) parts = parts.concat(JSON.parse(data).candidates?.[0]?.content?.parts ?? []);
        else parts = (await reply.json()).candidates[0].content.parts;
        this.messages.push({ role: 'model', parts });
        return {
            calls: parts.filter((p) => p.functionCall).map((p) => p.functionCall),
            text: parts.filter((p) => p.text && !p.thought).map((p) => p.text).join(''),
            reasoning: parts.filter((p) => p.thought).map((p) => p.text).join(''),
        };
    }
    mapStates(change) { for (const m of this.messages) for (const p of m.parts) if (p.thoughtSignature) p.thoughtSignature = change(p.thoughtSignature); }
}

/** Responses without a store: the items of the output go back as input, encrypted_content included. */
class ResponsesCaller {
    constructor() { this.messages = []; }
    body(model, stream) {
        const { name, description, schema: parameters } = weather;
        return {
            model, stream, max_output_tokens: 3000, store: false, include: ['reasoning.encrypted_content'],
            reasoning: { effort: 'low', summary: 'auto' }, input: this.messages, tools: [{ type: 'function', name, description, parameters }],
        };
    }
    path() { return '/v1/responses'; }
    ask(text) { this.messages.push({ role: 'user', content: text }); }
    answerCalls(calls) { for (const c of calls) this.messages.push({ type: 'function_call_output', call_id: c.call_id, output: '{"temp":21}' }); }
    async read(reply, stream) {
        const { output } = stream ? await ResponsesCaller.last(reply) : await reply.json();
        this.messages.push(...output);
        const of = (type) => output.filter((item) => item.type === type);
        const words = (items, list) => items.flatMap((item) => item[list] ?? []).map((part) => part.text).join('');
        return { calls: of('function_call'), text: words(of('message'), 'content'), reasoning: words(of('reasoning'), 'summary') + words(of('reasoning'), 'content') };
    }
    static async last(reply) {
        let response;
        for await (const { data } of events(reply)) {
            const e = JSON.parse(data);
            assert.ok(!['error', 'response.failed'].includes(e.type), data);
            if (e.type === 'response.completed') response = e.response;
        }
        return response;
    }
    mapStates(change) { for (const item of this.messages) if (item.encrypted_content) item.encrypted_content = change(item.encrypted_content); }
}
const callers = { chat: () => new ChatCaller(), messages: () => new MessagesCaller(), responses: () => new ResponsesCaller(), gemini: () => new GeminiCaller() };

// ---- the loop -----------------------------------------------------------------------------------------------------------------

/** Losses but for the budget of a wire that knows efforts only. */
const lostState = (loss) => (loss ?? '').split(', ').filter((name) => name && name !== 'reasoning_budget').join();

/** The providers of the tests that run. They write an invoice's line when a call has ended, which may be behind its last byte. */
const providers = new Set();
async function invoiced(requestId) {
    const told = (one) => one.invoice().some((row) => row.request_id === requestId);
    for (const deadline = Date.now() + 5_000; ![...providers].some(told); await sleep(5)) assert.ok(Date.now() < deadline, `${requestId} is in no invoice`);
}
async function turn(customer, caller, model, { stream = false, headers = {} } = {}) {
    const reply = await customer.request(caller.path(model, stream), { body: caller.body(model, stream), headers });
    if (reply.status !== 200) throw Object.assign(new Error(await reply.text()), { status: reply.status });
    const said = await caller.read(reply, stream);
    await invoiced(reply.headers.get('x-aig-request-id'));
    return { ...said, provider: reply.headers.get('x-aig-provider'), loss: reply.headers.get('x-aig-loss') };
}

/** Three questions, each answered by a tool call and a text: six turns of the assistant. */
async function loop(customer, caller, model, { stream = false, before = async () => {} } = {}) {
    const turns = [];
    for (const city of cities) {
        caller.ask(`What is the weather in ${city}? Use get_weather.`);
        await before(turns.length);
        const asked = await turn(customer, caller, model, { stream });
        assert.equal(asked.calls.length, 1, `a call for ${city}`);
        caller.answerCalls(asked.calls);
        await before(turns.length + 1);
        const told = await turn(customer, caller, model, { stream });
        assert.equal(told.calls.length, 0);
        turns.push(asked, told);
    }
    return turns;
}

for (const [wire, upstream] of Object.entries(upstreams)) {
    describe(`state on the ${wire} wire`, () => {
        let one, two, gateway, customer;
        // Google signs texts too; the Messages dialect gives its callers no state behind the last text.
        const noneBehindText = (name) => wire === 'gemini' && name === 'messages';
        const target = { model: upstream.model, quirks: upstream.quirks ?? [] };
        const provider = (sim, key) => ({ ...upstream.provider, base_url: sim.url + upstream.path, api_key: key });
        const model = (targets) => ({ modality: 'text', context: 400000, max_output: 8000, targets, price });
        before(async () => {
            const folder = temporaryFolder();
            [one, two] = await Promise.all(['one', 'two'].map((name) => Provider.start({ bill: path.join(folder, `${name}.jsonl`) })));
            providers.add(one).add(two);
            const config = await serveConfig(one, folder, (c) => ({
                ...c,
                providers: { one: provider(one, 'key-one'), two: provider(two, 'key-two') },
                models: {
                    steady: model([{ provider: 'one', ...target, priority: 0 }, { provider: 'two', ...target, priority: 1 }]),
                    spread: model([{ provider: 'one', ...target }, { provider: 'two', ...target }]),
                },
            }));
            gateway = await Gateway.serve(config);
            customer = await gateway.customer();
        });
        after(async () => { providers.clear(); await gateway?.stop(); await one?.stop(); await two?.stop(); });
        const states = (sim, from) => sim.invoice().slice(from).map((line) => line.states);
        const refused = () => [...one.invoice(), ...two.invoice()].filter((line) => line.status >= 400);

        for (const [name, make] of Object.entries(callers)) {
            for (const stream of [false, true]) {
                test(`${name}, ${stream ? 'streamed' : 'whole'}: every piece comes back as it was minted`, async () => {
                    const from = one.invoice().length;
                    const turns = await loop(customer, make(), 'steady', { stream });
                    assert.deepEqual(states(one, from), noneBehindText(name) ? [0, 1, 1, 2, 2, 3] : [0, 1, 2, 3, 4, 5]);
                    for (const t of turns) {
                        assert.ok(t.reasoning || upstream.silent, 'it thought');
                        if (noneBehindText(name)) assert.doesNotMatch(t.loss ?? '', /reasoning_state/);
                        else assert.equal(lostState(t.loss), '');
                    }
                });
            }

            test(`${name}: a conversation stays with the route that can read its state`, async () => {
                const used = new Set();
                for (let i = 0; i < 4 || (used.size < 2 && i < 40); ++i) {
                    const turns = await loop(customer, make(), 'spread');
                    const providers = new Set(turns.map((t) => t.provider));
                    assert.equal(providers.size, 1, [...providers].join());
                    used.add(turns[0].provider);
                }
                assert.equal(used.size, 2, 'new conversations are spread');
                assert.deepEqual(refused(), []);
            });

            // State in the provider's own form is the provider's to judge.
            if (own[wire] !== name) test(`${name}: altered state, and another account's, is left out and named`, async () => {
                const caller = make();
                await loop(customer, caller, 'steady');
                caller.ask('Say hello.');
                const kept = structuredClone(caller.messages);
                const stranger = await gateway.customer();
                const foreign = await turn(stranger, caller, 'steady');
                assert.match(foreign.loss, /reasoning_state/);
                assert.equal(states(one, -1)[0], 0);
                caller.messages = kept;
                caller.mapStates((s) => s.slice(0, -3) + (s.at(-3) === 'A' ? 'B' : 'A') + s.slice(-2));
                const altered = await turn(customer, caller, 'steady');
                assert.match(altered.loss, /reasoning_state/);
                assert.equal(states(one, -1)[0], 0);
                assert.deepEqual(refused(), []);
            });

            if (own[wire] !== name) test(`${name}: a caller who is strict is refused instead`, async () => {
                const caller = make();
                await loop(customer, caller, 'steady');
                caller.ask('Say hello.');
                caller.mapStates((s) => s.slice(0, -3) + (s.at(-3) === 'A' ? 'B' : 'A') + s.slice(-2));
                const { calls } = await (await fetch(`${one.url}/sim/stats`)).json();
                await assert.rejects(turn(customer, caller, 'steady', { headers: { 'x-aig-strict': 'true' } }), (e) => {
                    assert.equal(e.status, 400);
                    assert.match(e.message, /can carry .*reasoning_state.*x-aig-strict/);
                    return true;
                });
                assert.equal((await (await fetch(`${one.url}/sim/stats`)).json()).calls, calls, 'nothing was sent');
                assert.equal((await customer.wallet()).held, 0n, 'nothing is held');
            });
        }

        test('a chat client that drops what it does not know gets its tool turns restored', async () => {
            for (const stream of [false, true]) {
                const from = one.invoice().length;
                await loop(customer, new ChatCaller(bare), 'steady', { stream });
                assert.deepEqual(states(one, from), [0, 1, 1, 2, 2, 3], 'a text turn has no id to be known by');
            }
            assert.deepEqual(refused(), []);
        });

        // Last: they end the first provider, and need another one each.
        for (const [name, make] of Object.entries(callers)) {
            test(`${name}: a route that fails in the middle: no 400, no foreign state, the loss is told`, async () => {
                const folder = temporaryFolder();
                const first = await Provider.start({ bill: path.join(folder, 'first.jsonl') });
                providers.add(first);
                const config = await serveConfig(first, folder, (c) => ({
                    ...c,
                    providers: { one: provider(first, 'key-one'), two: provider(two, 'key-two') },
                    models: { steady: model([{ provider: 'one', ...target, priority: 0 }, { provider: 'two', ...target, priority: 1 }]) },
                }));
                let served = await Gateway.serve(config);
                try {
                    const traveller = await served.customer();
                    const caller = make();
                    const from = two.invoice().length;
                    const turns = await loop(traveller, caller, 'steady', { before: async (n) => { if (n === 3) await first.stop(); } });
                    assert.deepEqual(turns.map((t) => t.provider), ['one', 'one', 'one', 'two', 'two', 'two']);
                    // Its own state comes back to the second provider; the first one's never gets there.
                    assert.deepEqual(states(two, from), noneBehindText(name) ? [0, 0, 1] : [0, 1, 2]);
                    for (const t of turns.slice(3)) assert.match(t.loss, /messages\[1\]\.reasoning_state/);
                    for (const t of turns.slice(0, 3)) assert.doesNotMatch(t.loss ?? '', /reasoning_state/);
                    assert.deepEqual([...refused(), ...first.invoice().filter((line) => line.status >= 400)], []);
                    if (own[wire] === name) return;
                    // Nor after a restart that has forgotten everything but its key.
                    await served.stop();
                    served = await Gateway.serve(config);
                    caller.ask('Say hello.');
                    const later = await turn(Object.assign(traveller, { gateway: served }), caller, 'steady');
                    assert.equal(later.provider, 'two');
                    assert.equal(states(two, -1)[0], noneBehindText(name) ? 1 : 3);
                } finally {
                    providers.delete(first);
                    await served.stop();
                    await first.stop();
                }
            });
        }
    });
}
