// What reaches a provider of a caller's headers: nothing but what the dialect names for its own family. The provider is a server
// of this test that writes down what came.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Gateway, serveConfig, temporaryFolder } from './harness.mjs';

const reply = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };
const converse = { output: { message: { role: 'assistant', content: [{ text: 'hi' }] } }, stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } };

const seen = [];
let gateway, server;
before(async () => {
    server = http.createServer((request, response) => {
        seen.push({ url: request.url, headers: request.headers });
        request.resume().on('end', () => {
            const body = request.url.endsWith('/messages') ? message : request.url.includes('/model/') ? converse : reply;
            response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    const url = `http://127.0.0.1:${server.address().port}`;
    const model = (provider) => ({ modality: 'text', context: 1000, max_output: 100, targets: [{ provider, model: 'm' }], price: { input_per_million: '1', output_per_million: '1' } });
    gateway = await Gateway.serve(await serveConfig({ url }, temporaryFolder(), (base) => ({
        ...base,
        providers: {
            chat: { wire: 'openai-chat', base_url: `${url}/v1`, api_key: 'key-of-the-provider', headers: { 'x-fixed': 'yes' } },
            claude: { wire: 'anthropic', base_url: `${url}/v1`, api_key: 'key-of-the-provider' },
            amazon: { wire: 'bedrock', base_url: url, region: 'us-east-1', access_key: 'AKIA', api_key: 'key-of-the-provider' },
        },
        models: { chat: model('chat'), claude: model('claude'), amazon: model('amazon') },
    })));
});
after(async () => {
    await gateway?.stop();
    server?.close();
    server?.closeAllConnections();
});

const callers = {
    cookie: 'session=canary-cookie', 'x-api-key': 'canary-x-api-key', 'x-goog-api-key': 'canary-goog', 'openai-organization': 'canary-org', 'x-forwarded-for': '10.9.8.7',
    'x-custom': 'canary-custom', referer: 'https://canary.example', origin: 'https://canary.example', 'user-agent': 'canary-agent', 'anthropic-beta': 'canary-beta-2026-01-01',
    'x-stainless-lang': 'canary-stainless', 'accept-language': 'canary', 'x-amz-security-token': 'canary-token', traceparent: '00-canary',
};
const ours = new Set(['host', 'content-type', 'content-length', 'accept', 'accept-encoding', 'authorization', 'x-request-id', 'connection', 'user-agent']);

for (const [model, more] of Object.entries({ chat: ['x-fixed'], claude: ['x-api-key', 'anthropic-version'], amazon: ['x-amz-date'] })) {
    test(`a caller's headers do not reach ${model}`, async () => {
        const customer = await gateway.customer();
        seen.length = 0;
        const { 'x-api-key': own, ...headers } = callers;
        const answer = await customer.chat({ model }, { headers: { ...headers, 'x-api-key-2': own } });
        assert.equal(answer.status, 200, await answer.clone().text());
        assert.equal(seen.length, 1);
        const allowed = new Set([...ours, ...more]);
        assert.deepEqual(Object.keys(seen[0].headers).filter((name) => !allowed.has(name)), []);
        const all = JSON.stringify(seen[0]);
        assert.doesNotMatch(all, /canary/i);
        assert.ok(!all.includes(customer.key), 'the caller\'s own key');
        if (model !== 'amazon') assert.ok(all.includes('key-of-the-provider'));
        else assert.ok(!all.includes('key-of-the-provider') && /^AWS4-HMAC-SHA256 Credential=AKIA\//.test(seen[0].headers.authorization), 'signed, and the secret stays here');
    });
}

test('of a Messages caller the beta list goes to Anthropic, and to nobody else', async () => {
    const customer = await gateway.customer();
    for (const [model, expected] of [['claude', 'canary-beta-2026-01-01'], ['chat', undefined]]) {
        seen.length = 0;
        const answer = await customer.request('/v1/messages', { body: { model, max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }, headers: { ...callers, 'x-api-key': customer.key, 'anthropic-version': '2023-06-01' } });
        assert.equal(answer.status, 200, await answer.clone().text());
        assert.equal(seen[0].headers['anthropic-beta'], expected);
        const { 'anthropic-beta': beta, ...others } = seen[0].headers;
        assert.doesNotMatch(JSON.stringify(others), /canary/i);
    }
});
