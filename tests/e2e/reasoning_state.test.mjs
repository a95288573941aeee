// Opaque reasoning state through every dialect and wire: a 6-turn tool loop in which the provider finds each piece as it minted it
// (the simulator refuses altered ones and those of another key), a client that drops what it does not know, a route that fails in the
// middle, capsules that were tampered with, and callers who would rather be refused than lose something.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, Provider, events, serveConfig, temporaryFolder } from './harness.mjs';

const price = { input_per_million: '3', cached_input_per_million: '0.3', output_per_million: '15' };
const cities = ['Paris', 'Rome', 'Oslo'];

// ---- wires: where a conversation may go ---------------------------------------------------------------------------------------
// A row more for every wire whose simulator mints state: provider config, upstream model.
const upstreams = {
    anthropic: { provider: { wire: 'anthropic' }, path: '/v1', model: 'claude-sonnet-4-6' },
};

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
const callers = { chat: () => new ChatCaller() };

// ---- the loop -----------------------------------------------------------------------------------------------------------------

async function turn(customer, caller, model, { stream = false, headers = {} } = {}) {
    const reply = await customer.request(caller.path(model, stream), { body: caller.body(model, stream), headers });
    if (reply.status !== 200) throw Object.assign(new Error(await reply.text()), { status: reply.status });
    const said = await caller.read(reply, stream);
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
        const provider = (sim, key) => ({ ...upstream.provider, base_url: sim.url + upstream.path, api_key: key });
        const model = (targets) => ({ modality: 'text', context: 400000, max_output: 8000, targets, price });
        before(async () => {
            const folder = temporaryFolder();
            [one, two] = await Promise.all(['one', 'two'].map((name) => Provider.start({ bill: path.join(folder, `${name}.jsonl`) })));
            const config = await serveConfig(one, folder, (c) => ({
                ...c,
                providers: { one: provider(one, 'key-one'), two: provider(two, 'key-two') },
                models: {
                    steady: model([{ provider: 'one', model: upstream.model, priority: 0 }, { provider: 'two', model: upstream.model, priority: 1 }]),
                    spread: model([{ provider: 'one', model: upstream.model }, { provider: 'two', model: upstream.model }]),
                },
            }));
            gateway = await Gateway.serve(config);
            customer = await gateway.customer();
        });
        after(async () => { await gateway?.stop(); await one?.stop(); await two?.stop(); });
        const states = (sim, from) => sim.invoice().slice(from).map((line) => line.states);
        const refused = () => [...one.invoice(), ...two.invoice()].filter((line) => line.status >= 400);

        for (const [name, make] of Object.entries(callers)) {
            for (const stream of [false, true]) {
                test(`${name}, ${stream ? 'streamed' : 'whole'}: every piece comes back as it was minted`, async () => {
                    const from = one.invoice().length;
                    const turns = await loop(customer, make(), 'steady', { stream });
                    assert.deepEqual(states(one, from), [0, 1, 2, 3, 4, 5]);
                    for (const t of turns) {
                        assert.ok(t.reasoning, 'it thought');
                        assert.equal(t.loss ?? '', '');
                    }
                });
            }

            test(`${name}: a conversation stays with the route that can read its state`, async () => {
                const used = new Set();
                for (let i = 0; i < 8; ++i) {
                    const turns = await loop(customer, make(), 'spread');
                    const providers = new Set(turns.map((t) => t.provider));
                    assert.equal(providers.size, 1, [...providers].join());
                    used.add(turns[0].provider);
                }
                assert.equal(used.size, 2, 'new conversations are spread');
                assert.deepEqual(refused(), []);
            });

            test(`${name}: altered state, and another account's, is left out and named`, async () => {
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

            test(`${name}: a caller who is strict is refused instead`, async () => {
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

        // Last: it ends the first provider.
        for (const [name, make] of Object.entries(callers)) {
            test(`${name}: a route that fails in the middle: no 400, no foreign state, the loss is told`, async () => {
                const caller = make();
                const from = two.invoice().length;
                if (!one.program.running) return; // an earlier dialect's turn has shown it
                const turns = await loop(customer, caller, 'steady', { before: async (n) => { if (n === 3) await one.stop(); } });
                assert.deepEqual(turns.map((t) => t.provider), ['one', 'one', 'one', 'two', 'two', 'two']);
                // Its own state comes back to the second provider; the first one's never gets there.
                assert.deepEqual(states(two, from), [0, 1, 2]);
                for (const t of turns.slice(3)) assert.match(t.loss, /messages\[1\]\.reasoning_state.*messages\[3\]/);
                for (const t of turns.slice(0, 3)) assert.equal(t.loss ?? '', '');
                assert.deepEqual(refused(), []);
                // Nor after a restart has forgotten everything but its key.
                await gateway.stop();
                gateway = await Gateway.serve(gateway.config);
                caller.ask('Say hello.');
                const later = await turn(Object.assign(customer, { gateway }), caller, 'steady');
                assert.equal(later.provider, 'two');
                assert.equal(states(two, -1)[0], 3);
            });
        }
    });
}
