// Callers of OpenAI's chat completions, whatever goes wrong with a provider of either wire.
import assert from 'node:assert/strict';
import { faultSuite } from './faults.mjs';
import { nanos, readChatStream } from './harness.mjs';

const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }];

faultSuite({
    path: '/v1/chat/completions',
    body: ({ model, stream, toolArguments }) => ({
        model, ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
        ...(toolArguments ? { messages: [{ role: 'user', content: 'Count to 30, please. What is the weather in Paris?' }], tools, tool_choice: 'required' } : { messages: [{ role: 'user', content: 'Count to 30.' }] }),
    }),
    async readWhole(reply) {
        const value = await reply.json();
        assert.ok(value.choices[0].message.content || value.choices[0].message.tool_calls, `an empty answer, at a cost of ${value.usage?.cost}`);
        return { cost: nanos(value.usage.cost), content: true };
    },
    async readStream(reply, name) {
        const seen = await readChatStream(reply);
        assert.equal(seen.broken, null, `the connection broke instead of an in-band end: ${seen.broken}`);
        const content = seen.chunks.some((chunk) => chunk.choices?.some((choice) => choice.delta?.content || choice.delta?.tool_calls || choice.delta?.reasoning_content));
        if (seen.error) {
            assert.equal(seen.done, false, 'a failed stream must not end with [DONE]');
            assert.ok(seen.error.message);
            return { failed: seen.error, content };
        }
        assert.ok(seen.done, 'neither [DONE] nor an error');
        if (name !== 'null_finish') assert.ok(seen.finish, 'a whole stream has a finish_reason');
        return { cost: nanos(seen.usage.cost), content };
    },
});
