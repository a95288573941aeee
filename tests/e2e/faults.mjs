// Every way a provider can fail x every wire x streamed and not x alone and with a second target behind it, for a caller of one
// dialect (a "speaker": what it sends and how it reads the answer). Asked of each:
// it ends in time and in the caller's dialect, a failure is free, a success costs what it says, and the provider is called
// once - or twice when the second target answers, which it does exactly when no content had reached the caller.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, Provider, aig, nanos, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

// Outcomes: ok = a whole answer, charged; error = refused or broken off, free; any = either of the two, but consistent (the
// gateway's own bounds decide); caller = the provider's 4xx is the caller's fault: an error, and no second target.
const ok = ['ok', 'ok'], error = ['error', 'error'], any = ['any', 'any'], caller = ['caller', 'caller'];
// On the OpenAI wire a stream whose choices have all finished and whose usage came may lack [DONE] (Cerebras, Perplexity).
const faults = {                       // [not streamed, streamed], one for both wires or one for each
    accept_close: error, rst_before_reply: error, rst_in_status: error, rst_in_headers: error, rst_mid_body: error, eof_mid_body: error,
    stall_before_headers: error, stall_after_headers: error, stall_mid_sse: error, done_missing_open: ['ok', 'any'], close_after_reply: ok,
    eof_without_done: ['ok', { openai: 'ok', anthropic: 'error', responses: 'error' }], 'eof_without_done@3': ['ok', 'error'], eof_mid_event: ['ok', 'error'], eof_mid_utf8: error, events_after_done: ok,
    json_error_200: error, sse_error_first: error, sse_error_mid: error, raw_json_tail: error, malformed_event: error, truncated_json: error,
    wrong_content_type: any, unknown_event: ok, sse_crlf: ok, sse_no_space: ok, sse_comments: ok, sse_comments_only: error,
    finish_with_content: ok, null_finish: any, content_filter: ok, zero_output: error,
    usage_missing: ok, usage_twice: ok, usage_negative: ok, usage_huge: ok, usage_float: ok, usage_string: ok, split_tool_arguments: ok,
    400: caller, context_length: caller, content_policy: caller, 413: caller,
    401: error, 402: error, 403: error, 404: error, '429_seconds': error, '429_date': error, '429_plain': error, '429_spend_limit': error,
    500: error, 502: error, 503: error, 504: error, 529: error, fail_times: error, html_error: error, html_200: error, redirect_301: error, redirect_307: error,
    cl_too_long: ['error', 'any'], cl_too_short: error, cl_and_te: error, bad_chunk: error,
    long_header: any, many_headers: any, 'huge_body@100': any, 'long_line@64': any, gzip_ok: ok, 'gzip_bomb@200': any, gzip_truncated: error,
    early_1xx: ok, http09: error, 'drip@1': ok, 'slow_first_byte@500': ok, 'slow@20': ok,
};
/** No byte of a reply came: a pooled connection may have been stale, so the gateway may try once more. */
const retriedOnce = new Set(['accept_close', 'rst_before_reply']);
/** Timeouts of a case's provider; the test itself waits for two of them in a row, and a little more. */
const timeoutsOf = (name) => ({ connect: '2s', first_byte: '3s', total: name.startsWith('drip') ? '60s' : '10s' });

const cases = [];
for (const [name, outcomes] of Object.entries(faults))
    for (const wire of ['openai', 'anthropic', 'responses'])
        for (const stream of [false, true])
            for (const second of [false, true]) {
                // What failing over means does not depend on the wire: the third one is asked alone.
                if (second && wire === 'responses') continue;
                const told = outcomes[stream ? 1 : 0], outcome = told[wire] ?? told;
                cases.push({ name, wire, stream, second, outcome, id: `${wire}-${stream ? 'streamed' : 'whole'}-${second ? 'failover' : 'alone'}-${name.replace('@', '-')}` });
            }

async function run(speaker, customer, { id, name, stream }) {
    const body = speaker.body({ model: id, stream, toolArguments: name === 'split_tool_arguments' });
    const reply = await customer.request(speaker.path, { body, signal: AbortSignal.timeout(parseInt(timeoutsOf(name).total) * 1000 + 3_000) });
    const requestId = reply.headers.get('x-aig-request-id');
    assert.ok(requestId, `no x-aig-request-id on ${reply.status}`);
    if (reply.status !== 200) {
        const { error: refusal } = await reply.json();
        assert.ok(refusal.message && refusal.type, 'the error envelope');
        return { requestId, status: reply.status, failed: refusal, content: false };
    }
    return { requestId, status: 200, ...(stream ? await speaker.readStream(reply, name) : await speaker.readWhole(reply)) };
}

export function faultSuite(speaker) {
    let provider, gateway, config;
    const idle = [];
    before(async () => {
        const folder = temporaryFolder();
        provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
        // Every case has a provider of its own: keys, breakers and retry budgets of one must not decide another.
        config = await serveConfig(provider, folder, (base) => {
            base.providers['sim-responses'] = { ...base.providers['sim-openai'], wire: 'openai-responses' };
            for (const { id, name, wire, second } of cases) {
                base.providers[`p-${id}`] = { ...base.providers[`sim-${wire}`], timeouts: timeoutsOf(name) };
                const targets = [{ provider: `p-${id}`, model: `${id}/fault/${name}`, priority: 0 }];
                if (second) {
                    const [other, model] = wire === 'openai' ? ['sim-anthropic', 'claude-sonnet-4-6'] : ['sim-openai', 'gpt-5.4'];
                    base.providers[`q-${id}`] = base.providers[other];
                    targets.push({ provider: `q-${id}`, model, priority: 1 });
                }
                base.models[id] = { modality: 'text', context: 128000, max_output: 8000, targets, price: { input_per_million: '1', output_per_million: '4' } };
            }
            return base;
        });
        gateway = await Gateway.serve(config);
        for (let i = 0; i < 16; i++) idle.push(await gateway.customer());
    });
    after(async () => { await gateway?.stop(); await provider?.stop(); });

    /** The exact balance by the public API: an operator command for each of a thousand reads would be slow. */
    async function balance(customer) {
        for (const deadline = Date.now() + 5_000; ; await sleep(20)) {
            const text = await (await customer.request('/v1/balance')).text();
            if (/"reserved"\s*:\s*"0"/.test(text)) return nanos(/"balance"\s*:\s*([0-9.eE+-]+)/.exec(text)[1]);
            assert.ok(Date.now() < deadline, `a hold stays open: ${text}`);
        }
    }
    /** Calls of one request in the provider's invoice; a call is invoiced when it has ended, so it waits for the wanted number. */
    async function invoiced(requestId, wanted) {
        for (let i = 0; ; i++) {
            const { length } = provider.invoice().filter((row) => row.request_id === requestId);
            if (length >= wanted || i === 100) return length;
            await sleep(20);
        }
    }

    for (const second of [false, true]) {
        describe(second ? 'with a second target' : 'alone', { concurrency: 16 }, () => {
            for (const one of cases.filter((c) => c.second === second)) {
                test(`${one.name} (${one.wire}, ${one.stream ? 'streamed' : 'whole'})`, { timeout: 100_000 }, async () => {
                    const customer = idle.pop();
                    try {
                        const before = await balance(customer), began = Date.now();
                        const seen = await run(speaker, customer, one), outcome = speaker.outcome?.(one) ?? one.outcome;
                        // After 10 s of silence the head goes out with a ping; from then on failures are in-band.
                        const pinged = one.stream && Date.now() - began > 9_500;
                        const paid = before - (await balance(customer));
                        if (seen.failed) assert.equal(paid, 0n, 'a failure is free');
                        else {
                            assert.equal(paid, seen.cost, 'the wallet falls by the cost told');
                            assert.ok(paid > 0n, 'an answer is paid');
                        }
                        const fellOver = second && outcome === 'error' && !seen.failed;
                        const calls = await invoiced(seen.requestId, fellOver ? 2 : 1);
                        const extra = retriedOnce.has(one.name) ? 1 : 0;
                        const callsAre = (n) => assert.ok(calls >= n && calls <= n + extra, `${calls} calls reached the provider, not ${n}`);
                        if (seen.failed && [401, 402, 403].includes(seen.status)) assert.fail(`the provider's ${seen.status} was shown as the caller's own`);
                        switch (outcome) {
                            case 'ok':
                                assert.ok(!seen.failed, JSON.stringify(seen.failed));
                                callsAre(1);
                                break;
                            case 'caller':
                                assert.ok(seen.failed && seen.status >= 400 && seen.status < 500, `${seen.status}`);
                                callsAre(1);
                                break;
                            case 'error':
                                if (!second) {
                                    assert.ok(seen.failed, 'taken for a good answer');
                                    if (!seen.content && !pinged) assert.ok(seen.status >= 500, `${seen.status} before any content`);
                                    callsAre(1);
                                } else if (seen.failed) {
                                    assert.ok(seen.content, `not failed over although nothing had reached the caller: ${JSON.stringify(seen.failed)}`);
                                    callsAre(1);
                                } else callsAre(2);
                                break;
                            default:
                                assert.ok(calls >= 1 && calls <= 2);
                        }
                    } finally { idle.push(customer); }
                });
            }
        });
    }

    test('afterwards: nothing is held, the ledger verifies, redirects were not followed', async () => {
        for (const customer of idle) await balance(customer);
        const { code, stdout, stderr } = await aig(['ledger', 'verify', '--config', config], { allowFailure: true });
        assert.equal(code, 0, stdout + stderr);
        const stats = await (await fetch(`${provider.url}/sim/stats`)).json();
        assert.equal(stats.redirects_followed, 0);
        const reply = await idle[0].request(speaker.path, { body: speaker.body({ model: wires.openai }) });
        assert.equal(reply.status, 200);
    });
}
