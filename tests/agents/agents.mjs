// What every agent's script shares: a gateway of `aig dev`, a task that needs a tool, the targets, and the row that says how it went.
// An agent is installed by tools/agents.sh, which hands its folder over in AIG_AGENTS; it runs with a home of its own, no
// environment of ours and no network but the loopback.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Gateway, dollars } from '../e2e/harness.mjs';

export const installed = process.env.AIG_AGENTS ?? path.join(process.cwd(), '.deps/agents');

/** A model behind each wire of the simulated provider that `aig dev` knows. */
export const targets = { anthropic: 'anthropic/claude-sonnet-4.6', 'openai-chat': 'openai/gpt-5.4', 'openai-responses': 'sim/responses', gemini: 'sim/gemini-3' };

export const versionOf = (name) => JSON.parse(fs.readFileSync(path.join(installed, 'node_modules', name, 'package.json'), 'utf8')).version;

/** A folder with a file that only a tool can tell about. */
export function task() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'aig-agent-'));
    const secret = `ZEBRA-${Math.floor(Math.random() * 1e9)}`;
    const file = path.join(folder, 'note.txt');
    fs.writeFileSync(file, `The code is ${secret}.\n`);
    return { folder, file, secret, home: path.join(folder, 'home'), remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** Runs a program to its end; more than timeoutMs is a failure. */
export function run(program, args, { env, cwd, timeoutMs = 120_000 }) {
    return new Promise((done) => {
        const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, CI: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        let stdout = '', stderr = '';
        child.stdout.on('data', (bytes) => { stdout += bytes; });
        child.stderr.on('data', (bytes) => { stderr += bytes; });
        const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
        child.once('error', (error) => { stderr += error; });
        child.once('close', (code, signal) => { clearTimeout(timer); done({ code, signal, stdout, stderr }); });
    });
}

/** One row of the table: the agent did the task against the model through that base URL, and the wallet fell by what it took. */
export async function row(gateway, { agent, version, target, model, base }, attempt) {
    const customer = await gateway.customer();
    const before = await customer.settled();
    await gateway.resetUpstream();
    const it = task();
    const begun = Date.now();
    let outcome, note = '';
    try {
        const said = await attempt({ key: customer.key, url: gateway.url, ...it });
        outcome = said.stdout.includes(it.secret) && said.code === 0 ? 'done' : 'failed';
        if (outcome === 'failed') note = (said.stderr + said.stdout).replace(/\s+/g, ' ').slice(-300);
    } catch (error) {
        outcome = 'failed';
        note = String(error).slice(0, 300);
    }
    const after = await customer.settled(20_000);
    const calls = (await gateway.upstream()).calls;
    it.remove();
    const made = { agent, version, target, model, base, outcome, calls, paid: dollars(before.balance - after.balance), seconds: Math.round((Date.now() - begun) / 1000), note };
    console.log(JSON.stringify(made));
    return made;
}

export const startGateway = () => Gateway.dev();
