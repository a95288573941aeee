// Providers that speak more than one wire, and the Responses wire under callers of each dialect: which lane a call takes, and that
// sealed reasoning comes back to its maker byte for byte (the simulated provider refuses anything else).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { Gateway, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const clientOf = (customer) => new OpenAI({ apiKey: customer.key, baseURL: `${gateway.url}/v1`, maxRetries: 0, timeout: 20_000 });
const hi = [{ role: 'user', content: 'Say hi' }], more = { role: 'user', content: 'Count to 3' };
const asks = {
    '/v1/chat/completions': { messages: hi },
    '/v1/responses': { input: hi },
    '/v1/completions': { prompt: 'Say hi' },
};

describe('the lane follows the wires of the provider', () => {
    const lanes = {
        'sim/openai': { '/v1/chat/completions': true, '/v1/responses': true, '/v1/completions': false },
        'sim/responses': { '/v1/chat/completions': false, '/v1/responses': true, '/v1/completions': false },
        'sim/instruct': { '/v1/chat/completions': true, '/v1/responses': false, '/v1/completions': true },
        [wires.openai]: { '/v1/chat/completions': true, '/v1/responses': false, '/v1/completions': false },
    };
    for (const [model, routes] of Object.entries(lanes)) {
        test(model, async () => {
            const customer = await gateway.customer();
            for (const [route, lossless] of Object.entries(routes)) {
                const reply = await customer.request(route, { body: { model, ...asks[route] }, headers: { 'x-aig-explain': 'true' } });
                const { plan } = await reply.json();
                assert.equal(plan[0].lossless, lossless, `${model} by ${route}`);
            }
        });
    }
});

describe('sealed reasoning of the Responses wire goes home', () => {
    test('by a caller of Responses', async () => {
        const customer = await gateway.customer();
        for (const model of ['sim/openai', 'sim/responses']) {
            const ask = { model, store: false, include: ['reasoning.encrypted_content'], reasoning: { effort: 'low' } };
            const first = await clientOf(customer).responses.create({ ...ask, input: hi });
            assert.match(first.output[0].encrypted_content, /^gAAAAABsim/);
            assert.equal((await clientOf(customer).responses.create({ ...ask, input: [...hi, ...first.output, more] })).output_text, '1 2 3');
            const spoiled = first.output.map((item) => (item.encrypted_content ? { ...item, encrypted_content: `${item.encrypted_content}x` } : item));
            await assert.rejects(clientOf(customer).responses.create({ ...ask, input: [...hi, ...spoiled, more] }), OpenAI.BadRequestError);
        }
    });
    test('by a caller of chats, whole and streamed', async () => {
        const customer = await gateway.customer();
        const ask = { model: 'sim/responses', reasoning_effort: 'low' };
        for (const stream of [false, true]) {
            let message;
            if (stream) message = (await clientOf(customer).chat.completions.stream({ ...ask, messages: hi }).finalChatCompletion()).choices[0].message;
            else ({ choices: [{ message }] } = await clientOf(customer).chat.completions.create({ ...ask, messages: hi }));
            assert.ok(message.reasoning_details?.[0]?.data, JSON.stringify(message));
            const { data, response } = await clientOf(customer).chat.completions.create({ ...ask, messages: [...hi, message, more] }).withResponse();
            assert.equal(data.choices[0].message.content, '1 2 3');
            assert.equal(response.headers.get('x-aig-loss'), null, 'nothing was left out');
        }
    });
});
