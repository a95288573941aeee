// Starts the built gateway, makes customers, and counts: what the customer saw, what the wallet says, what reached the provider.
// Every process is stopped by its pid; every wait has an end.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = process.env.AIG_ROOT ?? path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
export const binary = process.env.AIG_BIN ?? path.join(root, 'build/aig');
export const scale = Number(process.env.AIG_TEST_SCALE ?? 1);
/** How many times as long a start may take: for a machine that is busy with other things. */
const patience = Number(process.env.AIG_TEST_PATIENCE ?? 1);
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A model on each wire, so that every suite meets the lossless lane and the translated one. */
export const wires = { openai: 'openai/gpt-5.4', anthropic: 'anthropic/claude-sonnet-4.6' };
/** Wires that no listed model stands behind in `aig dev`. */
export const hiddenWires = { responses: 'sim/responses' };
export const embedder = 'baai/bge-m3';
/** The simulated models count as far as they are asked to. */
export const longAnswer = { messages: [{ role: 'user', content: 'Count to 4000.' }] };
/** The same, spoken slowly: for callers who leave, and gateways that stop, in the middle. */
export const slowly = { openai: 'fault/slow', anthropic: 'fault-anthropic/slow', responses: 'fault-responses/slow' };

// ---- money: whole nano-dollars as BigInt --------------------------------------------------------------------------------------

/** Decimal text (exponent form too) or a JSON number -> nano-dollars; refuses what is finer than a nano. */
export function nanos(amount, digits = 9) {
    const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(String(amount));
    if (!match) throw new Error(`not an amount: ${amount}`);
    const [, sign, whole, fraction = '', exponent = '0'] = match;
    const shift = digits + Number(exponent) - fraction.length;
    let value = BigInt(whole + fraction);
    if (shift >= 0) value *= 10n ** BigInt(shift);
    else {
        const divisor = 10n ** BigInt(-shift);
        if (value % divisor !== 0n) throw new Error(`finer than a nano-dollar: ${amount}`);
        value /= divisor;
    }
    return sign ? -value : value;
}
export const nanosOfCents = (cents) => nanos(cents, 7);
export const dollars = (amount) => `${amount / 1_000_000_000n}.${String(amount % 1_000_000_000n).padStart(9, '0')}`;

// ---- processes ----------------------------------------------------------------------------------------------------------------

const started = new Set(), folders = [];
process.on('exit', () => {
    for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder() {
    folders.push(fs.mkdtempSync(path.join(os.tmpdir(), 'aig-e2e-')));
    return folders.at(-1);
}

/** A program that answers readiness by writing a file; its output is kept for the report of a failure. */
export class Program {
    // `log`: a file for the standard error, where nobody reads the pipe for a while (the measurements).
    constructor(args, { readyFile, env = {}, command = binary, log = null } = {}) {
        this.readyFile = readyFile;
        this.output = '';
        this.child = spawn(command, args, { stdio: ['ignore', 'pipe', log ? fs.openSync(log, 'a') : 'pipe'], env: { ...process.env, ...env } });
        started.add(this.child);
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream?.setEncoding('utf8').on('data', (text) => { this.output = (this.output + text).slice(-200_000); });
        }
        this.exit = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })));
        this.child.once('error', (error) => { this.output += `\n${error}`; });
    }
    get pid() { return this.child.pid; }
    /** Processor time it has used so far, its own and the kernel's for it. */
    cpuMs() {
        const [user, system] = fs.readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
        return (Number(user) + Number(system)) * 10;  // 100 ticks a second on every Linux we build for
    }
    get running() { return this.child.exitCode === null && this.child.signalCode === null; }

    async ready(timeoutMs = 15_000) {
        const deadline = Date.now() + timeoutMs * patience;
        while (Date.now() < deadline) {
            if (fs.existsSync(this.readyFile)) return JSON.parse(fs.readFileSync(this.readyFile, 'utf8'));
            if (!this.running) break;
            await sleep(5);
        }
        const state = this.running ? `not ready within ${timeoutMs} ms` : 'ended before it was ready';
        await this.kill();
        throw new Error(`aig ${state}:\n${this.output.slice(-4000)}`);
    }
    /** SIGTERM and the exit; more than timeoutMs is a failure. */
    async stop(timeoutMs = 20_000) {
        if (!this.running) return this.exit;
        this.child.kill('SIGTERM');
        // The bound must not keep the test's own process waiting once everything has ended.
        const bound = new Promise((done) => setTimeout(done, timeoutMs, null).unref());
        const ended = await Promise.race([this.exit, bound]);
        if (!ended) {
            await this.kill();
            throw new Error(`did not stop within ${timeoutMs} ms of SIGTERM:\n${this.output.slice(-4000)}`);
        }
        return ended;
    }
    async kill() {
        if (this.running) this.child.kill('SIGKILL');
        return this.exit;
    }
}

const givenPorts = new Set();      // which are not listened on yet, perhaps
/** A free port of this moment, below those that the kernel gives to outgoing connections: one of them would be taken before the program listens. */
export async function freePort() {
    for (;;) {
        const port = 12_000 + Math.floor(Math.random() * 20_000);
        if (givenPorts.has(port)) continue;
        const server = net.createServer().listen(port, '127.0.0.1');
        const free = await new Promise((done) => { server.once('listening', () => done(true)).once('error', () => done(false)); });
        if (!free) continue;
        server.close();
        await once(server, 'close');
        givenPorts.add(port);
        return port;
    }
}

export async function aig(args, { allowFailure = false } = {}) {
    try {
        const { stdout, stderr } = await promisify(execFile)(binary, args, { timeout: 60_000, maxBuffer: 64 << 20 });
        return { code: 0, stdout, stderr };
    } catch (error) {
        if (!allowFailure) throw new Error(`aig ${args.join(' ')}: ${error.stderr || error.message}`);
        return { code: error.code ?? 1, stdout: error.stdout, stderr: error.stderr };
    }
}

// ---- the gateway --------------------------------------------------------------------------------------------------------------

export class Gateway {
    constructor(program, ready, { config = null } = {}) {
        Object.assign(this, { program, config, url: ready.url, adminUrl: ready.admin_url, simUrl: ready.sim_url, adminToken: ready.admin_token, keys: ready.keys });
    }
    /** `aig dev` on free ports. */
    static async dev({ args = [], data = null, env = {} } = {}) {
        const folder = temporaryFolder();
        const readyFile = path.join(folder, 'ready.json');
        const more = data ? ['--data', data] : [];
        const program = new Program(['dev', '--port', '0', '--ready-file', readyFile, ...more, ...args], { readyFile, env });
        return new Gateway(program, await program.ready());
    }
    /** `aig serve` with a config file. */
    static async serve(config, { readyMs = 15_000, env = {}, log = null, command = binary } = {}) {
        const readyFile = path.join(temporaryFolder(), 'ready.json');
        const program = new Program(['serve', '--config', config, '--ready-file', readyFile], { readyFile, env, log, command });
        return new Gateway(program, await program.ready(readyMs), { config });
    }
    stop(timeoutMs) { return this.program.stop(timeoutMs); }
    kill() { return this.program.kill(); }

    /** The admin API itself, quicker than a command; a served gateway keeps its token in its data folder. */
    async admin(pathname, body, method = body === undefined ? 'GET' : 'POST') {
        const token = (this.adminToken ??= fs.readFileSync(path.join(JSON.parse(fs.readFileSync(this.config, 'utf8')).data_dir, 'admin.token'), 'utf8').trim());
        const reply = await fetch(this.adminUrl + pathname, {
            method,
            headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        if (!reply.ok) throw new Error(`${pathname}: ${reply.status} ${await reply.text()}`);
        return reply.json();
    }
    /** A new account with its own key (`key`: limits of the admin API) and wallet: tests do not share money. */
    async customer({ credit = '10', prefix = 'sk-', key = {} } = {}) {
        const { account_id: account } = await this.admin('/admin/accounts', { name: `customer-${++Gateway.customers}` });
        const made = await this.admin('/admin/keys', { account_id: account, prefix, ...key });
        if (nanos(credit) > 0n) await this.admin(`/admin/accounts/${account}/credit`, { amount: credit });
        return new Customer(this, account, made.key_id, made.key);
    }
    static customers = 0;

    /** What the simulated provider counted since the last reset. */
    async upstream() { return (await fetch(`${this.simUrl}/sim/stats`)).json(); }
    async resetUpstream() {
        const reply = await fetch(`${this.simUrl}/sim/reset`, { method: 'POST' });
        if (!reply.ok) throw new Error(`POST /sim/reset: ${reply.status}`);
        await reply.arrayBuffer();
    }
    async upstreamCalls() { return (await this.upstream()).calls; }
}

/** `aig sim` by itself: a provider that outlives the gateway, and its invoice. */
export class Provider {
    static async start({ bill } = {}) {
        const port = await freePort();
        const program = new Program(['sim', '--port', String(port), ...(bill ? ['--bill', bill] : [])]);
        const url = `http://127.0.0.1:${port}`;
        for (const deadline = Date.now() + 15_000; ; await sleep(10)) {
            try {
                await (await fetch(`${url}/sim/stats`)).arrayBuffer();
                return Object.assign(new Provider(), { program, url, bill });
            } catch (error) {
                if (program.running && Date.now() < deadline) continue;
                await program.kill();
                throw new Error(`aig sim does not answer (${error.message}):\n${program.output.slice(-2000)}`);
            }
        }
    }
    async calls() { return (await (await fetch(`${this.url}/sim/stats`)).json()).calls; }
    /** The invoice so far, one object a call. A line that is just being written may be seen in part: it counts once it has ended. */
    invoice() { return fs.readFileSync(this.bill, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)); }
    stop() { return this.program.stop(); }
}

/** A config file for `aig serve` in front of such a provider. JSON is YAML too. */
export async function serveConfig(provider, folder, change = (config) => config) {
    const target = (name, model) => [{ provider: name, model }];
    const config = change({
        server: { listen: `127.0.0.1:${await freePort()}`, admin_listen: `127.0.0.1:${await freePort()}` },
        data_dir: path.join(folder, 'data'),
        providers: {
            'sim-openai': { wire: 'openai-chat', base_url: `${provider.url}/v1`, api_key: 'sim-key' },
            'sim-anthropic': { wire: 'anthropic', base_url: `${provider.url}/v1`, api_key: 'sim-key' },
        },
        models: {
            [wires.openai]: { modality: 'text', context: 400000, max_output: 8000, targets: target('sim-openai', 'gpt-5.4'), price: { input_per_million: '1.25', cached_input_per_million: '0.125', output_per_million: '10' } },
            [wires.anthropic]: { modality: 'text', context: 400000, max_output: 8000, targets: target('sim-anthropic', 'claude-sonnet-4-6'), price: { input_per_million: '3', cached_input_per_million: '0.3', output_per_million: '15' } },
        },
    });
    const file = path.join(folder, 'aig.yaml');
    fs.writeFileSync(file, JSON.stringify(config, null, 1));
    return file;
}

export class Customer {
    constructor(gateway, account, keyId, key) { Object.assign(this, { gateway, account, keyId, key }); }

    /** {balance, held, available} in nano-dollars. */
    async wallet() {
        const shown = await this.gateway.admin(`/admin/accounts/${this.account}/wallet`);
        return { balance: nanos(shown.balance), held: nanos(shown.held), available: nanos(shown.available) };
    }
    /** The wallet once nothing is held any more. */
    async settled(timeoutMs = 5_000) {
        const deadline = Date.now() + timeoutMs;
        for (;;) {
            const wallet = await this.wallet();
            if (wallet.held === 0n) return wallet;
            if (Date.now() > deadline) throw new Error(`a hold stays open: ${wallet.held} nano-dollars`);
            await sleep(20);
        }
    }
    request(pathname, { method, body, headers = {}, signal } = {}) {
        const json = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
        return fetch(this.gateway.url + pathname, {
            method: method ?? (body === undefined ? 'GET' : 'POST'),
            headers: { authorization: `Bearer ${this.key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
            body: json ? JSON.stringify(body) : body,
            signal,
            redirect: 'manual',
        });
    }
    chat(body, options) { return this.request('/v1/chat/completions', { body: { messages: [{ role: 'user', content: 'Say hello.' }], ...body }, ...options }); }
}

// ---- streams ------------------------------------------------------------------------------------------------------------------

/** Server-sent events of a reply, as {event, data}; comments are skipped, as every client does. */
export async function* events(reply) {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of reply.body) {
        rest += decoder.decode(bytes, { stream: true });
        let end;
        while ((end = /\r?\n\r?\n/.exec(rest))) {
            const block = rest.slice(0, end.index);
            rest = rest.slice(end.index + end[0].length);
            const event = { event: null, data: null };
            for (const line of block.split(/\r?\n/)) {
                if (line.startsWith('data:')) event.data = (event.data === null ? '' : event.data + '\n') + line.slice(line[5] === ' ' ? 6 : 5);
                else if (line.startsWith('event:')) event.event = line.slice(6).trim();
            }
            if (event.data !== null) yield event;
        }
    }
}

/** Reads a chat stream to its end: {chunks, text, finish, usage, error, done}. done means that [DONE] came, as the last event. */
export async function readChatStream(reply) {
    const seen = { chunks: [], text: '', finish: null, usage: null, error: null, done: false, broken: null, headers: reply.headers };
    try {
        for await (const { data } of events(reply)) {
            if (seen.done) throw new Error(`an event behind [DONE]: ${data}`);
            if (data === '[DONE]') { seen.done = true; continue; }
            const chunk = JSON.parse(data);
            seen.chunks.push(chunk);
            if (chunk.error) { seen.error = chunk.error; continue; }
            if (chunk.usage) seen.usage = chunk.usage;
            for (const choice of chunk.choices ?? []) {
                if (choice.index === 0) seen.text += choice.delta?.content ?? '';
                if (choice.finish_reason) seen.finish = choice.finish_reason;
            }
        }
    } catch (error) { seen.broken = error; }
    return seen;
}
