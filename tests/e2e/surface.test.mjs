// The HTTP surface as bytes: error envelopes of each key family, refusals before anything is spent, headers, framing.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import { Gateway, embedder, nanos, nanosOfCents, readChatStream, wires } from './harness.mjs';
import { exchange, request } from './raw.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const hello = { messages: [{ role: 'user', content: 'Say hello.' }] };
const post = (headers, body, pathname = '/v1/chat/completions') =>
    fetch(gateway.url + pathname, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });

/** Runs calls that must cost nothing and never reach the provider. */
async function free(customer, calls) {
    const before = await customer.wallet();
    await gateway.resetUpstream();
    await calls();
    assert.equal(await gateway.upstreamCalls(), 0, 'a refused call reached the provider');
    assert.deepEqual(await customer.settled(), before, 'a refused call changed the wallet');
}

describe('error envelopes speak the language of the key', () => {
    const shapes = {
        'sk-aig-': (body, status, type) => {
            assert.equal(body.error.code, status, 'code is the status as an integer');
            assert.equal(body.error.type, type);
        },
        'sk-': (body, status, type) => {
            assert.equal(typeof body.error.code, 'string');
            assert.equal(body.error.status, status);
            assert.equal(body.error.type, type);
            assert.ok('param' in body.error);
        },
        sk_live_: (body) => {
            assert.equal(body.success, false);
            assert.equal(typeof body.error.code, 'string');
            assert.match(body.error.request_id, /^req_/);
        },
    };
    shapes.gw_ = shapes['sk-'];
    for (const [prefix, check] of Object.entries(shapes)) {
        test(`${prefix}: unknown key is 401 in its own dialect`, async () => {
            const reply = await post({ authorization: `Bearer ${prefix}unknown0000000000000000000000000000` }, { model: wires.openai, ...hello });
            assert.equal(reply.status, 401);
            assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/);
            const body = await reply.json();
            check(body, 401, 'authentication_error');
            assert.ok(body.error.message.length > 10);
            if (prefix === 'sk_live_') assert.equal(body.error.code, 'invalid_api_key');
        });
        test(`${prefix}: unknown model is 404, free`, async () => {
            const customer = await gateway.customer({ prefix });
            await free(customer, async () => {
                const reply = await customer.chat({ model: 'nobody/knows-this' });
                assert.equal(reply.status, 404);
                const body = await reply.json();
                check(body, 404, prefix === 'sk-aig-' ? 'model_not_found' : 'not_found');
                if (prefix === 'sk-' || prefix === 'gw_') assert.equal(body.error.code, 'model_not_found');
                assert.match(body.error.message, /model/i);
            });
        });
        test(`${prefix}: an empty wallet says what is needed and what is there`, async () => {
            const customer = await gateway.customer({ prefix, credit: '0' });
            await free(customer, async () => {
                const reply = await customer.chat({ model: wires.openai, max_tokens: 1000 });
                const text = await reply.text();
                const body = JSON.parse(text);
                assert.equal(reply.status, prefix === 'sk_live_' ? 422 : 402, text);
                if (prefix === 'sk_live_') {
                    assert.equal(body.error.code, 'insufficient_balance');
                } else {
                    check(body, 402, prefix === 'sk-aig-' ? 'budget_exceeded' : 'insufficient_quota');
                    assert.match(body.error.message, /requir|need/i);
                    assert.match(body.error.message, /available/i);
                }
            });
        });
    }
    test('no key at all is 401', async () => {
        const reply = await post({}, { model: wires.openai, ...hello });
        assert.equal(reply.status, 401);
        assert.match((await reply.json()).error.message, /Authorization/);
    });
    test('x-api-key and a bare Authorization are taken as well', async () => {
        const customer = await gateway.customer();
        for (const headers of [{ 'x-api-key': customer.key }, { authorization: customer.key }, { authorization: `bearer ${customer.key}` }]) {
            const reply = await post(headers, { model: wires.openai, ...hello });
            assert.equal(reply.status, 200);
            await reply.text();
        }
    });
    test('a revoked key is refused at once', async () => {
        const customer = await gateway.customer();
        assert.equal((await customer.request('/v1/balance')).status, 200);
        await gateway.admin(`/admin/keys/${customer.keyId}/revoke`, {});
        const reply = await customer.chat({ model: wires.openai });
        assert.equal(reply.status, 401);
        await reply.text();
    });
    test('GET /v1/models is public, but not with a bad key', async () => {
        assert.equal((await fetch(`${gateway.url}/v1/models`)).status, 200);
        assert.equal((await fetch(`${gateway.url}/v1/models`, { headers: { authorization: 'Bearer sk-nonsense' } })).status, 401);
    });
    test('X-AIG-Dialect overrides the key, and an unknown one is 400', async () => {
        const reply = await post({ authorization: 'Bearer sk-nonsense', 'x-aig-dialect': 'aigateway' }, { model: wires.openai, ...hello });
        assert.equal((await reply.json()).error.code, 401);
        assert.equal((await post({ authorization: 'Bearer sk-nonsense', 'x-aig-dialect': 'klingon' }, { model: wires.openai, ...hello })).status, 400);
    });
});

describe('bad requests are 400, free and never sent on', () => {
    const model = wires.openai;
    const cases = {
        'not JSON': '{"model": ',
        'trailing text': `${JSON.stringify({ model, ...hello })} x`,
        'an array': '[]',
        'empty body': '',
        'not UTF-8': Buffer.concat([Buffer.from(`{"model":"${model}","messages":[{"role":"user","content":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}]}')]),
        'model missing': hello,
        'model a number': { model: 5, ...hello },
        'messages missing': { model },
        'messages a string': { model, messages: 'hello' },
        'messages empty': { model, messages: [] },
        'a message without role': { model, messages: [{ content: 'x' }] },
        'stream a string': { model, ...hello, stream: 'yes' },
        'max_tokens zero': { model, ...hello, max_tokens: 0 },
        'max_tokens negative': { model, ...hello, max_tokens: -1 },
        'max_tokens a fraction': { model, ...hello, max_tokens: 1.5 },
        'max_tokens text': { model, ...hello, max_tokens: '10' },
        'n zero': { model, ...hello, n: 0 },
        'n beyond reason': { model, ...hello, n: 1_000_000 },
        'tools an object': { model, ...hello, tools: {} },
        'model twice': `{"model":"${model}","model":"${wires.anthropic}","messages":[{"role":"user","content":"x"}]}`,
        'stream twice': `{"model":"${model}","stream":true,"stream":false,"messages":[{"role":"user","content":"x"}]}`,
        'max_tokens twice': `{"model":"${model}","max_tokens":1,"max_tokens":100000,"messages":[{"role":"user","content":"x"}]}`,
        'an escaped duplicate': `{"model":"${model}","m\\u006fdel":"${wires.anthropic}","messages":[{"role":"user","content":"x"}]}`,
        'depth 5000': `{"model":"${model}","messages":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    };
    for (const [name, body] of Object.entries(cases)) {
        test(name, async () => {
            const customer = await gateway.customer();
            await free(customer, async () => {
                const reply = await customer.request('/v1/chat/completions', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
                const text = await reply.text();
                assert.equal(reply.status, 400, text);
                assert.equal(JSON.parse(text).error.type, 'invalid_request_error');
            });
        });
    }
    for (const [header, value] of [['x-cache', 'perhaps'], ['x-routing', 'luck'], ['x-aig-tag', 'x'.repeat(65)]]) {
        test(`${header}: ${value.slice(0, 10)}`, async () => {
            const customer = await gateway.customer();
            await free(customer, async () => assert.equal((await customer.chat({ model }, { headers: { [header]: value } })).status, 400));
        });
    }
    test('embeddings: an empty string, no input, too many inputs', async () => {
        const customer = await gateway.customer();
        await free(customer, async () => {
            for (const input of ['', undefined, [], Array(2049).fill('x'), [''], 5, [[]]]) {
                const reply = await customer.request('/v1/embeddings', { body: { model: embedder, input } });
                assert.equal(reply.status, 400, `${JSON.stringify(input)?.slice(0, 40)}: ${await reply.text()}`);
            }
        });
    });
    test('a chat model on /v1/embeddings and the reverse', async () => {
        const customer = await gateway.customer();
        await free(customer, async () => {
            assert.equal((await customer.request('/v1/embeddings', { body: { model, input: 'x' } })).status, 400);
            assert.equal((await customer.chat({ model: embedder })).status, 400);
        });
    });
});

describe('limits a key was given', () => {
    test('rpm: the call beyond it is 429 with Retry-After, and both header families are there', async () => {
        const customer = await gateway.customer({ key: { rpm: 3 } });
        const replies = [];
        for (let i = 0; i < 4; i++) { replies.push(await customer.chat({ model: wires.openai })); await replies.at(-1).text(); }
        assert.deepEqual(replies.map((r) => r.status), [200, 200, 200, 429]);
        const { headers } = replies[0];
        for (const name of ['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests']) {
            assert.ok(headers.get(name), `${name} is missing`);
        }
        assert.equal(headers.get('x-ratelimit-limit-requests'), '3');
        assert.match(headers.get('x-ratelimit-reset-requests'), /^\d+(\.\d+)?(ms|s|m|h).*$/);
        assert.ok(Number(replies[3].headers.get('retry-after')) >= 1);
        assert.ok(Number(replies[3].headers.get('retry-after-ms')) >= 1);
    });
    test('a key without limits has none: 200 calls at once', async () => {
        const customer = await gateway.customer();
        const statuses = await Promise.all(Array.from({ length: 200 }, async () => { const r = await customer.chat({ model: wires.openai, max_tokens: 5 }); await r.text(); return r.status; }));
        assert.deepEqual([...new Set(statuses)], [200]);
    });
    test('the allowed models: another one is 403, free', async () => {
        const customer = await gateway.customer({ key: { models: [wires.openai] } });
        await free(customer, async () => assert.equal((await customer.chat({ model: wires.anthropic })).status, 403));
        assert.equal((await customer.chat({ model: wires.openai })).status, 200);
    });
    test('a spend cap is 402 although the wallet is full', async () => {
        const customer = await gateway.customer({ key: { spend_cap_usd: '0.000000001' } });
        await free(customer, async () => {
            const reply = await customer.chat({ model: wires.openai, max_tokens: 100 });
            assert.equal(reply.status, 402);
            assert.equal((await reply.json()).error.code, 'token_quota_exhausted');
        });
    });
});

describe('headers', () => {
    test('request ids: ours always, the caller’s echoed when it is sane', async () => {
        const customer = await gateway.customer();
        const plain = await customer.chat({ model: wires.openai });
        const ours = plain.headers.get('x-aig-request-id');
        assert.match(ours, /^req_[0-9A-Z]{26}$/i);
        assert.equal(plain.headers.get('x-request-id'), ours);
        const named = await customer.chat({ model: wires.openai }, { headers: { 'x-request-id': 'my-id-7' } });
        assert.equal(named.headers.get('x-request-id'), 'my-id-7');
        assert.match(named.headers.get('x-aig-request-id'), /^req_/);
        const long = await customer.chat({ model: wires.openai }, { headers: { 'x-request-id': 'x'.repeat(129) } });
        assert.match(long.headers.get('x-request-id'), /^req_/);
    });
    test('X-Cost-Cents is the charge, X-Cache says BYPASS, attempts are counted', async () => {
        const customer = await gateway.customer();
        const before = await customer.wallet();
        const reply = await customer.chat({ model: wires.openai });
        const text = await reply.text();
        const paid = before.balance - (await customer.settled()).balance;
        assert.ok(paid > 0n);
        assert.equal(nanosOfCents(reply.headers.get('x-cost-cents')), paid);
        assert.equal(nanos(/"cost"\s*:\s*([0-9.eE+-]+)/.exec(text)[1]), paid);
        assert.equal(reply.headers.get('x-cached-input-units'), '0');
        assert.equal(reply.headers.get('x-cache'), 'BYPASS');
        assert.equal(reply.headers.get('x-aig-attempts'), '1');
    });
    test('CORS: a browser may ask and read', async () => {
        const reply = await fetch(`${gateway.url}/v1/chat/completions`, {
            method: 'OPTIONS',
            headers: { origin: 'http://page.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type,x-stainless-os' },
        });
        assert.ok([200, 204].includes(reply.status));
        assert.equal(reply.headers.get('access-control-allow-origin'), '*');
        assert.match(reply.headers.get('access-control-allow-methods'), /POST/);
        for (const name of ['authorization', 'content-type', 'x-stainless-os']) assert.ok(reply.headers.get('access-control-allow-headers').toLowerCase().includes(name), name);
        assert.equal(reply.headers.get('access-control-allow-credentials'), null);
        const refused = await post({ origin: 'http://page.example' }, hello);
        assert.equal(refused.headers.get('access-control-allow-origin'), '*', 'errors must be readable too');
        assert.match(refused.headers.get('access-control-expose-headers').toLowerCase(), /x-request-id.*x-cost-cents|x-cost-cents.*x-request-id/);
    });
    test('CORS: who is no browser is told nothing of it', async () => {
        const reply = await post({}, hello);
        assert.equal(reply.headers.get('access-control-allow-origin'), null);
        assert.equal(reply.headers.get('access-control-expose-headers'), null);
    });
    test('a header cannot be injected through what the preflight echoes', async () => {
        const { text } = await exchange(gateway.url, request('OPTIONS', '/v1/models', { headers: { Origin: 'http://a', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'x-a, b{c}"<script>' } }));
        assert.ok(!text.includes('<script>'));
    });
});

describe('routes', () => {
    const get = (pathname, init) => fetch(gateway.url + pathname, init);
    test('unknown path 404, wrong method 405 with Allow', async () => {
        assert.equal((await get('/v1/nothing/here')).status, 404);
        const wrong = await get('/v1/chat/completions');
        assert.equal(wrong.status, 405);
        assert.match(wrong.headers.get('allow'), /POST/);
    });
    test('HEAD is GET without a body', async () => {
        const [head, full] = [await get('/v1/models', { method: 'HEAD' }), await get('/v1/models')];
        assert.equal(head.status, 200);
        assert.equal(await head.text(), '');
        assert.equal(head.headers.get('content-length'), String((await full.arrayBuffer()).byteLength));
    });
    test('a trailing slash and /v1/v1 are the same route', async () => {
        const customer = await gateway.customer();
        for (const pathname of ['/v1/chat/completions/', '/v1/v1/chat/completions']) {
            const reply = await customer.request(pathname, { body: { model: wires.openai, ...hello } });
            assert.equal(reply.status, 200, pathname);
        }
        assert.equal((await get('/v1/models/')).status, 200);
        assert.equal((await get('/v1/v1/models')).status, 200);
    });
    test('/healthz, /readyz, /metrics, /openapi.json', async () => {
        assert.equal((await get('/healthz')).status, 200);
        assert.equal((await get('/readyz')).status, 200);
        const metrics = await get('/metrics');
        assert.equal(metrics.status, 200);
        assert.match(await metrics.text(), /^# TYPE aig_\w+ (counter|gauge|histogram)$/m);
        assert.equal((await fetch(`${gateway.adminUrl}/healthz`)).status, 200);
        const openapi = await (await get('/openapi.json')).json();
        assert.match(openapi.openapi, /^3\./);
        for (const route of ['/v1/chat/completions', '/v1/embeddings', '/v1/models', '/v1/balance']) assert.ok(openapi.paths[route], route);
    });
    test('the admin listener wants its token', async () => {
        for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: `Bearer ${gateway.keys['sk-']}` }]) {
            const reply = await fetch(`${gateway.adminUrl}/admin/accounts`, { headers });
            assert.ok([401, 403, 404].includes(reply.status), String(reply.status));
        }
    });
    test('models: rows, one row, a slash in the id, an unknown id, filters', async () => {
        const list = await (await get('/v1/models')).json();
        assert.equal(list.object, 'list');
        const row = list.data.find((m) => m.id === wires.openai);
        assert.equal(row.object, 'model');
        assert.equal(typeof row.created, 'number');
        assert.equal(row.modality, 'text');
        assert.ok(row.pricing.output_per_million > 0);
        assert.ok(row.context_window > 0);
        for (const id of ['openai/gpt-5.5', 'anthropic/claude-opus-4.7', 'anthropic/claude-sonnet-4.6', 'moonshot/kimi-k2.6', 'llama-3.1-70b', 'baai/bge-m3', 'nomic-embed-text']) {
            assert.ok(list.data.some((m) => m.id === id), `${id} is not listed`);
        }
        assert.ok(!list.data.some((m) => /^(fault|failover|sim)\b/.test(m.id)), 'fault models must not be listed');
        assert.equal((await (await get(`/v1/models/${wires.openai}`)).json()).id, wires.openai);
        assert.equal((await (await get(`/v1/models/${encodeURIComponent(wires.openai)}`)).json()).id, wires.openai);
        assert.equal((await get('/v1/models/nobody/knows')).status, 404);
        const embeddings = await (await get('/v1/models?modality=embedding')).json();
        assert.ok(embeddings.data.length >= 2 && embeddings.data.every((m) => m.modality === 'embedding'));
    });
});

describe('balance', () => {
    const members = ['available', 'reserved', 'bonus_available', 'total', 'balance', 'used', 'balance_quota', 'used_quota', 'total_quota', 'token', 'currency'];
    for (const prefix of ['sk-aig-', 'sk-', 'gw_', 'sk_live_']) {
        test(`${prefix}: every member, money exact`, async () => {
            const customer = await gateway.customer({ prefix, credit: '2.5' });
            await (await customer.chat({ model: wires.openai })).text();
            const wallet = await customer.settled();
            const paid = nanos('2.5') - wallet.balance;
            const text = await (await customer.request('/v1/balance')).text();
            const shown = JSON.parse(text);
            for (const member of members) assert.ok(member in shown, `${member} is missing: ${text}`);
            assert.equal(shown.available, String(wallet.available / 10n), 'whole 10^-8 dollars, rounded down');
            assert.equal(shown.reserved, '0');
            if (prefix === 'sk_live_') {
                assert.equal(shown.success, true);
                assert.equal(shown.total, String(wallet.balance / 10n));
            } else {
                assert.equal(shown.object, 'balance');
                assert.equal(typeof shown.total, 'number');
            }
            if (prefix === 'gw_') {
                assert.equal(shown.currency, 'TMT');
                assert.ok(Math.abs(shown.balance - Number(wallet.balance) * 3.5e-9) < 1e-4);
            } else {
                assert.equal(shown.currency, 'USD');
                assert.equal(nanos(/"balance"\s*:\s*([0-9.eE+-]+)/.exec(text)[1]), wallet.balance);
                assert.equal(nanos(/"used"\s*:\s*([0-9.eE+-]+)/.exec(text)[1]), paid);
                assert.equal(nanos(shown.token.used), paid, 'token.used includes the call that just returned');
            }
            assert.equal(shown.token.unlimited_quota, true);
            if (prefix === 'sk-aig-') assert.equal(nanosOfCents(/"balance_cents"\s*:\s*([0-9.eE+-]+)/.exec(text)[1]), wallet.balance);
        });
    }
    test('needs a key', async () => assert.equal((await fetch(`${gateway.url}/v1/balance`)).status, 401));
});

describe('bodies', () => {
    test('gzip in, and too much of it is 413', async () => {
        const customer = await gateway.customer();
        const send = (body, encoding = 'gzip') => customer.request('/v1/chat/completions', { method: 'POST', body, headers: { 'content-type': 'application/json', 'content-encoding': encoding } });
        assert.equal((await send(zlib.gzipSync(JSON.stringify({ model: wires.openai, ...hello })))).status, 200);
        await free(customer, async () => {
            assert.equal((await send(zlib.gzipSync(Buffer.alloc(64 << 20, ' ')))).status, 413, 'a bomb');
            assert.equal((await send(Buffer.from('not gzip at all'))).status, 400);
            assert.equal((await send(zlib.gzipSync('{"a":1}').subarray(0, 15))).status, 400, 'cut short');
            assert.equal((await send(Buffer.from('x'), 'x-unknown')).status, 415);
        });
    });
    test('beyond 32 MiB: 413 from the length alone, and while reading', async () => {
        const customer = await gateway.customer();
        const head = (framing) => `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${customer.key}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
        const declared = await exchange(gateway.url, head(`Content-Length: ${(32 << 20) + 1}`));
        assert.deepEqual(declared.statuses, [413]);
        const chunk = `100000\r\n${'x'.repeat(1 << 20)}\r\n`;
        const read = await exchange(gateway.url, [head('Transfer-Encoding: chunked'), ...Array(34).fill(chunk)], { quietMs: 1500, limitMs: 15_000 });
        assert.deepEqual(read.statuses, [413]);
    });
    test('Expect: 100-continue is answered', async () => {
        const body = JSON.stringify({ model: wires.openai, ...hello });
        const customer = await gateway.customer();
        const whole = request('POST', '/v1/chat/completions', { headers: { Authorization: `Bearer ${customer.key}`, Expect: '100-continue', Connection: 'close' }, body });
        const { statuses } = await exchange(gateway.url, [whole.slice(0, -body.length), 300, body], { quietMs: 2000 });
        assert.deepEqual(statuses, [100, 200]);
    });
    test('pipelined requests are answered in order', async () => {
        const { text, statuses } = await exchange(gateway.url, request('GET', '/healthz') + request('GET', '/v1/models/nobody') + request('GET', '/readyz', { headers: { Connection: 'close' } }));
        assert.deepEqual(statuses, [200, 404, 200], text.slice(0, 300));
    });
    test('a stream stays well-formed: data: lines, usage null until the end, [DONE] last', async () => {
        const customer = await gateway.customer();
        for (const model of Object.values(wires)) {
            const reply = await customer.chat({ model, stream: true, stream_options: { include_usage: true } });
            assert.match(reply.headers.get('content-type'), /^text\/event-stream/);
            const text = await reply.text();
            for (const line of text.split('\n')) assert.match(line, /^(data: .*|:.*|)$/);
            assert.match(text, /data: \[DONE\]\n\n$/);
            const seen = await readChatStream(new Response(text));
            assert.equal(seen.broken, null);
            const last = seen.chunks.at(-1);
            assert.deepEqual(last.choices, []);
            assert.equal(nanos(last.usage.cost) > 0n, true);
            assert.ok(seen.chunks.slice(0, -1).every((chunk) => chunk.usage === null || chunk.usage === undefined));
            assert.ok(seen.chunks.every((chunk) => chunk.object === 'chat.completion.chunk' && chunk.model === model && chunk.id === last.id));
            const without = await readChatStream(await customer.chat({ model, stream: true }));
            assert.ok(without.done && without.chunks.every((chunk) => !chunk.usage && chunk.choices.length > 0), 'usage nobody asked for');
        }
    });
});

describe('request smuggling: one answer, and the connection is closed', () => {
    const NEXT = 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n';
    const H = 'POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n';
    const chunked = '5\r\nhello\r\n0\r\n\r\n';
    const shapes = {
        'CL and TE': `${H}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
        'TE and CL': `${H}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${chunked}`,
        'CL twice, different': `${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
        'CL list': `${H}Content-Length: 5, 6\r\n\r\nhello`,
        'CL with sign': `${H}Content-Length: +5\r\n\r\nhello`,
        'CL hexadecimal': `${H}Content-Length: 0x5\r\n\r\nhello`,
        'CL leading zeros': `${H}Content-Length: 00000000000005\r\n\r\nhello`,
        'CL beyond 63 bits': `${H}Content-Length: 18446744073709551621\r\n\r\nhello`,
        'TE gzip, chunked': `${H}Transfer-Encoding: gzip, chunked\r\n\r\n${chunked}`,
        'TE identity': `${H}Transfer-Encoding: identity\r\n\r\nhello`,
        'TE chunked, identity': `${H}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`,
        'TE twice': `${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
        'TE after blank': `${H}Transfer-Encoding : chunked\r\n\r\n${chunked}`,
        'TE folded': `${H}Transfer-Encoding:\r\n chunked\r\n\r\n${chunked}`,
        'TE with VT': `${H}Transfer-Encoding: \x0bchunked\r\n\r\n${chunked}`,
        'TE on HTTP/1.0': `POST /v1/models HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
        'Transfer_Encoding beside CL': `${H}Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello`,
        'obs-fold': `${H}X: a\r\n b\r\n\r\n`,
        'LF after the request line': `GET /healthz HTTP/1.1\nHost: h\r\n\r\n`,
        'LF as the blank line': `GET /healthz HTTP/1.1\r\nHost: h\r\n\n`,
        'CR x after an empty value': `${H}X-Abc:\rxTransfer-Encoding: chunked\r\n\r\n${chunked}`,
        'CR LF CR x as the end': `${H}X: y\r\n\rGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n`,
        'NUL in a value': `GET /healthz HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n`,
        'blank in a name': `GET /healthz HTTP/1.1\r\nHost: h\r\nX y: a\r\n\r\n`,
        'no colon': 'GET /healthz HTTP/1.1\r\nHost: h\r\nFoo\r\n\r\n',
        'empty name': 'GET /healthz HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n',
        'two hosts': 'GET /healthz HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n',
        'no host': 'GET /healthz HTTP/1.1\r\n\r\n',
        'bad chunk size': `${H}Transfer-Encoding: chunked\r\n\r\n5x\r\nhello\r\n0\r\n\r\n`,
        'chunk size of 2^64': `${H}Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n`,
        'chunk without its CR LF': `${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n`,
        'HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'HTTP/0.9': 'GET /healthz\r\n\r\n',
        'version 3': 'GET /healthz HTTP/3.0\r\nHost: h\r\n\r\n',
    };
    for (const [name, bytes] of Object.entries(shapes)) {
        test(name, async () => {
            const { text, statuses, closed } = await exchange(gateway.url, bytes + NEXT, { quietMs: 800 });
            assert.ok(closed, `left open: ${text.slice(0, 200)}`);
            assert.ok(statuses.length <= 1, `answered twice: ${statuses}`);
            assert.ok(statuses.every((s) => s >= 400 && s < 600), `answered ${statuses}`);
        });
    }
    test('300 headers or one of 100 kB: 431', async () => {
        const many = await exchange(gateway.url, `GET /healthz HTTP/1.1\r\nHost: h\r\n${'X-A: b\r\n'.repeat(3000)}\r\n`);
        assert.deepEqual(many.statuses, [431]);
        const long = await exchange(gateway.url, `GET /healthz HTTP/1.1\r\nHost: h\r\nX: ${'a'.repeat(200_000)}\r\n\r\n`);
        assert.deepEqual(long.statuses, [431]);
        const target = await exchange(gateway.url, `GET /${'a'.repeat(200_000)} HTTP/1.1\r\nHost: h\r\n\r\n`);
        assert.ok([414, 431].includes(target.statuses[0]));
    });
    test('the gateway still answers', async () => assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200));
});
