// Costs of one request that do not depend on how busy the machine is: instructions, allocations (callgrind) and system calls
// (strace), by thread. `node bench/count.mjs callgrind|strace|events|perf|plain [--wire openai|anthropic] [--stream] [--requests N] [--out FOLDER]`.
// events counts the kernel's events of an unhindered run (--events LIST, as perf names them); perf samples it.
// AIG_BIN names another binary. callgrind leaves one profile a thread in the folder, for callgrind_annotate.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Program, Gateway, binary, freePort, root, serveConfig, sleep, temporaryFolder } from '../tests/e2e/harness.mjs';

const option = (name, fallback) => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? fallback : process.argv[at + 1]; };
const tool = process.argv[2] ?? 'plain';
const wire = option('wire', 'openai'), requests = Number(option('requests', 2000)), connections = Number(option('connections', 64));
const events = option('events', 'fdatasync,pwrite64,recvfrom,sendmsg,epoll_wait,futex,fcntl'.split(',').map((name) => `syscalls:sys_enter_${name}`).join() + ',context-switches');
const stream = process.argv.includes('--stream');      // as fast as the simulated provider gives it
const bare = process.argv.includes('--bare');          // no spend cap, no tag
const out = option('out', path.join(root, '.deps/count'));
fs.mkdirSync(out, { recursive: true });
const folder = option('data', '') || temporaryFolder();

const filler = 'Request 000000000000: ' + 'The gateway carries this request to a provider and its answer back. '.repeat(11);
const answer = 'The provider answers at some length, as providers do. '.repeat(7);
const replies = {
    openai: { id: 'chatcmpl-bench', object: 'chat.completion', created: 1770000000, model: 'gpt-5.4', choices: [{ index: 0, message: { role: 'assistant', content: answer, refusal: null }, logprobs: null, finish_reason: 'stop' }], usage: { prompt_tokens: 180, completion_tokens: 77, total_tokens: 257, prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 0 } }, system_fingerprint: 'fp_bench' },
    anthropic: { id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-4-6', content: [{ type: 'text', text: answer }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 180, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 77 } },
};
const port = await freePort();
fs.writeFileSync(path.join(folder, 'reply.json'), JSON.stringify(replies[wire]));
/** As in run.mjs: the gateway on the first core, the rest on the second, where there are two. */
const pinned = (command, args) => (os.cpus().length > 1 ? ['taskset', ['-c', '1', command, ...args]] : [command, args]);
const upstream = spawn(...pinned(...(stream ? [binary, ['sim', '--port', String(port)]] : [path.join(root, 'build/bench_upstream'), ['--port', String(port), '--reply', path.join(folder, 'reply.json')]])), { stdio: 'ignore' });
process.on('exit', () => upstream.kill('SIGTERM'));

const config = await serveConfig({ url: `http://127.0.0.1:${port}` }, folder, (base) => {
    base.providers = { p: { wire: wire === 'openai' ? 'openai-chat' : 'anthropic', base_url: `http://127.0.0.1:${port}/v1`, api_key: 'bench' } };
    base.models = { m: { modality: 'text', context: 400000, max_output: 8000, price: { input_per_million: '1.25', output_per_million: '10' }, targets: [{ provider: 'p', model: 'any' }] } };
    base.server.threads = 1;
    return base;
});
let command = binary;
if (tool === 'callgrind') {
    command = path.join(out, 'aig');
    fs.writeFileSync(command, `#!/bin/sh\nexec valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file=${out}/callgrind.out.%p ${binary} "$@"\n`, { mode: 0o755 });
    for (const file of fs.readdirSync(out)) if (file.startsWith('callgrind.out')) fs.rmSync(path.join(out, file));
}
const readyFile = path.join(folder, 'ready.json');
const program = new Program(['serve', '--config', config, '--ready-file', readyFile], { readyFile, command, log: path.join(folder, 'aig.log') });
const gateway = new Gateway(program, await program.ready(120_000), { config });
if (os.cpus().length > 1 && tool !== 'callgrind') execFileSync('taskset', ['-a', '-p', '-c', '0', String(program.pid)], { stdio: 'ignore' });
const customer = await gateway.customer({ credit: '1000000', key: { rpm: 1_000_000_000, tpm: 1_000_000_000_000, concurrency: 100_000, ...(bare ? {} : { spend_cap_usd: '1000000', tag: 'bench' }) } });
const body = path.join(folder, 'body.json');
fs.writeFileSync(body, JSON.stringify({ model: 'm', max_tokens: 256, messages: [{ role: 'system', content: 'You are terse.' }, { role: 'user', content: filler }], ...(stream ? { stream: true } : {}) }));
const load = (n) => {
    const told = JSON.parse(execFileSync(...pinned(path.join(root, 'build/bench_loadgen'), ['--port', new URL(gateway.url).port, '--path', '/v1/chat/completions', '-c', String(connections), '-d', '600', '-n', String(n), ...(stream ? ['--stream'] : []), '--body', body, '--header', 'content-type: application/json', '--header', `authorization: Bearer ${customer.key}`]), { encoding: 'utf8' }));
    if (told.errors > 0 || Object.keys(told.statuses).some((status) => status !== '200')) throw new Error(JSON.stringify(told));
    return told;
};
const cpu = () => {
    const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    const of = {};
    for (const id of fs.readdirSync(`/proc/${program.pid}/task`)) {
        const stat = fs.readFileSync(`/proc/${program.pid}/task/${id}/stat`, 'utf8');
        const fields = stat.replace(/^.*\) /s, '').split(' ');
        of[/\((.*)\)/.exec(stat)[1] + ' ' + id] = [Number(fields[11]) * 1e6 / ticks, Number(fields[12]) * 1e6 / ticks];
    }
    return of;
};
const rss = () => (Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${program.pid}/status`, 'utf8'))[1]) / 1024).toFixed(1);
console.log(`idle RSS ${rss()} MB`);
load(Math.min(requests, 1000));     // warm
let told;
if (tool === 'callgrind') {
    execFileSync('callgrind_control', ['-z', String(program.pid)], { stdio: 'ignore' });
    told = load(requests);
    execFileSync('callgrind_control', ['-d', String(program.pid)], { stdio: 'ignore' });
    await sleep(2000);
} else if (tool === 'strace') {
    const trace = spawn('strace', ['-f', '-c', '-S', 'calls', '-o', path.join(out, 'strace.txt'), '-p', String(program.pid)], { stdio: 'ignore' });
    await sleep(1500);
    told = load(requests);
    trace.kill('SIGINT');
    await sleep(1000);
    for (const line of fs.readFileSync(path.join(out, 'strace.txt'), 'utf8').split('\n').slice(2)) {
        const fields = line.trim().split(/\s+/);
        if (fields.length > 4 && Number(fields[3]) / requests > 0.01) console.log(`${(Number(fields[3]) / requests).toFixed(2).padStart(8)}  ${fields.at(-1)}`);
    }
} else {
    const before = cpu();
    let perf;
    if (tool === 'perf') perf = spawn('perf', ['record', '-F', '999', '--call-graph', 'dwarf,4096', '-o', path.join(out, 'perf.data'), '-p', String(program.pid)], { stdio: 'ignore' });
    if (tool === 'events') perf = spawn('perf', ['stat', '-x', ',', '-e', events, '-o', path.join(out, 'events.csv'), '-p', String(program.pid)], { stdio: 'ignore' });
    if (perf) await sleep(500);
    told = load(requests);
    const after = cpu();
    if (perf) { perf.kill('SIGINT'); await sleep(1500); }
    if (tool === 'events')
        for (const line of fs.readFileSync(path.join(out, 'events.csv'), 'utf8').split('\n')) {
            const [count, , name] = line.split(',');
            if (name) console.log(`${(Number(count) / requests).toFixed(3).padStart(8)}  ${name.replace('syscalls:sys_enter_', '')}`);
        }
    for (const [name, [user, system]] of Object.entries(after)) {
        const [u, s] = before[name] ?? [0, 0];
        if (user + system - u - s > requests * 0.1) console.log(`${name}: user ${((user - u) / requests).toFixed(1)} system ${((system - s) / requests).toFixed(1)} us a request`);
    }
}
console.log(JSON.stringify(told), `RSS after ${rss()} MB`);
if (process.argv.includes('--memory')) fs.writeFileSync(path.join(out, 'smaps.txt'), fs.readFileSync(`/proc/${program.pid}/smaps`));
await program.stop(60_000);
process.exit(0);
