// Callers of Anthropic's Messages, whatever goes wrong with a provider of either wire.
import assert from 'node:assert/strict';
import { faultSuite } from './faults.mjs';
import { events, nanos } from './harness.mjs';

const tools = [{ name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }];

faultSuite({
    path: '/v1/messages',
    // Translated from chat completions: whose choices have all finished and whose usage came may lack [DONE], or a part of it.
    outcome: ({ name, wire, stream }) => (['eof_without_done', 'cl_too_short'].includes(name) && stream && wire === 'openai' ? 'any' : null),
    body: ({ model, stream, toolArguments }) => ({
        model, max_tokens: 4000, ...(stream ? { stream } : {}),
        ...(toolArguments ? { messages: [{ role: 'user', content: 'What is the weather in Paris?' }], tools, tool_choice: { type: 'any' } } : { messages: [{ role: 'user', content: 'Count to 30.' }] }),
    }),
    async readWhole(reply) {
        const value = await reply.json();
        assert.ok(value.content.length > 0, `an empty answer, at a cost of ${value.usage?.cost}`);
        return { cost: nanos(value.usage.cost), content: true };
    },
    async readStream(reply) {
        let content = false, cost = null, failed = null, stopped = false;
        for await (const { event, data } of events(reply)) {
            const value = JSON.parse(data);
            assert.ok(!stopped && !failed, `an event behind the end: ${data}`);
            if (event !== null) assert.equal(value.type, event);
            content ||= Boolean(value.delta?.text || value.delta?.partial_json || value.delta?.thinking || value.content_block?.type === 'tool_use');
            if (value.type === 'message_delta' && value.usage?.cost !== undefined) cost = nanos(value.usage.cost);
            if (value.type === 'error') failed = value.error;
            if (value.type === 'message_stop') stopped = true;
        }
        if (failed) {
            assert.ok(failed.message && failed.type);
            return { failed, content };
        }
        assert.ok(stopped, 'neither message_stop nor an error');
        return { cost, content };
    },
});
