// The portal's backend as a browser (and an attacker) sees it: sign-up, sessions, CSRF, roles, keys, mails, restarts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { Browser, address, member, password } from './browser.mjs';
import { Gateway, Provider, aig, nanos, nanosOfCents, serveConfig, sleep, temporaryFolder, wires } from './harness.mjs';

describe('aig dev: sign-up without verification', () => {
    let gateway;
    // The throttle is an address's: the tests come from one, so each suite has its own gateway.
    before(async () => { gateway = await Gateway.dev(); });
    after(() => gateway?.stop());

    test('the whole way: sign up, log in, key, call, usage, transactions, log out', async () => {
        const ann = new Browser(gateway), email = address('ann');
        const made = await ann.post('/portal/api/register', { email, password, name: 'Ann Ltd' });
        assert.equal(made.status, 201);
        assert.equal(made.json.email, email);
        assert.equal(made.set, null, 'signing up does not log in');
        assert.equal((await ann.get('/portal/api/session')).code, 'login_required');
        const login = await ann.logIn(email.toUpperCase());
        assert.equal(login.status, 200);
        assert.match(login.set, /^sid=[A-Za-z0-9]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
        assert.equal(login.json.role, 'owner');
        const account = login.json.account_id;

        assert.deepEqual(await ann.ok('GET', '/portal/api/balance'), { currency: 'USD', balance: '0.000000000', reserved: '0.000000000', available: '0.000000000' });
        const minted = await ann.ok('POST', '/portal/api/keys', { name: 'first', prefix: 'gw_', rpm: 600 });
        assert.match(minted.key, /^gw_/);
        const call = () => fetch(`${gateway.url}/v1/chat/completions`, {
            method: 'POST', headers: { authorization: `Bearer ${minted.key}`, 'content-type': 'application/json' },
            body: JSON.stringify({ model: wires.openai, messages: [{ role: 'user', content: 'Say hi' }] }),
        });
        assert.equal((await call()).status, 402);
        await gateway.admin(`/admin/accounts/${account}/credit`, { amount: '2', memo: 'a gift' });
        const reply = await call();
        assert.equal(reply.status, 200);
        await reply.arrayBuffer();
        const cost = nanosOfCents(reply.headers.get('x-cost-cents'));
        assert.ok(cost > 0n);
        assert.equal(nanos((await ann.ok('GET', '/portal/api/balance')).balance), 2_000_000_000n - cost);

        const usage = (await ann.ok('GET', '/portal/api/usage?days=30')).data;
        assert.equal(usage.length, 30, 'days without calls are there');
        const sum = usage.reduce((all, day) => all + nanos(day.cost), 0n);
        assert.equal(sum, cost);
        assert.equal(usage.reduce((all, day) => all + day.requests, 0), 1, 'the refused call is none');
        const moves = (await ann.ok('GET', '/portal/api/transactions')).data;
        assert.deepEqual(moves.map((m) => m.type), ['usage', 'deposit']);
        assert.equal(nanos(moves[0].amount), -cost);
        assert.equal(nanos(moves[1].amount), 2_000_000_000n);

        const shown = (await ann.ok('GET', '/portal/api/models')).data.find((m) => m.id === wires.openai);
        assert.deepEqual([shown.input_price, shown.output_price, shown.request_price], ['1.3125', '10.5', null], 'list price and 5 % fee');
        for (let i = 1; i <= 3; ++i) {
            await gateway.admin(`/admin/accounts/${account}/credit`, { amount: `0.0${i}` });
            await (await call()).arrayBuffer();
        }
        const whole = (await ann.ok('GET', '/portal/api/transactions')).data;
        assert.equal(whole.length, 8);
        const pages = [];
        for (let cursor = ''; cursor !== null;) {
            const page = await ann.ok('GET', `/portal/api/transactions?limit=3${cursor && `&cursor=${cursor}`}`);
            pages.push(...page.data);
            cursor = page.next;
        }
        assert.deepEqual(pages, whole, 'pages hold every line once');
        const total = whole.reduce((all, line) => all + nanos(line.amount), 0n);
        assert.equal(total, nanos((await ann.ok('GET', '/portal/api/balance')).balance), 'the lines add up to the balance');
        for (const cursor of ['x', '1-2', '-1-0-0', '1-2-3-4', '99999999999999999999-0-0']) assert.equal((await ann.get(`/portal/api/transactions?cursor=${cursor}`)).status, 400, cursor);

        const listed = (await ann.ok('GET', '/portal/api/keys')).data;
        assert.equal(listed.length, 1);
        assert.equal(listed[0].name, 'first');
        assert.ok(!JSON.stringify(listed).includes(minted.key));
        assert.equal((await ann.send('DELETE', `/portal/api/keys/${minted.id}`)).status, 204);
        assert.equal((await call()).status, 401, 'revoked at once');

        const stolen = ann.copy();
        const out = await ann.post('/portal/api/logout');
        assert.equal(out.status, 204);
        assert.match(out.set, /^sid=; .*Max-Age=0$/);
        assert.equal((await stolen.get('/portal/api/session')).code, 'login_required', 'the server forgot it, not only the browser');
    });

    test('headers: nothing of a reply is shared, framed or kept', async () => {
        const ann = await member(gateway, 'headers');
        for (const reply of [await ann.get('/portal/api/balance'), await new Browser(gateway).get('/portal/api/balance')]) {
            assert.equal(reply.headers.get('access-control-allow-origin'), null);
            assert.equal(reply.headers.get('cache-control'), 'no-store');
            assert.match(reply.headers.get('content-security-policy'), /default-src 'none'; frame-ancestors 'none'/);
            assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
            assert.equal(reply.headers.get('cross-origin-resource-policy'), 'same-origin');
        }
        const preflight = await fetch(`${gateway.url}/portal/api/keys`, { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' } });
        assert.equal(preflight.status, 403);
        assert.equal(preflight.headers.get('access-control-allow-origin'), null);
        const foreign = await fetch(`${gateway.url}/portal/api/balance`, { headers: { cookie: ann.cookie.replace('sid=', '__Host-sid=') } });
        assert.equal(foreign.status, 401, 'the cookie of the other name is not read');
    });

    test('CSRF: another site, no site, no token, another session\'s token, a form', async () => {
        const ann = await member(gateway, 'csrf'), bob = await member(gateway, 'csrf');
        const make = (headers, body = { name: 'x' }) => ann.send('POST', '/portal/api/keys', body, headers);
        const refused = async (headers, body) => { const r = await make(headers, body); assert.equal(r.status, 403, r.text); assert.equal(r.code, 'csrf_refused'); };
        await refused({ origin: 'https://evil.example' });
        await refused({ origin: 'null' });
        await refused({ origin: '' });
        await refused({ 'sec-fetch-site': 'cross-site' });
        await refused({ 'sec-fetch-site': 'same-site' });
        await refused({ 'sec-fetch-site': 'none' });
        await refused({ 'x-csrf-token': '' });
        await refused({ 'x-csrf-token': bob.csrf });
        await refused({ 'x-csrf-token': ann.csrf.replace(/.$/, (c) => (c === '0' ? '1' : '0')) });
        assert.equal((await make({ 'content-type': 'application/x-www-form-urlencoded' }, 'name=x')).status, 415);
        assert.equal((await make({ 'content-type': 'text/plain' }, '{"name":"x"}')).status, 415);
        assert.equal((await new Browser(gateway).post('/portal/api/login', { email: ann.email, password }, { origin: 'https://evil.example' })).code, 'csrf_refused', 'log-in CSRF');
        assert.equal((await ann.ok('GET', '/portal/api/keys')).data.length, 0, 'nothing was made');
        assert.equal((await make({ 'sec-fetch-site': 'same-origin' })).status, 201);
        const once = await ann.send('DELETE', '/portal/api/sessions', undefined, { 'x-csrf-token': '' });
        assert.equal(once.code, 'csrf_refused');
    });

    test('session fixation: a log-in never takes over a session that was there', async () => {
        const ann = await member(gateway, 'fix'), thief = await member(gateway, 'thief');
        const planted = thief.cookie;
        const victim = Object.assign(new Browser(gateway), { cookie: planted });
        assert.equal((await victim.logIn(ann.email)).status, 200);
        assert.notEqual(victim.cookie, planted);
        const reader = Object.assign(new Browser(gateway), { cookie: planted });
        assert.equal((await reader.get('/portal/api/session')).code, 'login_required', 'the planted session is gone');
        const invented = Object.assign(new Browser(gateway), { cookie: `sid=${'A'.repeat(43)}` });
        await invented.logIn(ann.email);
        assert.notEqual(invented.cookie, `sid=${'A'.repeat(43)}`);
    });

    test('sessions: listed, ended one by one, ended all but this', async () => {
        const ann = await member(gateway, 'sessions'), bob = await member(gateway, 'sessions');
        const phone = new Browser(gateway), tablet = new Browser(gateway);
        await phone.logIn(ann.email);
        await tablet.logIn(ann.email);
        const list = (await ann.ok('GET', '/portal/api/sessions')).data;
        assert.equal(list.length, 3);
        assert.equal(list.filter((s) => s.current).length, 1);
        const other = list.find((s) => !s.current);
        assert.equal((await bob.send('DELETE', `/portal/api/sessions/${other.id}`)).status, 404, 'somebody else\'s');
        assert.equal((await ann.send('DELETE', `/portal/api/sessions/${other.id}`)).status, 204);
        assert.equal((await phone.get('/portal/api/session')).status, 401);
        assert.equal((await ann.send('DELETE', '/portal/api/sessions')).status, 204);
        assert.equal((await tablet.get('/portal/api/session')).status, 401);
        assert.equal((await ann.get('/portal/api/session')).status, 200);
    });

    test('password change: asks for the old one, ends the others, replaces the cookie', async () => {
        const ann = await member(gateway, 'change'), other = new Browser(gateway);
        await other.logIn(ann.email);
        const before = ann.cookie;
        assert.equal((await ann.post('/portal/api/password', { password: 'not the password', new_password: 'a new password!' })).code, 'login_failed');
        assert.equal((await ann.post('/portal/api/password', { password, new_password: 'short' })).status, 400);
        await ann.ok('POST', '/portal/api/password', { password, new_password: 'a new password!' });
        assert.notEqual(ann.cookie, before);
        assert.equal((await ann.get('/portal/api/session')).status, 200);
        assert.equal((await other.get('/portal/api/session')).status, 401);
        assert.equal((await new Browser(gateway).logIn(ann.email)).status, 401);
        assert.equal((await new Browser(gateway).logIn(ann.email, 'a new password!')).status, 200);
    });

    test('unknown members, bad values and too large bodies are refused', async () => {
        const ann = await member(gateway, 'strict');
        assert.equal((await ann.post('/portal/api/keys', { name: 'x', role: 'owner' })).status, 400);
        assert.equal((await ann.post('/portal/api/keys', { rpm: -1 })).status, 400);
        assert.equal((await ann.post('/portal/api/keys', '{"name":"a","name":"b"}')).status, 400);
        assert.equal((await ann.post('/portal/api/keys', `{"name":"${'x'.repeat(70_000)}"}`)).status, 413);
        assert.equal((await ann.get('/portal/api/keys?limit=0')).status, 400);
        assert.equal((await ann.get('/portal/api/nothing')).status, 404);
        assert.equal((await ann.send('PUT', '/portal/api/keys', {})).status, 405);
    });

    test('the same Idempotency-Key makes one key', async () => {
        const ann = await member(gateway, 'once');
        const make = (body) => ann.send('POST', '/portal/api/keys', body, { 'idempotency-key': 'k-1' });
        const first = await make({ name: 'a' }), second = await make({ name: 'a' });
        assert.equal(first.status, 201);
        assert.deepEqual(second.json, first.json);
        assert.equal(second.headers.get('idempotent-replayed'), 'true');
        assert.equal((await make({ name: 'b' })).status, 409);
        assert.equal((await ann.ok('GET', '/portal/api/keys')).data.length, 1);
    });
});

describe('roles', () => {
    let gateway, owner;
    const order = ['read_only', 'member', 'admin', 'owner'];
    const seats = {};
    before(async () => {
        gateway = await Gateway.dev();
        owner = await member(gateway, 'owner');
        for (const role of order) {
            const email = address(role);
            await gateway.admin('/admin/users', { email, account_id: owner.account, role, password });
            const browser = Object.assign(new Browser(gateway), { email, role });
            assert.equal((await browser.logIn(email)).json.role, role);
            seats[role] = browser;
        }
    });
    after(() => gateway?.stop());

    /** Every portal route with a role, from the published contract (which a unit test holds against the rows). */
    async function routes() {
        const { paths } = await (await fetch(`${gateway.url}/openapi.json`)).json();
        return Object.entries(paths).filter(([pathname]) => pathname.startsWith('/portal/')).flatMap(([pathname, methods]) =>
            Object.entries(methods).filter(([, route]) => route['x-aig-role']).map(([method, route]) => ({ method: method.toUpperCase(), pathname, least: route['x-aig-role'] })));
    }
    /** Asks in a way that can do nothing: what no route takes. */
    const poke = (browser, { method, pathname }) => {
        const target = pathname.replace('{id}', 'zz');
        return method === 'GET' || method === 'DELETE' ? browser.send(method, `${target}?zz=1`) : browser.send(method, target, { zz: 1 });
    };

    test('each role x each route: allowed or refused as the row says', async () => {
        const all = await routes();
        assert.ok(all.length >= 30, `${all.length} routes`);
        for (const route of all) {
            assert.equal((await poke(new Browser(gateway), route)).code, 'login_required', `${route.method} ${route.pathname} without a session`);
            for (const role of order) {
                const reply = await poke(seats[role], route);
                const refused = reply.status === 403 && reply.code === 'scope_denied';
                assert.equal(refused, order.indexOf(role) < order.indexOf(route.least), `${role}: ${route.method} ${route.pathname} -> ${reply.status} ${reply.text}`);
            }
        }
    });

    test('a member changes her own keys only; admins all; read_only none', async () => {
        const key = async (who) => (await seats[who].ok('POST', '/portal/api/keys', { name: who })).id;
        const mine = await key('member'), theirs = await key('admin');
        assert.equal((await seats.member.send('PATCH', `/portal/api/keys/${theirs}`, { name: 'x' })).code, 'scope_denied');
        assert.equal((await seats.member.send('DELETE', `/portal/api/keys/${theirs}`)).code, 'scope_denied');
        assert.equal((await seats.member.send('POST', `/portal/api/keys/${theirs}/rotate`, {})).code, 'scope_denied');
        assert.equal((await seats.member.ok('PATCH', `/portal/api/keys/${mine}`, { name: 'renamed', rpm: 5 })).rpm, 5);
        assert.equal((await seats.admin.ok('PATCH', `/portal/api/keys/${mine}`, { rpm: null })).rpm, null);
        const rotated = await seats.member.ok('POST', `/portal/api/keys/${mine}/rotate`, { overlap_seconds: 0 });
        assert.notEqual(rotated.id, mine);
        assert.equal((await seats.member.send('DELETE', `/portal/api/keys/${rotated.id}`)).status, 204, 'she made the successor');
    });

    test('nobody gives what she does not have, and an owner stays', async () => {
        const members = (await owner.ok('GET', '/portal/api/members')).data;
        const id = (role) => members.find((m) => m.email === seats[role].email).user_id;
        assert.equal((await seats.admin.send('PATCH', `/portal/api/members/${id('member')}`, { role: 'owner' })).code, 'scope_denied');
        assert.equal((await seats.admin.send('PATCH', `/portal/api/members/${owner.user}`, { role: 'member' })).code, 'scope_denied');
        assert.equal((await seats.admin.send('DELETE', `/portal/api/members/${owner.user}`)).code, 'scope_denied');
        assert.equal((await seats.admin.post('/portal/api/invitations', { email: address(), role: 'owner' })).code, 'scope_denied');
        await owner.ok('PATCH', `/portal/api/members/${id('owner')}`, { role: 'admin' });
        assert.equal((await seats.owner.get('/portal/api/balance')).status, 401, 'a changed role ends the sessions from before');
        assert.equal((await owner.send('PATCH', `/portal/api/members/${owner.user}`, { role: 'admin' })).status, 409);
        assert.equal((await owner.send('DELETE', `/portal/api/members/${owner.user}`)).status, 409);
    });

    /** Path of the contract -> an object of the owner's there: its id, and bodies that she could send. */
    const makers = {
        '/portal/api/keys/{id}': async () => ({ id: (await owner.ok('POST', '/portal/api/keys', { name: 'ours' })).id, PATCH: { name: 'x' } }),
        '/portal/api/keys/{id}/rotate': async () => ({ id: (await owner.ok('POST', '/portal/api/keys', { name: 'ours' })).id, POST: {} }),
        '/portal/api/members/{id}': () => ({ id: owner.user, PATCH: { role: 'member' } }),
        '/portal/api/invitations/{id}': async () => ({ id: (await owner.ok('POST', '/portal/api/invitations', { email: address('guest'), role: 'member' })).id }),
        '/portal/api/sessions/{id}': async () => ({ id: (await owner.ok('GET', '/portal/api/sessions')).data[0].id }),
        // Nothing can be paid in here; topups.test.mjs asks it with another's order and deposit.
        '/portal/api/deposits/{id}': () => ({ id: 'dpt_1' }),
    };
    test('another tenant\'s objects are 404 on every route of the contract', async () => {
        const bob = await member(gateway, 'tenant');
        const refused = async (method, pathname, body) => {
            const reply = await bob.send(method, pathname, body);
            assert.equal(reply.status, 404, `${method} ${pathname}: ${reply.text}`);
            assert.equal(reply.code, 'resource_not_found');
        };
        const objects = (await routes()).filter(({ pathname }) => pathname.includes('{'));
        assert.deepEqual(objects.filter(({ pathname }) => !makers[pathname]), [], 'say how an object of these is made (makers)');
        assert.deepEqual(Object.keys(makers).filter((pathname) => !objects.some((o) => o.pathname === pathname)), [], 'gone from the contract');
        for (const { method, pathname } of objects) {
            const made = await makers[pathname]();
            await refused(method, pathname.replace('{id}', made.id), made[method]);
        }
        await refused('POST', '/portal/api/session/account', { account_id: owner.account });
        assert.deepEqual((await bob.ok('GET', '/portal/api/keys')).data, []);
    });

    test('without a way of paying there is nothing to pay in by', async () => {
        assert.deepEqual(await owner.ok('GET', '/portal/api/deposits'), { rails: [], data: [], next: null });
        const refused = await owner.post('/portal/api/deposits', { rail: 'usdt-trc20' });
        assert.deepEqual([refused.status, refused.code], [503, 'topup_disabled']);
    });

    test('an operator reads any account and changes none', async () => {
        const helper = await member(gateway, 'operator');
        await gateway.admin(`/admin/users/${helper.user}/grant-operator`, {});
        assert.equal((await helper.get('/portal/api/session')).status, 401, 'a new privilege begins with a new log-in');
        await helper.logIn(helper.email);
        const entered = await helper.ok('POST', '/portal/api/session/account', { account_id: owner.account });
        assert.equal(entered.role, 'read_only');
        assert.equal((await helper.get('/portal/api/keys')).status, 200);
        assert.equal((await helper.post('/portal/api/keys', { name: 'x' })).code, 'scope_denied');
        const audit = await gateway.admin('/admin/audit?action=session.enter');
        assert.equal(audit.audit[0].account_id ?? audit.audit[0].account, owner.account);
    });

    test('coupons, settings, statement, export and erase', async () => {
        const carl = await member(gateway, 'carl');
        await gateway.admin(`/admin/accounts/${carl.account}/credit`, { amount: '3', memo: '=cmd|danger' });
        assert.equal((await carl.ok('PATCH', '/portal/api/account', { low_balance: '1.5' })).low_balance, '1.500000000');
        assert.equal((await carl.ok('PATCH', '/portal/api/account', { low_balance: null })).low_balance, null);
        assert.equal((await carl.send('PATCH', '/portal/api/account', { low_balance: '-1' })).status, 400);
        assert.ok([400, 404, 422].includes((await carl.post('/portal/api/coupons/redeem', { code: 'NO-SUCH' })).status));
        const csv = await carl.get('/portal/api/statement');
        assert.match(csv.headers.get('content-disposition'), /attachment; filename="statement-\d{4}-\d\d\.csv"/);
        assert.match(csv.text, /deposit,"txn_[0-9a-z]+","'=cmd\|danger",3\.000000000,USD/);
        assert.equal((await carl.post('/portal/api/account/export', { password: 'not this one' })).code, 'login_failed');
        const all = JSON.parse((await carl.post('/portal/api/account/export', { password })).text);
        assert.equal(all.wallet.balance, '3.000000000');
        assert.equal(all.members[0].email, carl.email);
        const key = (await carl.ok('POST', '/portal/api/keys', { name: 'k' })).key;
        assert.equal((await carl.post('/portal/api/account/erase', { password, account_id: 'acc_zz' })).status, 400);
        assert.equal((await carl.post('/portal/api/account/erase', { password: 'not this one', account_id: carl.account })).code, 'login_failed');
        assert.equal((await carl.post('/portal/api/account/erase', { password, account_id: carl.account })).status, 204);
        assert.equal((await fetch(`${gateway.url}/v1/balance`, { headers: { authorization: `Bearer ${key}` } })).status, 401);
        assert.equal((await new Browser(gateway).logIn(carl.email)).code, 'login_failed');
        const row = await gateway.admin(`/admin/accounts/${carl.account}`);
        assert.deepEqual([row.name, row.email, row.status], ['erased', '', 'blocked']);
        // The operator's command is the same path: nothing is left for it, and what callers wrote is gone too.
        for (const part of ['events', 'users', 'sessions', 'invitations'])
            assert.deepEqual((await gateway.admin(`/admin/accounts/${carl.account}/export?part=${part}`)).items, [], part);
        await assert.rejects(gateway.admin(`/admin/accounts/${carl.account}/erase`, { confirm: carl.account, force: true }), /409/);
    });
});

describe('aig serve: verification by mail', () => {
    let gateway, provider, folder, data, config;
    before(async () => {
        provider = await Provider.start();
        folder = temporaryFolder();
        config = await serveConfig(provider, folder, (c) => ({ ...c, portal: { sign_up: true, verification: 'email', trial_credit: '0.5' } }));
        data = path.join(folder, 'data');
        gateway = await Gateway.serve(config);
    });
    after(async () => { await gateway?.stop(); await provider?.stop(); });

    const plain = (bytes) => Buffer.from(bytes.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8');
    const outbox = () => (fs.existsSync(path.join(data, 'outbox')) ? fs.readdirSync(path.join(data, 'outbox')).filter((f) => f.endsWith('.eml')).sort() : [])
        .map((f) => plain(fs.readFileSync(path.join(data, 'outbox', f), 'latin1')));
    const mailsTo = (email) => outbox().filter((mail) => mail.includes(`To: ${email}\r\n`));
    async function mailTo(email, count = 1) {
        for (let i = 0; i < 400; ++i) {
            const mails = mailsTo(email);
            if (mails.length >= count) return mails.at(-1);
            await sleep(25);
        }
        throw new Error(`no mail ${count} to ${email}; the outbox holds ${outbox().length}`);
    }
    const tokenIn = (mail) => mail.match(/\/portal\/#\w+=(\w+)/)[1];
    async function confirmed(name) {
        const email = address(name), browser = Object.assign(new Browser(gateway), { email });
        await browser.ok('POST', '/portal/api/register', { email, password });
        await browser.ok('POST', '/portal/api/verify', { token: tokenIn(await mailTo(email)) });
        const login = await browser.logIn(email);
        return Object.assign(browser, { user: login.json.user.id, account: login.json.account_id });
    }

    test('a loud warning at the start', () => assert.match(gateway.program.output, /NO_MAIL_SERVER/));

    test('sign up, confirm by the mailed link, trial credit once a mailbox', async () => {
        const ann = new Browser(gateway), email = address('ann');
        assert.equal((await ann.post('/portal/api/register', { email, password })).status, 201);
        await ann.logIn(email);
        assert.equal((await ann.get('/portal/api/session')).json.user.verified, false);
        assert.equal((await ann.post('/portal/api/keys', { name: 'x' })).code, 'verification_required');
        assert.equal((await ann.ok('GET', '/portal/api/balance')).balance, '0.000000000');
        const mail = await mailTo(email);
        assert.match(mail, new RegExp(`${gateway.url.replace(/[.]/g, '\\.')}/portal/#verify=vfy_\\w{43}`), 'a link of ours, whatever Host was sent');
        const token = tokenIn(mail);
        assert.equal((await ann.post('/portal/api/verify', { token: `${token}x` })).status, 410);
        await ann.ok('POST', '/portal/api/verify', { token });
        assert.equal((await ann.post('/portal/api/verify', { token })).status, 410, 'once');
        assert.equal((await ann.post('/portal/api/keys', { name: 'x' })).status, 201);
        assert.equal((await ann.ok('GET', '/portal/api/balance')).balance, '0.500000000');
        const again = email.replace('@', '+two@'), twin = new Browser(gateway);
        await twin.ok('POST', '/portal/api/register', { email: again, password });
        await twin.ok('POST', '/portal/api/verify', { token: tokenIn(await mailTo(again)) });
        await twin.logIn(again);
        assert.equal((await twin.ok('GET', '/portal/api/balance')).balance, '0.000000000', 'the same mailbox under another spelling');
        assert.ok(!gateway.program.output.includes(token), 'the token is in no log');
    });

    test('taken or free: the same words, and only the mailbox knows', async () => {
        const ann = await confirmed('taken'), fresh = address('free');
        const free = await new Browser(gateway).post('/portal/api/register', { email: fresh, password });
        const taken = await new Browser(gateway).post('/portal/api/register', { email: ann.email, password: 'another password' });
        assert.equal(taken.status, free.status);
        assert.deepEqual({ ...taken.json, email: '' }, { ...free.json, email: '' });
        assert.match(await mailTo(ann.email, 2), /You have an account already/);
        assert.equal((await new Browser(gateway).logIn(ann.email)).status, 200, 'the password is the old one');
        const reset = (email) => new Browser(gateway).post('/portal/api/password/reset', { email });
        const [here, nowhere] = [await reset(fresh), await reset(address('nobody'))];
        assert.deepEqual([here.status, here.text], [nowhere.status, nowhere.text]);
        const wrong = await new Browser(gateway).logIn(ann.email, 'wrong password!'), nobody = await new Browser(gateway).logIn(address('nobody'), 'wrong password!');
        for (const part of ['message', 'code', 'type', 'reason']) assert.equal(wrong.json.error[part], nobody.json.error[part]);
        assert.equal(wrong.status, nobody.status);
    });

    test('log-in takes the same time for nobody as for somebody', async () => {
        const time = async (emails) => {
            const took = [];
            for (const email of emails) {
                const begin = process.hrtime.bigint();
                assert.equal((await new Browser(gateway).logIn(email, 'wrong password!')).status, 401);
                took.push(Number(process.hrtime.bigint() - begin) / 1e6);
            }
            return took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
        };
        const people = [];
        for (let i = 0; i < 5; ++i) people.push((await confirmed('time')).email);
        const known = await time(people), unknown = await time(people.map(() => address('nobody')));
        assert.ok(known < unknown * 3 + 20 && unknown < known * 3 + 20, `known ${known} ms, unknown ${unknown} ms`);
    });

    test('brute force: five wrong passwords, then 429 with the time to wait, for the right one too', async () => {
        const ann = await confirmed('brute');
        const tries = [];
        for (let i = 0; i < 8; ++i) tries.push(await new Browser(gateway).logIn(ann.email, `wrong password ${i}`));
        assert.deepEqual(tries.map((t) => t.status), [401, 401, 401, 401, 401, 429, 429, 429]);
        assert.ok(Number(tries[7].headers.get('retry-after')) > 0);
        assert.equal((await new Browser(gateway).logIn(ann.email)).status, 429);
        assert.equal((await ann.get('/portal/api/session')).status, 200, 'a session that is there goes on');
        const bob = await confirmed('brute');
        for (let i = 0; i < 12; ++i) assert.equal((await new Browser(gateway).logIn(bob.email)).status, 200, 'good log-ins are not counted');
    });

    test('many log-ins at once: the line for hashing is short, and calls go on', async () => {
        const ann = await confirmed('storm');
        let hashing = true;
        const storm = Promise.all(Array.from({ length: 120 }, (_, i) => new Browser(gateway).logIn(`nobody${i}@example.com`, 'wrong password!'))).finally(() => { hashing = false; });
        assert.equal((await ann.get('/portal/api/balance')).status, 200);
        assert.ok(hashing, 'it did not stand in the line');
        const replies = await storm;
        assert.ok(replies.every((r) => r.status === 401 || r.status === 429));
        assert.ok(replies.some((r) => r.status === 429), 'the line has an end');
        assert.ok(replies.some((r) => r.status === 401));
    });

    test('password reset: single use, ends sessions, the old password is gone', async () => {
        const ann = await confirmed('reset');
        await new Browser(gateway).ok('POST', '/portal/api/password/reset', { email: ann.email });
        const token = tokenIn(await mailTo(ann.email, 2));
        const confirm = (word, t = token) => new Browser(gateway).post('/portal/api/password/reset/confirm', { token: t, password: word });
        assert.equal((await confirm('short')).status, 400);
        assert.equal((await ann.get('/portal/api/session')).status, 200);
        assert.equal((await confirm('quite another password')).status, 200);
        assert.equal((await confirm('quite another password')).status, 410);
        assert.equal((await ann.get('/portal/api/session')).status, 401);
        assert.equal((await new Browser(gateway).logIn(ann.email)).status, 401);
        assert.equal((await new Browser(gateway).logIn(ann.email, 'quite another password')).status, 200);
    });

    test('mails to one address have a bound', async () => {
        const email = address('flood'), status = [];
        for (let i = 0; i < 5; ++i) status.push((await new Browser(gateway).post('/portal/api/password/reset', { email })).status);
        assert.deepEqual(status, [202, 202, 429, 429, 429]);
        const ann = new Browser(gateway), mine = address('again');
        await ann.ok('POST', '/portal/api/register', { email: mine, password });
        await ann.logIn(mine);
        assert.equal((await ann.post('/portal/api/verify/resend')).status, 202);
        assert.equal((await ann.post('/portal/api/verify/resend')).status, 429);
    });

    test('header injection in an address is refused', async () => {
        for (const email of ['a@b.co\r\nBcc: x@y.co', 'a@b.co\n', 'a b@c.co', '<a@b.co>', '"a"@b.co', 'a@b.co,c@d.co'])
            assert.equal((await new Browser(gateway).post('/portal/api/register', { email, password })).status, 400, JSON.stringify(email));
    });

    test('invitations: a new user and an old one join', async () => {
        const ann = await confirmed('boss'), bob = await confirmed('old'), guest = address('guest');
        await ann.ok('POST', '/portal/api/invitations', { email: guest, role: 'member' });
        await ann.ok('POST', '/portal/api/invitations', { email: bob.email, role: 'admin' });
        const first = tokenIn(await mailTo(guest)), second = tokenIn(await mailTo(bob.email, 2));
        const door = new Browser(gateway);
        assert.equal((await door.ok('POST', '/portal/api/join/show', { token: first })).needs_password, true);
        assert.equal((await door.ok('POST', '/portal/api/join/show', { token: second })).needs_password, false);
        assert.equal((await door.post('/portal/api/join', { token: first })).status, 400);
        assert.equal((await door.post('/portal/api/join', { token: first, password })).status, 201);
        assert.equal((await door.post('/portal/api/join', { token: first, password })).status, 410);
        assert.equal((await door.post('/portal/api/join', { token: second })).status, 201);
        assert.equal((await door.logIn(guest)).json.role, 'member');
        assert.equal((await bob.ok('POST', '/portal/api/session/account', { account_id: ann.account })).role, 'admin');
        assert.equal((await bob.ok('GET', '/portal/api/members')).data.length, 3);
    });

    test('a restart keeps sessions, and mails that wait', async () => {
        const ann = await confirmed('restart');
        await gateway.stop();
        gateway = await Gateway.serve(config);
        ann.gateway = gateway;
        const session = await ann.get('/portal/api/session');
        assert.equal(session.status, 200);
        assert.equal(session.json.user.email, ann.email);
        assert.equal((await ann.post('/portal/api/keys', { name: 'after' })).status, 201, 'and its CSRF token');
    });

    test('no secret in the database, the log or an error', async () => {
        const ann = await confirmed('canary');
        const key = (await ann.ok('POST', '/portal/api/keys', { name: 'c' })).key;
        const secrets = [password, ann.cookie.split('=')[1], ann.csrf, key];
        const wrong = await new Browser(gateway).logIn(ann.email, 'canary-password-0123');
        for (const secret of ['canary-password-0123']) assert.ok(!wrong.text.includes(secret));
        await gateway.stop();
        const files = fs.readdirSync(data).filter((f) => f.startsWith('aig.db')).map((f) => fs.readFileSync(path.join(data, f), 'latin1'));
        for (const secret of [...secrets, 'canary-password-0123']) {
            assert.ok(!gateway.program.output.includes(secret));
            for (const bytes of files) assert.ok(!bytes.includes(secret), `a secret of ${secret.length} characters rests`);
        }
        gateway = await Gateway.serve(config);
    });

    test('aig user: the operator makes users without the portal', async () => {
        const { account_id: account } = await gateway.admin('/admin/accounts', { name: 'by hand' });
        const email = address('hand');
        const made = await aig(['user', 'create', '--email', email, '--account', account, '--role', 'admin', '--config', config]);
        const token = made.stdout.trim();
        assert.match(token, /^rst_\w{43}$/);
        await new Browser(gateway).ok('POST', '/portal/api/password/reset/confirm', { token, password });
        const hand = new Browser(gateway);
        assert.equal((await hand.logIn(email)).json.role, 'admin');
        const listed = await aig(['user', 'list', '--config', config]);
        assert.match(listed.stdout, new RegExp(email));
        const id = (await hand.get('/portal/api/session')).json.user.id;
        await aig(['user', 'block', '--user', id, '--config', config]);
        assert.equal((await hand.get('/portal/api/session')).status, 401);
        assert.equal((await hand.logIn(email)).code, 'login_failed');
        await aig(['user', 'unblock', '--user', id, '--config', config]);
        assert.equal((await hand.logIn(email)).status, 200);
    });
});

/** An SMTP server that offers STARTTLS and wants a log-in; `lines` says what was heard, and whether under TLS. */
async function smtpServer(folder) {
    const [cert, key] = [path.join(folder, 'smtp.crt'), path.join(folder, 'smtp.key')];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=mail.test',
        '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
    const context = tls.createSecureContext({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });
    const heard = { lines: [], mails: [], cert };
    const talk = (socket, secure) => {
        let held = '', data = null, auth = false;
        const say = (text) => socket.write(`${text}\r\n`);
        socket.on('error', () => {});
        socket.on('data', (bytes) => {
            held += bytes.toString('latin1');
            for (let end; (end = held.indexOf('\r\n')) >= 0;) {
                const line = held.slice(0, end);
                held = held.slice(end + 2);
                if (data !== null) {
                    if (line !== '.') { data += `${line}\r\n`; continue; }
                    heard.mails.push(data);
                    data = null;
                    say('250 queued');
                    continue;
                }
                heard.lines.push([secure, line]);
                if (auth) { auth = false; say('235 welcome'); continue; }
                const word = line.split(/[ :]/)[0];
                if (word === 'EHLO') say(secure ? '250-mail.test\r\n250 AUTH PLAIN' : '250-mail.test\r\n250 STARTTLS');
                else if (word === 'STARTTLS') {
                    say('220 go on');
                    socket.removeAllListeners('data');
                    talk(new tls.TLSSocket(socket, { isServer: true, secureContext: context }), true);
                    return;
                } else if (word === 'AUTH') { auth = line === 'AUTH PLAIN'; say(auth ? '334 ' : '235 welcome'); }
                else if (word === 'DATA') { data = ''; say('354 go on'); }
                else if (word === 'QUIT') { say('221 bye'); socket.end(); }
                else say('250 ok');
            }
        });
    };
    const server = net.createServer((socket) => { socket.write('220 mail.test ESMTP\r\n'); talk(socket, false); }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return Object.assign(heard, { port: server.address().port, close: () => server.close() });
}

describe('mail.smtp', () => {
    test('STARTTLS, a log-in, and the mail arrives; nothing secret in the clear', async () => {
        const provider = await Provider.start(), folder = temporaryFolder(), server = await smtpServer(folder);
        const gateway = await Gateway.serve(await serveConfig(provider, folder, (c) => ({
            ...c, portal: { sign_up: true }, mail: { from: 'Gateway <aig@example.com>', smtp: { url: `smtp://127.0.0.1:${server.port}`, user: 'gate', password: 'smtp-s3cret', ca_file: server.cert } },
        })));
        try {
            const email = address('smtp');
            assert.equal((await new Browser(gateway).post('/portal/api/register', { email, password })).status, 201);
            for (let i = 0; i < 400 && !server.mails.length; ++i) await sleep(25);
            assert.equal(server.mails.length, 1, gateway.program.output.slice(-2000));
            assert.match(server.mails[0], new RegExp(`^From: Gateway <aig@example.com>\r\nTo: ${email}\r\nSubject: Confirm your e-mail address\r\n`));
            assert.match(server.mails[0], /#verify=3Dvfy_/);
            assert.deepEqual(server.lines.filter(([secure]) => !secure).map(([, line]) => line.split(' ')[0]), ['EHLO', 'STARTTLS']);
            const secret = Buffer.from('\0gate\0smtp-s3cret').toString('base64');
            assert.ok(server.lines.some(([secure, line]) => secure && line.includes(secret)));
            assert.ok(!gateway.program.output.includes('smtp-s3cret'));
            assert.ok(!fs.existsSync(path.join(folder, 'data', 'outbox')));
        } finally {
            await gateway.stop();
            await provider.stop();
            server.close();
        }
    });
});

describe('sign-up is closed by default', () => {
    test('403, and the configuration says so', async () => {
        const provider = await Provider.start(), folder = temporaryFolder();
        const gateway = await Gateway.serve(await serveConfig(provider, folder, (c) => ({ ...c, server: { ...c.server, public_url: 'https://portal.example' } })));
        try {
            const page = new Browser(gateway);
            assert.deepEqual(await page.ok('GET', '/portal/api/config'), { sign_up: false, verification: 'email', currency: 'USD' });
            assert.equal((await page.post('/portal/api/register', { email: address(), password })).code, 'scope_denied');
            assert.ok(!gateway.program.output.includes('NO_MAIL_SERVER'), 'nobody counts on mails here');
            const { account_id: account } = await gateway.admin('/admin/accounts', { name: 'a' });
            const email = address();
            await gateway.admin('/admin/users', { email, account_id: account, password });
            const login = await page.post('/portal/api/login', { email, password }, { origin: 'https://portal.example' });
            assert.match(login.set, /^__Host-sid=\w{43}; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=604800$/);
        } finally {
            await gateway.stop();
            await provider.stop();
        }
    });
});
