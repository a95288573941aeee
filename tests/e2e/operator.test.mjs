// The operator's side over real sockets and processes: what an act leaves in the audit log, margin, a provider's invoice and the three
// books, the same from the admin listener, the socket and the command line.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, Provider, aig, dollars, nanos, serveConfig, temporaryFolder, wires } from './harness.mjs';

const folder = temporaryFolder();
let provider, config, gateway, customer;
const operate = async (...args) => JSON.parse((await aig([...args, '--json', '--config', config])).stdout);

before(async () => {
    provider = await Provider.start({ bill: path.join(folder, 'invoice.jsonl') });
    config = await serveConfig(provider, folder, (c) => {
        c.models[wires.openai].targets[0].cost = { input_per_million: '1', output_per_million: '8' };
        return c;
    });
    gateway = await Gateway.serve(config);
    customer = await gateway.customer({ credit: '1' });
    for (let i = 0; i < 6; i++) {
        const reply = await customer.chat({ model: wires.openai, messages: [{ role: 'user', content: `Count to ${3 + i}.` }] });
        assert.equal(reply.status, 200);
        await reply.arrayBuffer();
    }
});
after(async () => {
    await gateway?.stop();
    await provider?.stop();
});

test('an act is written down with who asked and from where, by each of the three doors', async () => {
    const { account_id: made } = await operate('account', 'create', '--name', 'by socket');
    await operate('wallet', 'credit', '--account', made, '--amount', '1', '--memo', 'a\u001b[31m\r\nred');
    const { audit } = await gateway.admin('/admin/audit?limit=100');
    const byToken = audit.find((row) => row.action === 'wallet.credit' && row.account_id === customer.account);
    assert.deepEqual([byToken.actor, byToken.from, byToken.detail.amount], ['operator:token', '127.0.0.1', '1.000000000']);
    const bySocket = audit.find((row) => row.object === made && row.action === 'account.create');
    assert.deepEqual([bySocket.actor, bySocket.from], ['operator:socket', 'admin.sock']);
    const shown = (await aig(['audit', 'list', '--config', config])).stdout;
    assert.match(shown, /account\.create/);
    assert.doesNotMatch(shown, /\u001b/);
    assert.doesNotMatch(shown + JSON.stringify(audit), new RegExp(customer.key));
});

test('margin, wallet and request log say the same to the nano', async () => {
    const { rows, total } = await operate('report', 'margin', '--by', 'model,provider,account');
    const [row] = rows.filter((r) => r.account_id === customer.account);
    const wallet = await customer.settled();
    const { calls } = await gateway.admin(`/admin/calls/recent?account=${customer.account}`);
    const sum = (member) => calls.reduce((all, call) => all + nanos(call[member]), 0n);
    assert.equal(row.calls, 6);
    assert.equal(nanos(row.charged), nanos('1') - wallet.balance);
    assert.equal(nanos(row.charged), sum('cost'));
    const cost = calls.reduce((all, c) => all + BigInt(c.input_tokens) * 1000n + BigInt(c.output_tokens) * 8000n, 0n);
    assert.equal(nanos(row.operator_cost_usd), sum('operator_cost'));
    assert.ok(nanos(row.operator_cost_usd) <= cost && nanos(row.operator_cost_usd) > 0n);
    assert.equal(nanos(row.margin_usd), nanos(row.charged_usd) - nanos(row.operator_cost_usd));
    assert.equal(nanos(total.margin_usd), nanos(row.margin_usd));
});

test("the provider's invoice, the log and the ledger agree; a changed line is named", async () => {
    const bill = provider.bill;
    const good = await operate('invoice', 'import', '--file', bill, '--invoice-id', 'inv-1', '--provider', 'sim-openai');
    assert.equal(good.agrees, true, JSON.stringify(good));
    assert.equal(good.rows[0].theirs.calls, 6);
    const recon = await operate('ledger', 'recon');
    assert.equal(recon.ok, true, JSON.stringify(recon));
    assert.equal(recon.calls, 6);

    const lines = provider.invoice();
    lines[2].output_tokens += 1;
    const wrong = path.join(folder, 'wrong.jsonl');
    fs.writeFileSync(wrong, lines.map((line) => JSON.stringify(line)).join('\n'));
    const bad = await aig(['invoice', 'import', '--file', wrong, '--invoice-id', 'inv-2', '--provider', 'sim-openai', '--json', '--config', config], { allowFailure: true });
    assert.equal(bad.code, 1);
    const { requests } = JSON.parse(bad.stdout);
    assert.deepEqual(requests.map((r) => [r.request_id, r.what]), [[lines[2].request_id, 'other units']]);
    const again = await aig(['invoice', 'import', '--file', wrong, '--invoice-id', 'inv-1', '--provider', 'sim-openai', '--config', config], { allowFailure: true });
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /another text/);
});

test('a call is given back once, and never more than it took', async () => {
    const { calls } = await gateway.admin(`/admin/calls/recent?account=${customer.account}`);
    const [call] = calls;
    const before = await customer.wallet();
    const refund = ['wallet', 'refund', '--account', customer.account, '--request-id', call.request_id, '--ref', 'complaint-7'];
    const first = await operate(...refund);
    assert.equal(nanos(first.moved), nanos(call.cost));
    assert.equal((await operate(...refund)).before, true);
    assert.equal((await customer.wallet()).balance, before.balance + nanos(call.cost));
    const more = await aig(['wallet', 'refund', '--account', customer.account, '--request-id', call.request_id, '--amount', dollars(1n), '--config', config], { allowFailure: true });
    assert.notEqual(more.code, 0);
    assert.equal((await operate('ledger', 'verify')).ok, true);
});

test('after the gateway stopped the same commands work on the resting books', async () => {
    await gateway.stop();
    const { account_id: made } = await operate('account', 'create', '--name', 'at rest');
    const { audit } = await operate('audit', 'list', '--limit', '1');
    assert.deepEqual([audit[0].object, audit[0].actor], [made, 'operator:local']);
    assert.match(audit[0].from, /^uid \d+$/);
    assert.equal((await operate('ledger', 'verify')).ok, true);
    const wrong = path.join(folder, 'dta');
    const refused = await aig(['account', 'list', '--data', wrong], { allowFailure: true });
    assert.notEqual(refused.code, 0);
    assert.equal(fs.existsSync(wrong), false);
});
