// The real Codex CLI against `aig dev`: a task that needs a tool, on a target of each wire. The simulated model calls Codex's shell
// tool, Codex runs the command, its output goes back, the model answers. Codex is not part of the repository: AIG_CODEX names its
// binary, or AIG_AGENTS_DIR the folder that `npm install @openai/codex@0.169.0 --ignore-scripts` was run in. Without either: skipped, and said.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Gateway, temporaryFolder, wires } from '../e2e/harness.mjs';

const folder = process.env.AIG_AGENTS_DIR ?? '/tmp/aig-agents';
const packed = path.join(folder, 'node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex');
const codex = process.env.AIG_CODEX ?? packed;
const skip = fs.existsSync(codex) ? false : `no Codex at ${codex}: npm install --prefix ${folder} --ignore-scripts @openai/codex@0.169.0`;

let gateway;
before(async () => { if (!skip) gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const targets = Object.entries({ ...wires, responses: 'sim/responses' });

/** A home in which the command that the model will call exists. */
function home(model, extra = '') {
    const dir = temporaryFolder();
    const witness = path.join(dir, 'work/witness');
    // The simulator's model takes the first name of the last turn. On Claude's wire neighbours of one role are one turn, which begins with
    // Codex's own words on the time zone: there the command is called Etc.
    fs.writeFileSync(path.join(dir, '.profile'), `Witness() { echo "tool ran" | tee ${witness}; }\nEtc() { Witness; }\nexport -f Witness Etc\n`);
    fs.copyFileSync(path.join(dir, '.profile'), path.join(dir, '.bash_profile'));
    fs.mkdirSync(path.join(dir, '.codex'));
    fs.mkdirSync(path.join(dir, 'work'));
    fs.writeFileSync(path.join(dir, '.codex/config.toml'), `
model = "${model}"
model_provider = "gw"
check_for_update_on_startup = false
[model_providers.gw]
name = "gateway"
base_url = "${gateway.url}/v1"
env_key = "GW_KEY"
wire_api = "responses"
${extra}
[analytics]
enabled = false
[otel]
exporter = "none"
`);
    return { dir, witness };
}

async function run(customer, at, prompt, more = []) {
    const env = { PATH: process.env.PATH, HOME: at.dir, CODEX_HOME: path.join(at.dir, '.codex'), GW_KEY: customer.key, TZ: 'Etc/UTC' };
    const child = promisify(execFile)(codex, ['exec', '--json', '--skip-git-repo-check', '-s', 'workspace-write', ...more, prompt], { cwd: path.join(at.dir, 'work'), env, timeout: 120_000, maxBuffer: 32 << 20 });
    child.child.stdin.end();
    const { stdout } = await child;
    return stdout.split('\n').filter(Boolean).map((line) => { try { return JSON.parse(line); } catch { return { line }; } });
}

for (const [wire, model] of targets) {
    describe(`Codex through the ${wire} wire (${model})`, { skip }, () => {
        test('says something', async () => {
            const customer = await gateway.customer();
            const events = await run(customer, home(model), 'Say hi');
            assert.ok(events.some((e) => e.item?.type === 'agent_message' && e.item.text.length > 0), JSON.stringify(events));
            assert.ok(events.some((e) => e.type === 'turn.completed' && e.usage.output_tokens > 0), JSON.stringify(events));
        });

        test('completes a task that needs its shell', async () => {
            const customer = await gateway.customer();
            const before = await customer.settled();
            const at = home(model);
            await gateway.resetUpstream();
            const events = await run(customer, at, 'Please use exec_command on Witness');
            assert.ok(fs.existsSync(at.witness), JSON.stringify(events));
            assert.equal(fs.readFileSync(at.witness, 'utf8').trim(), 'tool ran');
            const answer = events.filter((e) => e.item?.type === 'agent_message').at(-1)?.item.text ?? '';
            assert.match(answer, /tool ran/, 'the output went back to the model');
            assert.equal(await gateway.upstreamCalls(), 2, 'one call that asks for the tool, one with its output');
            const spent = await customer.settled();
            assert.ok(spent.balance < before.balance);
        });

        test('an output schema', async () => {
            const customer = await gateway.customer();
            const at = home(model);
            const schema = path.join(at.dir, 'schema.json');
            fs.writeFileSync(schema, JSON.stringify({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false }));
            const events = await run(customer, at, 'Somebody.', ['--output-schema', schema]);
            const answer = events.filter((e) => e.item?.type === 'agent_message').at(-1)?.item.text ?? '';
            assert.equal(typeof JSON.parse(answer).a, 'string');
        });

        test('asks for a WebSocket first and falls back', async () => {
            const customer = await gateway.customer();
            const events = await run(customer, home(model, 'supports_websockets = true'), 'Say hi');
            assert.ok(events.some((e) => e.type === 'turn.completed'), JSON.stringify(events));
        });
    });
}
