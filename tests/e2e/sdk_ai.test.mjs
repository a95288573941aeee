// The AI SDK with its providers for OpenAI (chat), Anthropic, Google and OpenAI-compatible servers, and LangChain: each speaks to a
// target of its own family and to foreign ones, streamed and whole, with tools and structured answers. Every case says how many calls
// reach the provider, and that the wallet lost exactly what the answers cost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { tool as langchainTool } from '@langchain/core/tools';
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { Gateway, embedder, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const targets = { ...wires, gemini: 'google/gemini-2.5-flash' };
/** How an application sets up each provider: the base URLs are those of their documentation, with our host. */
const providers = {
    'openai chat': (customer) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key }).chat,
    'openai responses': (customer) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key }).responses,
    anthropic: (customer) => createAnthropic({ baseURL: `${gateway.url}/v1`, apiKey: customer.key }),
    google: (customer) => createGoogleGenerativeAI({ baseURL: `${gateway.url}/v1beta`, apiKey: customer.key }),
    'openai-compatible': (customer) => createOpenAICompatible({ name: 'aig', baseURL: `${gateway.url}/v1`, apiKey: customer.key, includeUsage: true, supportsStructuredOutputs: true }),
};

/** The provider is called exactly `calls` times, and something is paid for them. */
async function counted(customer, calls, run) {
    const before = await customer.settled();
    await gateway.resetUpstream();
    const result = await run();
    const after = await customer.settled();
    assert.equal(await gateway.upstreamCalls(), calls, 'calls that reached the provider');
    assert.ok(before.balance > after.balance, 'nothing was paid');
    return result;
}

const place = z.object({ city: z.string() });
const weather = () => tool({ description: 'The weather of a city', inputSchema: place, execute: async ({ city }) => `18 degrees in ${city}` });

for (const [name, provider] of Object.entries(providers)) {
    for (const [wire, model] of Object.entries(targets)) {
        describe(`AI SDK, ${name} provider, ${wire} wire`, () => {
            const setUp = async () => {
                const customer = await gateway.customer();
                return { customer, ask: { model: provider(customer)(model), maxRetries: 0 } };
            };
            test('generateText', async () => {
                const { customer, ask } = await setUp();
                const reply = await counted(customer, 1, () => generateText({ ...ask, system: 'Be brief.', prompt: 'Say hello.' }));
                assert.match(reply.text, /Hello/);
                assert.equal(reply.finishReason, 'stop');
                assert.ok(reply.usage.inputTokens > 0 && reply.usage.outputTokens > 0, JSON.stringify(reply.usage));
            });
            test('streamText', async () => {
                const { customer, ask } = await setUp();
                let text = '', failed;
                const usage = await counted(customer, 1, async () => {
                    const reply = streamText({ ...ask, prompt: 'Count to 30.', onError: ({ error }) => { failed = error; } });
                    for await (const piece of reply.textStream) text += piece;
                    return reply.usage;
                });
                assert.equal(failed, undefined);
                assert.match(text, /29 30$/);
                assert.ok(usage.outputTokens >= 30, JSON.stringify(usage));
            });
            for (const streamed of [false, true]) {
                test(`a tool loop${streamed ? ', streamed' : ''}`, async () => {
                    const { customer, ask } = await setUp();
                    const loop = { ...ask, tools: { get_weather: weather() }, stopWhen: stepCountIs(3), prompt: 'What is the weather in Paris and Tokyo?' };
                    const reply = await counted(customer, 2, async () => {
                        if (!streamed) return generateText(loop);
                        const going = streamText({ ...loop, onError: ({ error }) => { throw error; } });
                        await going.consumeStream();
                        return { text: await going.text, steps: await going.steps };
                    });
                    assert.equal(reply.steps[0].toolCalls.length, 2);
                    assert.deepEqual(reply.steps[0].toolCalls.map((c) => c.input.city).sort(), ['Paris', 'Tokyo']);
                    assert.match(reply.text, /18 degrees in Paris/);
                    assert.match(reply.text, /18 degrees in Tokyo/);
                });
            }
            test('generateObject', async () => {
                const { customer, ask } = await setUp();
                const reply = await counted(customer, 1, () => generateObject({ ...ask, schema: place, prompt: 'I love Paris' }));
                assert.deepEqual(reply.object, { city: 'Paris' });
            });
            test('a refused call says why', async () => {
                const poor = await gateway.customer({ credit: '0' });
                const error = await generateText({ model: provider(poor)(model), maxRetries: 0, prompt: 'Say hello.' }).then(() => assert.fail('it was answered'), (e) => e);
                assert.equal(error.statusCode, 402, String(error));
                assert.match(error.message, /available \$0/);
            });
        });
    }
}

test('AI SDK, embeddings', async () => {
    const customer = await gateway.customer();
    const model = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: customer.key }).textEmbeddingModel(embedder);
    const reply = await counted(customer, 1, () => embedMany({ model, values: ['a cat', 'a dog'], maxRetries: 0 }));
    assert.equal(reply.embeddings.length, 2);
    assert.equal(reply.embeddings[0].length, 1024);
});

for (const responses of [false, true]) {
    for (const [wire, model] of Object.entries(targets)) {
        describe(`LangChain ChatOpenAI${responses ? ' over Responses' : ''}, ${wire} wire`, () => {
            const setUp = async (more = {}) => {
                const customer = await gateway.customer();
                return { customer, llm: new ChatOpenAI({ model, apiKey: customer.key, maxRetries: 0, useResponsesApi: responses, configuration: { baseURL: `${gateway.url}/v1` }, ...more }) };
            };
            test('invoke and stream', async () => {
                const { customer, llm } = await setUp({ streamUsage: true });
                const reply = await counted(customer, 1, () => llm.invoke('Say hello.'));
                assert.match(reply.text, /Hello/);
                assert.ok(reply.usage_metadata.output_tokens > 0);
                let text = '';
                await counted(customer, 1, async () => {
                    for await (const piece of await llm.stream('Count to 30.')) text += piece.text;
                });
                assert.match(text, /29 30$/);
            });
            test('a tool call and a structured answer', async () => {
                const { customer, llm } = await setUp();
                const getWeather = langchainTool(async ({ city }) => `18 degrees in ${city}`, { name: 'get_weather', description: 'The weather of a city', schema: place });
                const reply = await counted(customer, 1, () => llm.bindTools([getWeather]).invoke('What is the weather in Paris?'));
                assert.deepEqual(reply.tool_calls.map((c) => [c.name, c.args]), [['get_weather', { city: 'Paris' }]]);
                const object = await counted(customer, 1, () => llm.withStructuredOutput(place, { method: 'jsonSchema', name: 'place' }).invoke('I love Paris'));
                assert.deepEqual(object, { city: 'Paris' });
            });
        });
    }
}

test('LangChain, embeddings', async () => {
    const customer = await gateway.customer();
    const llm = new OpenAIEmbeddings({ model: embedder, apiKey: customer.key, maxRetries: 0, configuration: { baseURL: `${gateway.url}/v1` } });
    const vectors = await counted(customer, 1, () => llm.embedDocuments(['a cat', 'a dog']));
    assert.deepEqual(vectors.map((v) => v.length), [1024, 1024]);
});
