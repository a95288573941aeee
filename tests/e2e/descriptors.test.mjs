// File descriptors: as many as the system allows, and what happens when there are no more.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Gateway, Provider, binary, readChatStream, serveConfig, sleep, slowly, temporaryFolder, wires } from './harness.mjs';

/** `aig serve` under a limit of the shell's, in front of a provider of its own. */
async function startUnder(limit, change) {
    const provider = await Provider.start(), folder = temporaryFolder(), command = path.join(folder, 'aig');
    fs.writeFileSync(command, `#!/bin/sh\nulimit ${limit}\nexec '${binary}' "$@"\n`, { mode: 0o755 });
    const gateway = await Gateway.serve(await serveConfig(provider, folder, change), { command });
    return { gateway, provider, stop: async () => { await gateway.stop(); await provider.stop(); } };
}
const descriptors = (gateway) => fs.readdirSync(`/proc/${gateway.program.pid}/fd`).length;
/** Open connections to the provider, as the kernel lists them. */
function connectionsTo(provider) {
    const port = Number(new URL(provider.url).port).toString(16).toUpperCase().padStart(4, '0'), open = '01';
    return fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').filter((line) => { const [, , remote, state] = line.trim().split(/\s+/); return remote?.endsWith(`:${port}`) && state === open; }).length;
}
const softLimit = (gateway) => Number(/Max open files\s+(\d+)/.exec(fs.readFileSync(`/proc/${gateway.program.pid}/limits`, 'utf8'))[1]);

describe('descriptors', () => {
    test('a low soft limit is raised: more calls at a time than it would allow, and their connections are kept', async () => {
        const slow = (config) => {
            config.models.slow = { ...config.models[wires.openai], targets: [{ provider: 'sim-openai', model: slowly.openai }] };
            return config;
        };
        const { gateway, provider, stop } = await startUnder('-S -n 256', slow);
        try {
            assert.ok(softLimit(gateway) > 256, `${softLimit(gateway)} after the start`);
            const customer = await gateway.customer({ credit: '100' });
            const calls = Array.from({ length: 300 }, () => customer.chat({ model: 'slow', stream: true, max_tokens: 5 }));
            const streams = await Promise.all(calls.map(async (call) => readChatStream(await call)));
            assert.deepEqual(new Set(streams.map((s) => s.done)), new Set([true]));
            assert.doesNotMatch(gateway.program.output, /descriptors_exhausted/);
            const mayRest = Math.min(300, Math.floor(softLimit(gateway) / 8));
            assert.ok(connectionsTo(provider) >= mayRest, `${connectionsTo(provider)} wait for the next calls`);
        } finally { await stop(); }
    });

    test('a hard limit that is too low for server.max_connections is said at the start', async () => {
        const { gateway, stop } = await startUnder('-n 400');
        try {
            assert.match(gateway.program.output, /"few_descriptors".*"limit":400.*LimitNOFILE/);
        } finally { await stop(); }
    });

    test('none left: the rest hear 503, a call takes one from a connection that rests, and all is well when they go', async () => {
        const limit = 240;
        const { gateway, stop } = await startUnder(`-n ${limit}`);
        const idlers = [], agent = new http.Agent({ keepAlive: true });
        try {
            const customer = await gateway.customer({ credit: '100' });
            /** On connections that are there from the beginning. */
            const ask = (model) => new Promise((done, fail) => {
                const body = JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Say hello.' }] });
                const request = http.request(`${gateway.url}/v1/chat/completions`, { agent, method: 'POST', headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } },
                    (reply) => { let text = ''; reply.on('data', (piece) => { text += piece; }).on('end', () => done({ status: reply.statusCode, text })); });
                request.on('error', fail).end(body);
            });
            let heard = '';
            const takeAll = async () => {
                for (const deadline = Date.now() + 10_000; descriptors(gateway) < limit; ) {
                    assert.ok(Date.now() < deadline, `${descriptors(gateway)} of ${limit} taken`);
                    const socket = net.connect(new URL(gateway.url).port, '127.0.0.1');
                    socket.setEncoding('utf8').on('data', (text) => { heard += text; }).on('error', () => {});
                    idlers.push(socket);
                    await once(socket, 'connect');
                    if (idlers.length > limit) await sleep(5);
                }
            };
            for (const reply of await Promise.all(Array.from({ length: 20 }, () => ask(wires.openai)))) assert.equal(reply.status, 200);
            await takeAll();
            for (const deadline = Date.now() + 5_000; !heard.includes('503'); await sleep(20)) {
                assert.ok(Date.now() < deadline, `heard ${heard.slice(0, 300)}`);
                idlers.push(net.connect(new URL(gateway.url).port, '127.0.0.1').setEncoding('utf8').on('data', (text) => { heard += text; }).on('error', () => {}));
            }
            assert.match(heard, /^HTTP\/1\.1 503 .*retry-after: 1/s);

            const before = gateway.program.cpuMs();
            await sleep(2_000);
            assert.ok(gateway.program.cpuMs() - before < 400, `no spinning: ${gateway.program.cpuMs() - before} ms in two seconds`);

            await takeAll();
            const other = await ask(wires.anthropic);
            assert.equal(other.status, 200, `to a provider without a connection: ${other.text}`);

            for (const socket of idlers) socket.destroy();
            for (const deadline = Date.now() + 3_000; ; await sleep(50)) {
                const reply = await customer.chat({ model: wires.anthropic, max_tokens: 5 }).catch(() => null);
                if (reply?.status === 200 && await reply.json()) break;
                assert.ok(Date.now() < deadline, 'served again');
            }
            assert.equal((await customer.settled()).held, 0n);
        } finally {
            agent.destroy();
            for (const socket of idlers) socket.destroy();
            await stop();
        }
    });
});
