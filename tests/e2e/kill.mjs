// The kill loop: a gateway under load is killed with SIGKILL at random moments and started again on the same folder. Afterwards
// three books must agree, call by call: what the customers saw, what the provider invoiced, what the ledger charged.
//
//   1. every answer a customer saw whole is charged once, by exactly the cost it named
//   2. every charge belongs to one call of the provider's invoice, delivered whole, and is its tokens at the model's price
//   3. no request reached the provider twice, none that was refused reached it at all
//   4. after each start no hold is left open, and the wallet is what was paid in less the sum of the charges
//   5. `aig ledger verify` finds nothing
//   6. the key has a spend cap, its tag a budget, and both rates and a number of calls at once: the tag's budget and the usage report by
//      tag say the same sum to the nano, and no rate is used up by calls that died
//
// node tests/e2e/kill.mjs [--rounds N] [--seed N]
import assert from 'node:assert/strict';
import path from 'node:path';
import { Customer, Gateway, Provider, aig, dollars, longAnswer, nanos, nanosOfCents, readChatStream, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

const option = (name, fallback) => { const at = process.argv.indexOf(`--${name}`); return at < 0 ? fallback : Number(process.argv[at + 1]); };
const rounds = option('rounds', 30);
const seed = option('seed', Date.now() % 1_000_000);
let state = seed || 1;
const random = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };

const folder = temporaryFolder();
const provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
const config = await serveConfig(provider, folder);
const operate = async (...args) => JSON.parse((await aig([...args, '--json', '--config', config])).stdout);
const { account_id: account } = await operate('account', 'create', '--name', 'under fire');
const { key, key_id: keyId } = await operate('key', 'create', '--account', account, '--prefix', 'sk-', '--spend-cap-usd', '900', '--spend-period', 'month',
    '--tag', 'under-fire', '--rpm', '1000000', '--tpm', '1000000000', '--concurrency', '500');
await operate('budget', 'set', '--account', account, '--tag', 'under-fire', '--cap', '800', '--period', 'month');
const paidIn = nanos('1000');
await operate('wallet', 'credit', '--account', account, '--amount', dollars(paidIn));

/** What the customers saw: one entry a call. */
const seen = [];
/** What the ledger charged: request id -> nano-dollars, read after every start (a page holds the newest thousand calls). */
const charged = new Map();
const page = 1000;

/** One call, followed to its end or to the crash. The request id is ours from the reply's head; without a head nothing was seen. */
async function call(customer, i) {
    const stream = i % 2 === 0;
    const entry = { stream, status: 0, id: null, whole: false, cost: null };
    seen.push(entry);
    const body = {
        model: i % 3 === 0 ? wires.anthropic : wires.openai,
        ...(i % 7 === 0 ? longAnswer : { messages: [{ role: 'user', content: `Count to ${1 + (i % 50)}.` }] }),
        stream,
        ...(stream ? { stream_options: { include_usage: true } } : {}),
    };
    try {
        const reply = await customer.chat(body);
        entry.status = reply.status;
        entry.id = reply.headers.get('x-aig-request-id');
        if (stream && reply.status === 200) {
            const events = await readChatStream(reply);
            entry.whole = events.done;
            if (events.done) entry.cost = nanos(events.usage.cost);
        } else {
            const { usage } = JSON.parse(await reply.text());
            entry.whole = true;
            if (reply.status === 200) {
                entry.cost = nanos(usage.cost);
                assert.equal(nanosOfCents(reply.headers.get('x-cost-cents')), entry.cost);
            }
        }
    } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        entry.broken = String(error);
    }
}

async function load(customer, workers, over) {
    let i = seen.length;
    const last = i + page - workers;
    await Promise.all(Array.from({ length: workers }, async () => { while (!over() && i < last) await call(customer, i++); }));
}

async function readCharges(gateway) {
    const { calls } = await gateway.admin(`/admin/calls/recent?account=${account}&limit=${page}`);
    const twice = new Set();
    for (const { request_id: id, cost } of calls) {
        assert.ok(!twice.has(id), `${id} stands twice in the ledger's list`);
        twice.add(id);
        if (nanos(cost) > 0n) charged.set(id, nanos(cost));
    }
}

const startUps = [];
async function start() {
    const began = performance.now();
    const gateway = await Gateway.serve(config);
    startUps.push(performance.now() - began);
    const customer = new Customer(gateway, account, keyId, key);
    const deadline = Date.now() + 2_000;
    for (;;) {
        const wallet = await customer.wallet();
        if (wallet.held === 0n) {
            await readCharges(gateway);
            return { gateway, customer };
        }
        assert.ok(Date.now() < deadline, `${wallet.held} nano-dollars are still held two seconds after the start`);
        await sleep(50);
    }
}

let failure = null;
try {
    for (let round = 1; round <= rounds; round++) {
        const { gateway, customer } = await start();
        let over = false;
        const work = load(customer, 24, () => over);
        const delay = 5 + Math.floor(random() ** 2 * 1_500);
        await sleep(delay);
        over = true;
        await gateway.kill();
        await work;
        if (round % 10 === 0) console.log(`  ${round} kills, ${seen.length} calls, ${seen.filter((entry) => entry.cost !== null).length} answered whole`);
    }

    const { gateway, customer } = await start();
    const wallet = await customer.wallet();
    const { tag_budgets: budgets } = await gateway.admin(`/admin/accounts/${account}/tag-budgets`);
    const usage = await (await customer.request('/v1/usage?group_by=tag')).json();
    await gateway.stop(30_000);
    reconcile(wallet, budgets[0], usage);
    const verified = await aig(['ledger', 'verify', '--config', config], { allowFailure: true });
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
} catch (error) { failure = error; }
await provider.stop().catch(() => {});

/** Nano-dollars a token as in serveConfig(), the fee of 5 % on top, rounded up once. */
function priceOf(wire, input, output) {
    const [perInput, perOutput] = wire === 'openai' ? [1_250n, 10_000n] : [3_000n, 15_000n];
    return ((input * perInput + output * perOutput) * 105n + 99n) / 100n;
}

function reconcile(wallet, budget, usage) {
    const invoiced = new Map();
    for (const row of provider.invoice()) {
        const id = row.request_id;
        invoiced.set(id, [...(invoiced.get(id) ?? []), row]);
    }
    for (const entry of seen) {
        if (entry.cost !== null) assert.equal(charged.get(entry.id), entry.cost, `${entry.id} was answered whole for ${entry.cost}, the ledger says ${charged.get(entry.id)}`);
        if (entry.status >= 400 && entry.id) assert.ok(!charged.has(entry.id), `${entry.id} was refused with ${entry.status} and charged`);
        if (entry.status >= 400 && entry.status < 500 && entry.id) assert.ok(!invoiced.has(entry.id), `${entry.id} was refused with ${entry.status} and sent on`);
    }
    for (const [id, cost] of charged) {
        const rows = invoiced.get(id) ?? [];
        assert.equal(rows.length, 1, `${id} is charged ${cost} and stands ${rows.length} times in the provider's invoice`);
        const [{ wire, input_tokens: input, output_tokens: output, completed }] = rows;
        assert.ok(completed, `${id} is charged although the provider did not deliver it whole`);
        assert.equal(cost, priceOf(wire, BigInt(input), BigInt(output)), `${id}: the charge is not the invoiced tokens at their price`);
    }
    for (const [id, rows] of invoiced) assert.ok(rows.length <= 1, `${id} reached the provider ${rows.length} times`);
    const sum = [...charged.values()].reduce((a, b) => a + b, 0n);
    assert.equal(wallet.balance, paidIn - sum, 'the wallet is what was paid in less the charges');
    assert.deepEqual([budget.tag, nanos(budget.spent), nanos(budget.held)], ['under-fire', sum, 0n], 'the tag’s budget');
    assert.deepEqual(usage.data.map((row) => [row.label, nanosOfCents(row.cost_cents)]), [['under-fire', sum]], 'the report by tag');
    console.log(`  ${charged.size} charges, ${invoiced.size} invoiced calls, ${seen.length} calls seen, ${dollars(sum)} USD: the three books agree`);
}

const whole = seen.filter((entry) => entry.cost !== null).length;
if (!failure && whole < rounds) failure = new Error(`only ${whole} of ${seen.length} calls were answered: this proves nothing`);
startUps.sort((a, b) => a - b);
console.log(`kill loop: ${rounds} kills, seed ${seed}, ${seen.length} calls, ${whole} answered whole, start-up median ${startUps[startUps.length >> 1]?.toFixed(0)} ms: ${failure ? 'FAILED' : 'ok'}`);
if (failure) { console.error(failure); process.exitCode = 1; }
