// The benchmark: starts provider, proxies and load, alternates the contenders round by round, takes CPU time of each proxy process
// from /proc, and writes medians and ratios into bench/RESULTS.md.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Gateway, binary, freePort, root, serveConfig, sleep, temporaryFolder } from '../tests/e2e/harness.mjs';
import { nginxConfig } from './nginx.conf.mjs';

const option = (name, fallback) => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? fallback : process.argv[at + 1]; };
const rounds = Number(option('rounds', 5));
const seconds = Number(option('seconds', 4));
const only = option('only', '');
const connections = 64;
const cores = os.cpus().length;
/** Proxies on the first core, everything else on the second, where there are two. */
const pinned = (core, command, args) => (cores > 1 ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]);

const running = [];
process.on('exit', () => { for (const child of running) child.kill('SIGTERM'); });     // a killed nginx would leave its worker
function start(core, command, args, options = {}) {
    const child = spawn(...pinned(core, command, args), { stdio: ['ignore', 'ignore', 'inherit'], ...options });
    running.push(child);
    return child;
}
async function accepts(port) {
    for (const deadline = Date.now() + 15_000; ; await sleep(20)) {
        const open = await new Promise((done) => { const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); done(true); }).on('error', () => done(false)); });
        if (open) return;
        if (Date.now() > deadline) throw new Error(`nothing listens on ${port}`);
    }
}

// ---- CPU and memory of a process and its children -----------------------------------------------------------------------------

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
function familyOf(pid) {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return [pid, ...children.flatMap(familyOf)];
}
function cpuMicroseconds(pid) {
    return familyOf(pid).reduce((sum, id) => {
        const fields = fs.readFileSync(`/proc/${id}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
        return sum + ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
    }, 0);
}
function residentMegabytes(pid) {
    return familyOf(pid).reduce((sum, id) => sum + Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0), 0) / 1024;
}

// ---- what is compared ---------------------------------------------------------------------------------------------------------

// About 950 bytes of request, as an agent's turn; the answer is the provider's, about 730 bytes.
const filler = 'Request 000000000000: ' + 'The gateway carries this request to a provider and its answer back. '.repeat(11);
const chat = (model, more, wire = 'openai') => ({
    model, max_tokens: 256, ...more,
    ...(wire === 'openai' ? {} : { system: 'You are terse.' }),
    messages: [...(wire === 'openai' ? [{ role: 'system', content: 'You are terse.' }] : []), { role: 'user', content: filler }],
});
const source = '    if (value === "x") {\n        return \'y\';  // a comment: naïve\n    }\n';
function longChat(model) {
    const tools = Array.from({ length: 20 }, (_, i) => ({ type: 'function', function: { name: `tool_${i}`, description: 'It does a thing. '.repeat(12), parameters: { type: 'object', properties: { path: { type: 'string', description: 'where' }, lines: { type: 'array', items: { type: 'integer' } } }, required: ['path'] } } }));
    const turn = (i) => [
        { role: 'user', content: `Look at src/file${i}.ts and tell what it does.` },
        { role: 'assistant', content: null, tool_calls: [{ id: `call_${i}`, type: 'function', function: { name: 'tool_1', arguments: JSON.stringify({ path: `src/file${i}.ts`, lines: [1, 200] }) } }] },
        { role: 'tool', tool_call_id: `call_${i}`, content: source.repeat(25) },
        { role: 'assistant', content: 'It returns y where it is given x. '.repeat(8) },
    ];
    const messages = [{ role: 'system', content: 'You are terse. '.repeat(400) }, ...Array.from({ length: 110 }, (_, i) => turn(i)).flat(), { role: 'user', content: filler }];
    return { model, max_tokens: 256, tools, messages };
}
const scenarios = {
    'lossless': { wire: 'openai', stream: false, unit: 'request' },
    'translated': { wire: 'anthropic', stream: false, unit: 'request' },
    // Each as fast as it can is not all: a processor that is never idle need not be woken, and what comes in bursts is handled together.
    'lossless, at 20,000 a second': { wire: 'openai', stream: false, unit: 'request', rate: 20_000 },
    'translated, at 20,000 a second': { wire: 'anthropic', stream: false, unit: 'request', rate: 20_000 },
    'lossless, at 10,000 a second': { wire: 'openai', stream: false, unit: 'request', rate: 10_000 },
    'translated, at 10,000 a second': { wire: 'anthropic', stream: false, unit: 'request', rate: 10_000 },
    // What a coding agent sends: a long conversation of tool calls and files, told anew with each turn.
    'lossless, turns of 300 KB': { wire: 'openai', stream: false, unit: 'request', long: true },
    'translated, turns of 300 KB': { wire: 'anthropic', stream: false, unit: 'request', long: true },
    'lossless, 512 callers': { wire: 'openai', stream: false, unit: 'request', callers: 512 },
    'lossless, at 1,000 a second': { wire: 'openai', stream: false, unit: 'request', rate: 1_000 },
    'lossless, streamed': { wire: 'openai', stream: true, unit: 'chunk' },
    'translated, streamed': { wire: 'anthropic', stream: true, unit: 'chunk' },
};
const answer = 'The provider answers at some length, as providers do. '.repeat(7);
const replies = {
    openai: { id: 'chatcmpl-bench', object: 'chat.completion', created: 1770000000, model: 'gpt-5.4', choices: [{ index: 0, message: { role: 'assistant', content: answer, refusal: null }, logprobs: null, finish_reason: 'stop' }], usage: { prompt_tokens: 180, completion_tokens: 77, total_tokens: 257, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } }, system_fingerprint: 'fp_bench' },
    anthropic: { id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-4-6', content: [{ type: 'text', text: answer }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 180, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 77 } },
};

// Answers at once come from bench_upstream, streams (an event every 10 ms) from the simulated provider.
const folder = temporaryFolder();
const providers = {};
for (const wire of ['openai', 'anthropic']) {
    const port = await freePort();
    fs.writeFileSync(path.join(folder, `${wire}.json`), JSON.stringify(replies[wire]));
    start(1, path.join(root, 'build/bench_upstream'), ['--port', String(port), '--reply', path.join(folder, `${wire}.json`)]);
    await accepts(port);
    providers[`${wire} whole`] = port;
}
{
    const port = await freePort();
    start(1, binary, ['sim', '--port', String(port)], { stdio: 'ignore' });
    await accepts(port);
    providers['openai stream'] = providers['anthropic stream'] = port;
}
const providerOf = ({ wire, stream }) => providers[`${wire} ${stream ? 'stream' : 'whole'}`];
const slowModel = 'fault/slow@10';

const contenders = {};
/** nginx as a contender; folders of its own, because two of them may run. */
async function startNginx(name, log) {
    const own = fs.mkdtempSync(path.join(folder, 'nginx-')), ports = {};
    for (const provider of new Set(Object.values(providers))) ports[provider] = await freePort();
    fs.writeFileSync(path.join(own, 'nginx.conf'), nginxConfig(own, Object.entries(ports), log && path.join(own, log)));
    const child = start(0, 'nginx', ['-p', own, '-c', path.join(own, 'nginx.conf'), '-e', path.join(own, 'error.log')]);
    for (const port of Object.values(ports)) await accepts(port);
    contenders[name] = {
        pid: child.pid,
        request: (scenario) => ({
            port: ports[providerOf(scenario)],
            path: scenario.wire === 'openai' ? '/v1/chat/completions' : '/v1/messages',
            headers: scenario.wire === 'openai' ? { authorization: 'Bearer x' } : { 'x-api-key': 'x', 'anthropic-version': '2023-06-01' },
            body: scenario.long ? longChat('any') : chat(scenario.stream ? slowModel : 'any', scenario.stream ? { stream: true } : {}, scenario.wire),
        }),
    };
}
await startNginx('nginx');
await startNginx('nginx with its log', 'access.log');
/** Only the first two rows: what one connection or a load of another shape takes says nothing more of these. */
const plain = (scenario) => !scenario.stream && !scenario.rate && !scenario.callers && !scenario.long;
contenders['nginx with its log'].takes = plain;
{
    // What no program goes below that commits twice a call; it knows one provider.
    const port = await freePort();
    const child = start(0, path.join(root, 'build/bench_least'), ['--port', String(port), '--provider', String(providers['openai whole']), '--data', path.join(folder, 'least.db')]);
    await accepts(port);
    contenders['the least with two commits'] = {
        pid: child.pid,
        takes: (scenario) => scenario.wire === 'openai' && plain(scenario),
        request: (scenario) => ({ port, path: '/v1/chat/completions', headers: { authorization: 'Bearer x' }, body: chat('any', {}, scenario.wire) }),
    };
}
{
    const models = {};
    const config = await serveConfig({ url: `http://127.0.0.1:${providers['openai stream']}` }, folder, (base) => {
        const price = { input_per_million: '1.25', output_per_million: '10' };
        const shape = { modality: 'text', context: 400000, max_output: 8000, price };
        for (const [name, scenario] of Object.entries(scenarios)) {
            const id = name.replace(/\W+/g, '-');
            models[name] = id;
            base.providers[`p-${id}`] = { wire: scenario.wire === 'openai' ? 'openai-chat' : 'anthropic', base_url: `http://127.0.0.1:${providerOf(scenario)}/v1`, api_key: 'bench' };
            base.models[id] = { ...shape, targets: [{ provider: `p-${id}`, model: scenario.stream ? slowModel : 'any' }] };
        }
        base.server.threads = 1;
        return base;
    });
    const gateway = await Gateway.serve(config, { log: path.join(folder, 'aig.log') });    // a pipe that nobody reads would fill memory
    if (cores > 1) execFileSync('taskset', ['-a', '-p', '-c', '0', String(gateway.program.pid)], { stdio: 'ignore' });
    const customer = await gateway.customer({ credit: '1000000', key: { rpm: 1_000_000_000, tpm: 1_000_000_000_000, concurrency: 100_000, spend_cap_usd: '1000000', tag: 'bench' } });
    contenders.aig = {
        pid: gateway.program.pid,
        stop: () => gateway.stop(),
        request: (scenario, name) => ({ port: new URL(gateway.url).port, path: '/v1/chat/completions', headers: { authorization: `Bearer ${customer.key}` }, body: scenario.long ? longChat(models[name]) : chat(models[name], scenario.stream ? { stream: true } : {}) }),
    };
}
const portkeyHome = path.join(root, '.deps/portkey');
const portkeyMain = path.join(portkeyHome, 'node_modules/@portkey-ai/gateway/build/start-server.js');
if (!fs.existsSync(portkeyMain)) {
    fs.mkdirSync(portkeyHome, { recursive: true });
    try {
        execFileSync('npm', ['install', '--prefix', portkeyHome, '--no-audit', '--no-fund', '--ignore-scripts', '@portkey-ai/gateway@1.15.2'], { stdio: 'ignore', timeout: 120_000 });
    } catch { console.log('Portkey cannot be fetched: left out'); }
}
if (fs.existsSync(portkeyMain)) {
    const port = await freePort();
    const child = start(0, process.execPath, [portkeyMain, `--port=${port}`, '--headless'], { env: { ...process.env, TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' }, stdio: 'ignore' });
    await accepts(port);
    contenders.Portkey = {
        pid: child.pid,
        optional: true,
        takes: (scenario) => scenario.stream || plain(scenario),      // it comes nowhere near
        request: (scenario) => ({
            port, path: '/v1/chat/completions',
            headers: { 'x-portkey-provider': scenario.wire, 'x-portkey-custom-host': `http://127.0.0.1:${providerOf(scenario)}/v1`, authorization: 'Bearer x' },
            body: chat(scenario.stream ? slowModel : 'any', scenario.stream ? { stream: true } : {}),
        }),
    };
}
await sleep(1000);
const idle = Object.fromEntries(Object.entries(contenders).map(([name, one]) => [name, residentMegabytes(one.pid)]));

/** One measured stretch of load. */
function measure(contender, name) {
    const scenario = scenarios[name];
    const { port, path: target, headers, body } = contender.request(scenario, name);
    const file = path.join(folder, 'body.json');
    fs.writeFileSync(file, JSON.stringify(body));
    const args = ['--port', String(port), '--path', target, '-c', String(scenario.callers ?? connections), '-d', String(seconds), '--body', file,
        ...Object.entries({ 'content-type': 'application/json', ...headers }).flatMap(([key, value]) => ['--header', `${key}: ${value}`]), ...(scenario.stream ? ['--stream'] : []), ...(scenario.rate ? ['--rate', String(scenario.rate)] : [])];
    const before = cpuMicroseconds(contender.pid);
    const told = JSON.parse(execFileSync(...pinned(1, path.join(root, 'build/bench_loadgen'), args), { encoding: 'utf8' }));
    const cpu = cpuMicroseconds(contender.pid) - before;
    if (told.errors > 0 || Object.keys(told.statuses).some((status) => status !== '200') || told.requests === 0) throw new Error(`${name}: ${JSON.stringify(told)}`);
    const units = scenario.stream ? told.chunks : told.requests;
    return { cpu: cpu / units, rate: units / told.seconds, p50: told.latency_us.p50, p99: told.latency_us.p99 };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const results = {};
for (const scenario of Object.keys(scenarios).filter((name) => name.startsWith(only))) {
    results[scenario] = {};
    const taking = Object.entries(contenders).filter(([name, one]) => {
        if (one.takes && !one.takes(scenarios[scenario])) return false;
        try { measure(one, scenario); return true; } catch (error) {     // warm up
            if (!one.optional) throw error;
            console.log(`${name} is left out: ${error.message.slice(0, 200)}`);
            return false;
        }
    });
    for (let round = 0; round < rounds; round++) {
        for (const [name, one] of taking) {
            const sample = measure(one, scenario);
            (results[scenario][name] ??= []).push(sample);
            console.log(`${scenario}, round ${round + 1}: ${name} ${sample.cpu.toFixed(1)} us, ${sample.rate.toFixed(0)}/s`);
        }
    }
}
const loaded = Object.fromEntries(Object.entries(contenders).map(([name, one]) => [name, residentMegabytes(one.pid)]));

// ---- the report ---------------------------------------------------------------------------------------------------------------

const lines = [];
const say = (line = '') => lines.push(line);
say('# Benchmark');
say();
say(`Made by \`make bench${process.argv.length > 2 ? ` ARGS="${process.argv.slice(2).join(' ')}"` : ''}\` on ${new Date().toISOString().slice(0, 10)}, commit ${execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()}; ${cores} cores (${os.cpus()[0].model.trim()}), ${rounds} alternating rounds of ${seconds} s, ${connections} connections.`);
say('CPU time is that of the proxy process (user and system, from /proc). Proxies share one core; load and provider run on another. nginx forwards with `proxy_pass`');
say('over kept-alive connections and does nothing else ("with its log": with the line a request that it writes unless forbidden); `aig` does all it does: key, limits, spend cap, tag, durable hold');
say('and settle, price, metrics, request log. "The least with two commits" (`bench/least.cpp`) reads nothing of a call, but lets it wait twice for a durable commit, as a hold');
say('and a settlement must. Compare ratios, not microseconds.');
for (const [scenario, byName] of Object.entries(results)) {
    const { unit } = scenarios[scenario];
    say();
    say(`## ${scenario}`);
    say();
    say(`| | CPU us per ${unit}, median (min to max) | to nginx | ${unit}s per second | latency us, p50 | p99 |`);
    say('|---|---|---|---|---|---|');
    const yardstick = median(byName.nginx.map((sample) => sample.cpu));
    for (const [name, samples] of Object.entries(byName)) {
        const cpu = samples.map((sample) => sample.cpu);
        const middle = (of) => median(samples.map((sample) => sample[of]));
        say(`| ${name} | ${middle('cpu').toFixed(1)} (${Math.min(...cpu).toFixed(1)} to ${Math.max(...cpu).toFixed(1)}) | ${(middle('cpu') / yardstick).toFixed(2)} | ${middle('rate').toFixed(0)} | ${middle('p50')} | ${middle('p99')} |`);
    }
}
say();
say('## Memory');
say();
say('| | RSS idle, MB | RSS after the load, MB |');
say('|---|---|---|');
for (const name of Object.keys(contenders)) say(`| ${name} | ${idle[name].toFixed(0)} | ${loaded[name].toFixed(0)} |`);
say();
say(`aig: ${execFileSync(binary, ['--version'], { encoding: 'utf8' }).split('\n')[0]}; the yardstick: ${execFileSync('nginx', ['-v'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) || 'nginx of Debian 12'}.`);
if (!only) fs.writeFileSync(path.join(root, 'bench/RESULTS.md'), lines.join('\n') + '\n');
console.log('\n' + lines.join('\n'));
await contenders.aig.stop();
process.exit(0);
