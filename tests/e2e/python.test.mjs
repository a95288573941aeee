// The openai package of Python, where Python and its package index can be had; skipped where not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { Gateway, embedder, nanos, root, wires } from './harness.mjs';

const pinned = 'openai==1.109.1';
const home = path.join(root, '.deps/python-openai');
const python = path.join(home, 'bin/python');

/** null when it can run, else why not. */
function prepare() {
    if (fs.existsSync(path.join(home, '.ready'))) return null;
    try {
        execFileSync('python3', ['-m', 'venv', home], { stdio: 'ignore', timeout: 60_000 });
        execFileSync(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '0', '--timeout', '10', pinned], { stdio: 'ignore', timeout: 120_000 });
        fs.writeFileSync(path.join(home, '.ready'), pinned);
        return null;
    } catch { return `no Python with ${pinned}`; }
}
const why = process.env.AIG_SKIP_SETUP === '1' && !fs.existsSync(path.join(home, '.ready')) ? 'not set up' : prepare();
if (why) console.log(`python openai: skipped (${why})`);

let gateway;
before(async () => { if (!why) gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const program = `
import json, os, openai
client = openai.OpenAI(api_key=os.environ["KEY"], base_url=os.environ["URL"] + "/v1", max_retries=0, timeout=20)
model = os.environ["MODEL"]
ask = [{"role": "user", "content": "Say hello."}]
costs = []
plain = client.chat.completions.create(model=model, messages=ask)
costs.append(plain.usage.cost)
text = ""
for chunk in client.chat.completions.create(model=model, messages=ask, stream=True, stream_options={"include_usage": True}):
    if chunk.choices: text += chunk.choices[0].delta.content or ""
    if chunk.usage: costs.append(chunk.usage.cost)
assert text == plain.choices[0].message.content, text
tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
called = client.chat.completions.create(model=model, messages=ask, tools=tools, tool_choice="required")
costs.append(called.usage.cost)
json.loads(called.choices[0].message.tool_calls[0].function.arguments)["city"]
vectors = client.embeddings.create(model=os.environ["EMBEDDER"], input=["a", "b"])
costs.append(vectors.usage.cost)
assert [row.index for row in vectors.data] == [0, 1] and len(vectors.data[0].embedding) > 0
assert model in [row.id for row in client.models.list()]
errors = []
for wrong in ({"model": "nobody/knows"}, {"model": model, "max_tokens": -1}):
    try: client.chat.completions.create(messages=ask, **wrong)
    except openai.APIStatusError as error: errors.append(type(error).__name__)
print(json.dumps({"costs": [repr(cost) for cost in costs], "errors": errors}))
`;
for (const [wire, model] of Object.entries(wires)) {
    test(`python openai through the ${wire} wire`, { skip: why ?? false }, async () => {
        const customer = await gateway.customer();
        const before = await customer.wallet();
        await gateway.resetUpstream();
        const { stdout } = await promisify(execFile)(python, ['-c', program], { timeout: 60_000, env: { PATH: process.env.PATH, KEY: customer.key, URL: gateway.url, MODEL: model, EMBEDDER: embedder } });
        const { costs, errors } = JSON.parse(stdout);
        assert.deepEqual(errors, ['NotFoundError', 'BadRequestError']);
        assert.equal(await gateway.upstreamCalls(), 4);
        assert.equal(costs.reduce((sum, cost) => sum + nanos(cost), 0n), before.balance - (await customer.settled()).balance);
    });
}
