// Keys and sub-accounts over HTTP: changes take effect at once, on every connection; what one may spend, from where and how often;
// a sub-account's budget holds under a crowd; the same request twice makes one.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Customer, Gateway, Provider, aig, nanosOfCents, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const models = (customer) => customer.request('/v1/balance');
const change = (customer, body) => gateway.admin(`/admin/keys/${customer.keyId}`, body, 'PATCH');
const verb = (customer, name, body = {}) => gateway.admin(`/admin/keys/${customer.keyId}/${name}`, body);
/** The finer word of an error, whatever the dialect. */
const code = async (reply) => { const { error } = await reply.json(); return error.reason ?? error.code; };
/** A key that the customer was given elsewhere. */
const as = (customer, key) => new Customer(gateway, customer.account, null, key);

describe('a key', () => {
    test('revoked ends on every connection within a second', async () => {
        const customer = await gateway.customer();
        const seen = [];
        let stop = false;
        const hammer = async () => {
            while (!stop) {
                const began = Date.now();
                const reply = await models(customer);
                await reply.arrayBuffer();
                seen.push({ began, status: reply.status });
            }
        };
        const running = Array.from({ length: 8 }, hammer);
        await sleep(300);
        await verb(customer, 'revoke');
        const answered = Date.now();
        await sleep(1200);
        stop = true;
        await Promise.all(running);
        assert.ok(seen.some((s) => s.status === 200), 'it worked before');
        const late = seen.filter((s) => s.began >= answered + 1 && s.status !== 401);
        assert.deepEqual(late, [], 'no use begins after the answer to the revocation');
        assert.ok(seen.some((s) => s.status === 401));
    });

    test('frozen answers 403 and works again', async () => {
        const customer = await gateway.customer();
        assert.equal((await verb(customer, 'freeze')).status, 'frozen');
        const refused = await models(customer);
        assert.equal(refused.status, 403);
        assert.equal(await code(refused), 'frozen_key');
        assert.equal((await verb(customer, 'unfreeze')).status, 'active');
        assert.equal((await models(customer)).status, 200);
    });

    test('rotated: both work during the overlap, then only the new one', async () => {
        const customer = await gateway.customer({ key: { rpm: 1000, name: 'ci' } });
        const made = await verb(customer, 'rotate', { overlap_s: 2 });
        const fresh = as(customer, made.key);
        assert.equal((await models(customer)).status, 200);
        assert.equal((await models(fresh)).status, 200);
        const shown = await gateway.admin(`/admin/keys/${made.key_id}`);
        assert.equal(shown.name, 'ci');
        assert.equal(shown.rpm, 1000);
        await sleep(2200);
        assert.equal((await models(customer)).status, 401);
        assert.equal((await models(fresh)).status, 200);
        await assert.rejects(verb(customer, 'rotate'), /409|conflict/);
    });

    test("a rotation is no fresh allowance: caps go by the key's line", async () => {
        const customer = await gateway.customer({ key: { spend_cap_usd: '0.01' } });
        const ask = (c) => c.chat({ model: wires.openai, max_tokens: 900 });
        let spent = 0n, reply;
        while ((reply = await ask(customer)).status === 200) {
            spent += nanosOfCents(reply.headers.get('x-cost-cents'));
            await reply.arrayBuffer();
        }
        assert.equal(reply.status, 402);
        assert.ok(spent > 0n && spent <= 10_000_000n);
        const made = await verb(customer, 'rotate');
        assert.equal((await ask(as(customer, made.key))).status, 402);
    });

    test('changes are in force with the answer; a null takes a limit away', async () => {
        const customer = await gateway.customer();
        await change(customer, { models: ['nobody/else'] });
        assert.equal((await customer.chat({ model: wires.openai, max_tokens: 16 })).status, 403);
        await change(customer, { models: null, rpd: 1 });
        assert.equal((await customer.chat({ model: wires.openai, max_tokens: 16 })).status, 200);
        assert.equal((await customer.chat({ model: wires.openai, max_tokens: 16 })).status, 429);
        await change(customer, { rpd: null });
        assert.equal((await customer.chat({ model: wires.openai, max_tokens: 16 })).status, 200);
        await assert.rejects(change(customer, { rmp: 3 }), /rmp/);
        await assert.rejects(change(customer, { ip_allow: ['10.0.0.1/8'] }), /ip_allow/);
    });

    test('bound to addresses is refused from elsewhere, whatever the caller claims', async () => {
        const customer = await gateway.customer({ key: { ip_allow: ['203.0.113.0/24'] } });
        for (const headers of [{}, { 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }]) {
            const reply = await customer.request('/v1/balance', { headers });
            assert.equal(reply.status, 403, JSON.stringify(headers));
            assert.equal(await code(reply), 'address_forbidden');
        }
        await change(customer, { ip_allow: ['127.0.0.0/8', '::1'] });
        assert.equal((await models(customer)).status, 200);
    });

    test('the command line makes, changes, freezes, rotates and revokes', async () => {
        const customer = await gateway.customer();
        const door = ['--url', gateway.adminUrl, '--admin-token', gateway.adminToken, '--json'];
        const run = async (...args) => JSON.parse((await aig([...args, ...door])).stdout);
        const made = await run('key', 'create', '--account', customer.account, '--rpm', '60', '--ip-allow', '127.0.0.1,10.0.0.0/8', '--rpd', '9');
        let row = await run('key', 'update', '--key-id', made.key_id, '--set', '{"rpm": null, "name": "robot", "brake_usd_per_minute": "0.5"}');
        assert.deepEqual([row.rpm, row.rpd, row.name, row.brake_usd_per_minute], [null, 9, 'robot', '0.500000000']);
        assert.deepEqual(row.ip_allow, ['127.0.0.1', '10.0.0.0/8']);
        row = await run('key', 'freeze', '--key-id', made.key_id);
        assert.equal(row.status, 'frozen');
        await run('key', 'unfreeze', '--key-id', made.key_id);
        const next = await run('key', 'rotate', '--key-id', made.key_id, '--overlap-s', '60');
        assert.equal((await models(as(customer, next.key))).status, 200);
        await run('key', 'revoke', '--key-id', next.key_id);
        assert.equal((await models(as(customer, next.key))).status, 401);
    });
});

describe('behind a proxy', () => {
    test('trusted_proxies decides whose word counts', async () => {
        const provider = await Provider.start();
        let served;
        try {
            served = await Gateway.serve(await serveConfig(provider, temporaryFolder(), (c) => { c.server.trusted_proxies = ['127.0.0.1', '10.0.0.0/8']; return c; }));
            const customer = await served.customer({ key: { ip_allow: ['203.0.113.7'] } });
            const from = async (headers) => (await customer.request('/v1/balance', { headers })).status;
            assert.equal(await from({ 'x-forwarded-for': '203.0.113.7' }), 200);
            assert.equal(await from({ 'x-forwarded-for': '203.0.113.7, 10.1.1.1' }), 200);
            assert.equal(await from({ forwarded: 'for="203.0.113.7:4711";proto=https' }), 200);
            assert.equal(await from({}), 403, 'the proxy itself');
            assert.equal(await from({ 'x-forwarded-for': '203.0.113.7, 198.51.100.9' }), 403, "the caller's own entry, then the real one");
            assert.equal(await from({ 'x-forwarded-for': '203.0.113.7, unknown' }), 403);
            assert.equal(await from({ 'x-forwarded-for': '198.51.100.9', forwarded: 'for=203.0.113.7' }), 403, 'two stories');
        } finally {
            await served?.stop();
            await provider.stop();
        }
    });
});

describe('sub-accounts', () => {
    const make = async (customer, body, headers) => {
        const reply = await customer.request('/v1/sub-accounts', { body, headers });
        return { reply, body: await reply.json() };
    };

    test('are made, shown, listed, changed and ended; the key is shown once under both names', async () => {
        const customer = await gateway.customer({ prefix: 'sk-aig-' });
        const { reply, body } = await make(customer, { name: 'acme', external_ref: 'cust_42', spend_cap_cents: 50000, rate_limit_rpm: 300, default_tag: 'acme', metadata: { plan: 'gold' } });
        assert.equal(reply.status, 201);
        assert.equal(body.object, 'sub_account');
        assert.equal(body.key, body.scoped_key);
        assert.ok(body.key.startsWith('sk-aig-') && body.key.startsWith(body.key_prefix));
        assert.deepEqual([body.name, body.external_ref, body.spend_cap_cents, body.rate_limit_rpm, body.default_tag, body.allowed_models, body.spent_cents, body.status, body.metadata],
            ['acme', 'cust_42', 50000, 300, 'acme', null, 0, 'active', { plan: 'gold' }]);
        assert.equal(typeof body.created_at, 'number');
        await make(customer, { name: 'other' });
        const list = await (await customer.request('/v1/sub-accounts')).json();
        assert.equal(list.object, 'list');
        assert.deepEqual(list.data.map((s) => s.name), ['acme', 'other']);
        assert.ok(!JSON.stringify(list).includes(body.key));
        assert.equal(list.data[1].spend_cap_cents, null);
        const filtered = await (await customer.request('/v1/sub-accounts?external_ref=cust_42')).json();
        assert.deepEqual(filtered.data.map((s) => s.id), [body.id]);
        const pages = await (await customer.request('/v1/sub-accounts?limit=1')).json();
        assert.deepEqual([pages.data.length, pages.has_more, pages.next], [1, true, body.id]);
        const changed = await (await customer.request(`/v1/sub-accounts/${body.id}`, { method: 'PATCH', body: { name: 'Acme', rate_limit_rpm: null, spend_cap_cents: 1.5 } })).json();
        assert.deepEqual([changed.name, changed.rate_limit_rpm, changed.spend_cap_cents, changed.external_ref], ['Acme', null, 1.5, 'cust_42']);
        const ended = await customer.request(`/v1/sub-accounts/${body.id}`, { method: 'DELETE' });
        assert.deepEqual(await ended.json(), { status: 'ok', id: body.id, deleted: true });
        assert.equal((await as(customer, body.key).request('/v1/balance')).status, 401);
        for (const method of ['GET', 'DELETE']) assert.equal((await customer.request(`/v1/sub-accounts/${body.id}`, { method })).status, 404);
    });

    test('bad requests name the member', async () => {
        const customer = await gateway.customer();
        for (const [body, param] of [[{}, 'name'], [{ name: '' }, 'name'], [{ name: 'x'.repeat(121) }, 'name'], [{ name: 'x', spend_cap_cents: -1 }, 'spend_cap_cents'],
            [{ name: 'x', spend_cap_cents: 0.00000001 }, 'spend_cap_cents'], [{ name: 'x', rate_limit_rpm: 0 }, 'rate_limit_rpm'], [{ name: 'x', spend_cap: 5 }, 'spend_cap'],
            [{ name: 'x', metadata: { a: 1 } }, 'metadata'], [{ name: 'x', allowed_models: ['a', ''] }, 'allowed_models']]) {
            const { reply, body: answer } = await make(customer, body);
            assert.equal(reply.status, 400, JSON.stringify(body));
            assert.equal(answer.error.param, param, JSON.stringify(answer));
        }
    });

    test('their keys manage nothing and pay from the account', async () => {
        const customer = await gateway.customer();
        const { body } = await make(customer, { name: 'acme', default_tag: 'acme' });
        const inside = as(customer, body.key);
        for (const [method, target] of [['GET', ''], ['POST', ''], ['GET', `/${body.id}`], ['PATCH', `/${body.id}`], ['DELETE', `/${body.id}`], ['POST', `/${body.id}/rotate`]]) {
            const reply = await inside.request(`/v1/sub-accounts${target}`, { method, ...(method === 'POST' || method === 'PATCH' ? { body: { name: 'x' } } : {}) });
            assert.equal(reply.status, 403, `${method} ${target}`);
        }
        const before = await customer.wallet();
        const reply = await inside.chat({ model: wires.openai, max_tokens: 50 });
        assert.equal(reply.status, 200);
        await reply.arrayBuffer();
        const after = await customer.settled();
        const cost = nanosOfCents(reply.headers.get('x-cost-cents'));
        assert.ok(cost > 0n);
        assert.equal(before.balance - after.balance, cost);
        const shown = await (await customer.request(`/v1/sub-accounts/${body.id}`)).json();
        assert.equal(nanosOfCents(shown.spent_cents), cost);
    });

    test('what they used is told by day, model and tag to the account, also after the end, and to nobody else', async () => {
        const customer = await gateway.customer(), stranger = await gateway.customer();
        const { body } = await make(customer, { name: 'acme', default_tag: 'acme' });
        const reply = await as(customer, body.key).chat({ model: wires.openai, max_tokens: 50 });
        await reply.arrayBuffer();
        await (await customer.chat({ model: wires.openai, max_tokens: 50 })).arrayBuffer();
        await customer.settled();
        const cost = nanosOfCents(reply.headers.get('x-cost-cents')), path = `/v1/sub-accounts/${body.id}/usage`;
        for (const [group, label] of [['', new Date().toISOString().slice(0, 10)], ['?group_by=model', wires.openai], ['?group_by=tag', 'acme'], ['?group_by=sub_account', 'acme']]) {
            const told = await (await customer.request(path + group)).json();
            assert.deepEqual(told.data.map((row) => [row.label, row.requests, nanosOfCents(row.cost_cents)]), [[label, 1, cost]], group);
            assert.equal(nanosOfCents(told.total_cost_cents), cost);
        }
        assert.equal((await customer.request(`${path}?group_by=colour`)).status, 400);
        assert.equal((await as(customer, body.key).request(path)).status, 403);
        assert.equal((await stranger.request(path)).status, 404);
        await customer.request(`/v1/sub-accounts/${body.id}`, { method: 'DELETE' });
        assert.equal((await (await customer.request(path)).json()).total_requests, 1, 'its calls stay');
        assert.equal((await customer.request('/v1/sub-accounts/sub_zzz/usage')).status, 404);
    });

    test('its rates bound all its keys together', async () => {
        const customer = await gateway.customer();
        const { body } = await make(customer, { name: 'acme', rate_limit_rpm: 6 });
        const made = await gateway.admin('/admin/keys', { account_id: customer.account, sub_account_id: body.id, prefix: 'sk-' });
        const keys = [as(customer, body.key), as(customer, made.key)];
        const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => keys[i % 2].chat({ model: wires.openai, max_tokens: 20 })));
        const texts = await Promise.all(replies.map((reply) => reply.text()));
        assert.deepEqual([replies.filter((r) => r.status === 200).length, replies.filter((r) => r.status === 429).length], [6, 14], texts.find((t) => /error/.test(t)));
        assert.ok(texts.some((text) => /This sub-account's limit of 6 requests a minute/.test(text)), texts.find((t) => /limit/.test(t)));
        assert.equal((await customer.chat({ model: wires.openai, max_tokens: 20 })).status, 200, 'the account itself goes on');
    });

    test('its cap is in US cents, what it spent in the wallet\'s currency, and both are named', async () => {
        await gateway.admin('/admin/rates', { currency: 'TMT', per_usd: '3.5' });
        const { account_id: account } = await gateway.admin('/admin/accounts', { name: 'manat', currency: 'TMT' });
        await gateway.admin(`/admin/accounts/${account}/credit`, { amount: '100' });
        const { key } = await gateway.admin('/admin/keys', { account_id: account, prefix: 'sk-' });
        const customer = Object.assign(await gateway.customer(), { account, key });
        const { body } = await make(customer, { name: 'acme', spend_cap_cents: 2 });
        assert.deepEqual([body.spend_cap_currency, body.spent_currency], ['USD', 'TMT']);
        // 1.05 US cents a call: one fits into two cents, a second does not; what it spent is 3.675 hundredths of a manat.
        for (const status of [200, 402]) assert.equal((await as(customer, body.key).chat({ model: 'sim/per-request' })).status, status);
        await sleep(100);
        const shown = await (await customer.request(`/v1/sub-accounts/${body.id}`)).json();
        assert.deepEqual([shown.spend_cap_cents, shown.spent_cents], [2, 3.675]);
    });

    test('a key rotates with an overlap', async () => {
        const customer = await gateway.customer();
        const { body } = await make(customer, { name: 'acme' });
        const rotated = await (await customer.request(`/v1/sub-accounts/${body.id}/rotate`, { body: { overlap_s: 60 } })).json();
        assert.equal(rotated.key, rotated.scoped_key);
        assert.equal((await as(customer, rotated.key).request('/v1/balance')).status, 200);
        assert.equal((await as(customer, body.key).request('/v1/balance')).status, 200);
        await (await customer.request(`/v1/sub-accounts/${body.id}/rotate`, { method: 'POST' })).json();
        assert.equal((await as(customer, rotated.key).request('/v1/balance')).status, 401);
    });

    test('500 at once against a cap for ten: exactly ten are served, 402 for the rest', async () => {
        const customer = await gateway.customer({ credit: '100' });
        // One call's price is fixed: a model priced by the request costs 1.05 cents with the fee.
        const one = await customer.chat({ model: 'sim/per-request' });
        assert.equal(one.status, 200, await one.clone().text());
        await one.arrayBuffer();
        const price = nanosOfCents(one.headers.get('x-cost-cents'));
        const { body } = await make(customer, { name: 'crowd', spend_cap_cents: Number(price * 10n) / 1e7 });
        const inside = as(customer, body.key);
        const statuses = await Promise.all(Array.from({ length: 500 }, async () => {
            const reply = await inside.chat({ model: 'sim/per-request' });
            await reply.arrayBuffer();
            return reply.status;
        }));
        const count = (status) => statuses.filter((s) => s === status).length;
        assert.equal(count(200), 10, `200: ${count(200)}, 402: ${count(402)}`);
        assert.equal(count(402), 490);
        const shown = await (await customer.request(`/v1/sub-accounts/${body.id}`)).json();
        assert.equal(nanosOfCents(shown.spent_cents), price * 10n);
        assert.equal((await customer.chat({ model: 'sim/per-request' })).status, 200, 'the account itself goes on');
    });

    test('a cap set in mid-month counts what was spent before it', async () => {
        const customer = await gateway.customer();
        const { body } = await make(customer, { name: 'late' });
        const inside = as(customer, body.key);
        await (await inside.chat({ model: wires.openai, max_tokens: 50 })).arrayBuffer();
        await customer.settled();
        await customer.request(`/v1/sub-accounts/${body.id}`, { method: 'PATCH', body: { spend_cap_cents: 0.0000001 } });
        assert.equal((await inside.chat({ model: wires.openai, max_tokens: 50 })).status, 402);
    });

    test('the same Idempotency-Key makes one, and gives the key again', async () => {
        const customer = await gateway.customer();
        const headers = { 'idempotency-key': 'make-acme-1' };
        const [first, second] = [await make(customer, { name: 'acme' }, headers), await make(customer, { name: 'acme' }, headers)];
        assert.equal(second.reply.status, 201);
        assert.deepEqual(second.body, first.body);
        assert.equal(second.reply.headers.get('idempotent-replayed'), 'true');
        assert.equal((await (await customer.request('/v1/sub-accounts')).json()).data.length, 1);
        assert.equal((await make(customer, { name: 'other' }, headers)).reply.status, 409);
    });

    test('the command line manages them with the key of the caller', async () => {
        const customer = await gateway.customer({ prefix: 'sk-aig-' });
        const door = ['--url', gateway.url, '--key', customer.key];
        const key = (await aig(['sub-account', 'create', '--name', 'cli', '--spend-cap-cents', '12.5', ...door])).stdout.trim();
        assert.equal((await as(customer, key).request('/v1/balance')).status, 200);
        assert.match((await aig(['sub-account', 'list', ...door])).stdout, /cli .*12\.5/);
        const [row] = (JSON.parse((await aig(['sub-account', 'list', '--json', ...door])).stdout)).data;
        await aig(['sub-account', 'update', '--id', row.id, '--spend-cap-cents', 'none', '--rpm', '5', ...door]);
        assert.match((await aig(['sub-account', 'show', '--id', row.id, ...door])).stdout, /rate_limit_rpm +5/);
        const next = (await aig(['sub-account', 'rotate', '--id', row.id, ...door])).stdout.trim();
        await aig(['sub-account', 'delete', '--id', row.id, ...door]);
        assert.equal((await as(customer, next).request('/v1/balance')).status, 401);
    });
});

describe('an account', () => {
    const door = () => ['--url', gateway.adminUrl, '--admin-token', gateway.adminToken];

    test('is exported whole, without a secret', async () => {
        const customer = await gateway.customer();
        const sub = await (await customer.request('/v1/sub-accounts', { body: { name: 'exported-sub' } })).json();
        await (await customer.chat({ model: wires.openai, max_tokens: 16 })).arrayBuffer();
        await customer.settled();
        const { stdout } = await aig(['account', 'export', '--account', customer.account, ...door()]);
        const all = JSON.parse(stdout);
        assert.equal(all.account.length, 1);
        assert.equal(all.keys.length, 2);
        assert.equal(all.sub_accounts[0].name, 'exported-sub');
        assert.equal(all.wallets.length, 1);
        assert.equal(all.calls.length, 1);
        assert.ok(all.entries.length >= 2);
        assert.ok(all.events.some((e) => e.type === 'subaccount.created'));
        assert.ok(all.audit.some((a) => a.action === 'key.create'));
        for (const secret of [customer.key, sub.key]) assert.ok(!stdout.includes(secret));
        assert.ok(!/"hash"/.test(stdout));
    });

    test('is erased: nobody in it, its money stays in the books', async () => {
        const customer = await gateway.customer({ credit: '3' });
        const run = (...more) => aig(['account', 'erase', '--account', customer.account, ...door(), ...more], { allowFailure: true });
        const refused = await run();
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /3\.000000000 USD/);
        assert.equal((await run('--force')).code, 0);
        assert.equal((await customer.request('/v1/balance')).status, 401);
        const row = await gateway.admin(`/admin/accounts/${customer.account}`);
        assert.deepEqual([row.name, row.email, row.status], ['erased', '', 'blocked']);
        assert.equal((await gateway.admin(`/admin/accounts/${customer.account}/wallet`)).balance, '3.000000000');
        await assert.rejects(gateway.admin('/admin/keys', { account_id: customer.account }), /404|409/);
        await assert.rejects(gateway.admin(`/admin/accounts/${customer.account}/unblock`, {}), /404/);
        assert.equal((await run('--force')).code, 1, 'once');
        assert.equal((await gateway.admin('/admin/ledger/verify')).ok, true);
    });
});

describe('the secret key', () => {
    test('rotates while the gateway runs, and what was sealed stays readable', async () => {
        const folder = temporaryFolder();
        const data = path.join(folder, 'data');
        const first = await Gateway.dev({ data });
        const { account_id: account } = await first.admin('/admin/accounts', { name: 'hooks' });
        const { secret } = await first.admin(`/admin/accounts/${account}/webhook-secret`);
        assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
        await aig(['secret', 'rotate', '--data', data]);
        assert.equal((await first.admin(`/admin/accounts/${account}/webhook-secret`)).secret, secret);
        await first.stop();
        await aig(['secret', 'rotate', '--data', data]);
        const second = await Gateway.dev({ data });
        try {
            assert.equal((await second.admin(`/admin/accounts/${account}/webhook-secret`)).secret, secret);
        } finally { await second.stop(); }
    });
});
