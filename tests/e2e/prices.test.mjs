// Prices before the call: estimates that bind, x-aig-explain, price lists, and what GET /v1/prices, /v1/methods and /api/v1/price say.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Gateway, aig, nanos, nanosOfCents, temporaryFolder, wires } from './harness.mjs';
import fs from 'node:fs';
import path from 'node:path';

let gateway;
before(async () => { gateway = await Gateway.dev(); });
after(() => gateway?.stop());

const call = (customer, method, pathname, body, headers = {}) => fetch(gateway.url + pathname, {
    method, headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
});
const chat = (customer, body, headers) => call(customer, 'POST', '/v1/chat/completions', body, headers);
const estimate = async (customer, body) => {
    const reply = await call(customer, 'POST', '/v1/estimate', body);
    assert.equal(reply.status, 200, await reply.clone().text());
    return reply.json();
};
const hello = { model: wires.openai, messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 50 };

describe('POST /v1/estimate', () => {
    test('the sample of an image: price, balance and units of 10^-8 dollar', async () => {
        const customer = await gateway.customer({ prefix: 'sk_live_', credit: '12.5' });
        const told = await estimate(customer, { provider: 'google_banana', model: 'gemini-3.1-flash-image-preview', method: 'text_to_image', params: { prompt: 'a cat' } });
        assert.equal(told.success, true);
        assert.equal(told.pricing.price_type, 'per_image');
        assert.equal(told.pricing.final_price, '4200000');            // $0.04 and the fee
        assert.equal(told.pricing.reserved_amount, '4200000');
        assert.equal(told.pricing.components.perImageUnits, '4200000');
        assert.match(told.pricing.bundle_key, /^[0-9a-f]{64}$/);
        assert.deepEqual(told.balance, { available: '1250000000', reserved: '0', enough_balance: true, currency: 'USD' });
        const four = await estimate(customer, { provider: 'google_banana', model: 'gemini-3.1-flash-image-preview', method: 'text_to_image', params: { prompt: 'a cat', resolution: '4K', images_count: 2 } });
        assert.equal(four.pricing.final_price, String(2 * 16_800_000));
        assert.notEqual(four.pricing.bundle_key, told.pricing.bundle_key);
    });

    test('a quote caps the charge, is used once, and pins the price', async () => {
        const customer = await gateway.customer();
        const told = await estimate(customer, hello);
        assert.match(told.quote_id, /^quo_/);
        assert.equal(told.quote.cap, told.estimate.max);
        await gateway.admin('/admin/price-lists', { name: 'tenfold', models: { [hello.model]: { price: { input_per_million: '100', output_per_million: '1000' } } } });
        await gateway.admin(`/admin/accounts/${customer.account}/price-list`, { price_list: 'tenfold' });
        const before = (await customer.wallet()).balance;
        const reply = await chat(customer, hello, { 'x-aig-quote': told.quote_id });
        assert.equal(reply.status, 200, await reply.clone().text());
        const cost = nanosOfCents(reply.headers.get('x-cost-cents'));
        assert.ok(cost > 0n && cost <= nanos(told.quote.cap), `${cost}`);
        assert.equal(before - (await customer.settled()).balance, cost);
        const again = await chat(customer, hello, { 'x-aig-quote': told.quote_id });
        assert.equal(again.status, 409);
        assert.equal((await again.json()).error.reason, 'quote_used');
        const dear = await chat(customer, hello);
        assert.ok(nanosOfCents(dear.headers.get('x-cost-cents')) > 50n * cost, 'without the quote the new price holds');
        await gateway.admin(`/admin/accounts/${customer.account}/price-list`, { price_list: '' });
    });

    test('a quote fits one account, one model and a size', async () => {
        const customer = await gateway.customer(), other = await gateway.customer();
        const { quote_id: quote } = await estimate(customer, hello);
        const tried = async (who, body, status, reason) => {
            const reply = await chat(who, body, { 'x-aig-quote': quote });
            const text = await reply.text();
            assert.equal(reply.status, status, text);
            if (reason) assert.equal(JSON.parse(text).error.reason, reason);
        };
        await gateway.resetUpstream();
        await tried(other, hello, 404);
        await tried(customer, { ...hello, model: wires.anthropic }, 400, 'quote_mismatch');
        await tried(customer, { ...hello, max_tokens: 51 }, 400, 'quote_mismatch');
        await tried(customer, { ...hello, messages: [{ role: 'user', content: 'Say hello. '.repeat(20) }] }, 400, 'quote_mismatch');
        await tried(customer, { ...hello, n: 2 }, 400, 'quote_mismatch');
        assert.equal(await gateway.upstreamCalls(), 0);
        const { max_tokens, ...open } = hello;
        const reply = await chat(customer, open, { 'x-aig-quote': quote });
        assert.equal(reply.status, 200);
        assert.equal(reply.headers.get('x-aig-max-tokens-clamped'), '50', 'a call without a maximum gets the quote\'s');
    });

    test('a call that fails gives the quote back; a hundred at once use it once', async () => {
        const customer = await gateway.customer();
        const failing = { ...hello, model: 'fault/500' };
        const { quote_id: quote } = await estimate(customer, failing);
        for (let i = 0; i < 2; i++) {
            const reply = await chat(customer, failing, { 'x-aig-quote': quote });
            assert.ok(reply.status >= 500, `${reply.status}`);
        }
        const { quote_id: one } = await estimate(customer, hello);
        const replies = await Promise.all(Array.from({ length: 100 }, () => chat(customer, hello, { 'x-aig-quote': one })));
        const statuses = replies.map((r) => r.status);
        assert.equal(statuses.filter((s) => s === 200).length, 1, statuses.join(' '));
        assert.equal(statuses.filter((s) => s === 409).length, 99);
    });

    test('refusals name what is wrong, in the service\'s words', async () => {
        const customer = await gateway.customer({ prefix: 'sk_live_' });
        const refused = async (body, status, code) => {
            const reply = await call(customer, 'POST', '/v1/estimate', body);
            const text = await reply.text();
            assert.equal(reply.status, status, text);
            assert.equal(JSON.parse(text).error.code, code, text);
        };
        const image = { provider: 'google_banana', model: 'gemini-3.1-flash-image-preview', method: 'text_to_image' };
        await refused({ ...image, provider: 'nobody' }, 404, 'unsupported_provider');
        await refused({ ...image, model: 'nothing' }, 404, 'unsupported_model');
        await refused({ ...image, method: 'text_to_smell' }, 404, 'unsupported_method');
        await refused({ ...image, coupon: 'NOSUCH' }, 422, 'coupon_invalid');
        await refused({ ...image, method: 7 }, 422, 'invalid_parameters');
        await refused({ ...image, params: { images_count: 0 } }, 422, 'invalid_parameters');
    });
});

test('x-aig-explain: plan, hold and price; nothing is called, held or charged', async () => {
    const customer = await gateway.customer();
    await gateway.resetUpstream();
    const before = await customer.wallet();
    const reply = await chat(customer, hello, { 'x-aig-explain': 'true' });
    assert.equal(reply.status, 200);
    const told = await reply.json();
    assert.equal(told.called, false);
    assert.equal(told.model, hello.model);
    assert.ok(told.plan.length >= 1 && told.plan[0].provider && told.plan[0].lossless);
    assert.equal(told.price.ratio, '21/20');
    assert.equal(told.price.keys.output_per_million, '10');
    assert.ok(nanos(told.hold.wanted) > 0n && told.wallet.enough);
    assert.equal(await gateway.upstreamCalls(), 0);
    assert.deepEqual(await customer.wallet(), before);
    const bad = await chat(customer, hello, { 'x-aig-explain': 'yes' });
    assert.equal(bad.status, 400);
});

describe('price lists of accounts', () => {
    test('a percentage off is off the charge, to the nano', async () => {
        const full = await gateway.customer(), less = await gateway.customer();
        await gateway.admin('/admin/price-lists', { name: 'friends', percent_off: '20', models: { [wires.anthropic]: { percent_off: '50' } } });
        await gateway.admin(`/admin/accounts/${less.account}/price-list`, { price_list: 'friends' });
        for (const [model, num, den] of [[wires.openai, 4n, 5n], [wires.anthropic, 1n, 2n]]) {
            const costs = [];
            for (const customer of [full, less]) {
                const reply = await chat(customer, { ...hello, model });
                assert.equal(reply.status, 200);
                costs.push(nanosOfCents(reply.headers.get('x-cost-cents')));
            }
            const exact = costs[0] * num;                       // the full price is a whole number of nanos here, or nearly
            assert.ok(costs[1] * den >= exact - den && costs[1] * den <= exact + den, `${costs}`);
        }
        const { items } = await (await call(less, 'GET', `/v1/prices?model=${encodeURIComponent(wires.openai)}`)).json();
        assert.equal(items[0].source, 'USER_TARIFF');
        assert.equal(items.find((i) => i.unit === 'PER_TOKEN_INPUT').components.inputPerTokenUnits, '105');   // 1.25 * 1.05 * 0.8 a million
    });

    test('aig prices set, assign, show, list, remove', async () => {
        const folder = temporaryFolder(), models = path.join(folder, 'models.json');
        fs.writeFileSync(models, JSON.stringify({ [wires.openai]: { percent_off: '50' } }));
        const run = async (...args) => aig(['prices', ...args, '--url', gateway.adminUrl, '--admin-token', gateway.adminToken], { allowFailure: true });
        const customer = await gateway.customer();
        const cost = async () => nanosOfCents((await chat(customer, hello)).headers.get('x-cost-cents'));
        const full = await cost();
        assert.equal((await run('set', '--name', 'halves', '--percent-off', '10', '--models', models)).code, 0);
        assert.match((await run('assign', '--account', customer.account, '--name', 'halves')).stdout, /pays by the price list halves/);
        assert.equal(JSON.parse((await run('show', '--account', customer.account, '--json')).stdout).price_list, 'halves');
        assert.equal(await cost(), (full + 1n) / 2n, 'half, rounded up once');
        const listed = JSON.parse((await run('list', '--json')).stdout).price_lists.find((l) => l.name === 'halves');
        assert.deepEqual(listed.price_list, { percent_off: '10', models: { [wires.openai]: { percent_off: '50' } } });
        assert.notEqual((await run('remove', '--name', 'halves')).code, 0, 'an account has it');
        assert.match((await run('assign', '--account', customer.account)).stdout, /catalogue's prices/);
        assert.equal(await cost(), full);
        assert.equal((await run('remove', '--name', 'halves')).code, 0);
        assert.notEqual((await run('set', '--name', 'x', '--models', path.join(folder, 'none.json'))).code, 0);
        assert.notEqual((await run('set', '--name', 'x', '--percent-off', '10.55')).code, 0);
    });

    test('lists are checked, and versions of prices are kept', async () => {
        const token = { authorization: `Bearer ${gateway.adminToken}`, 'content-type': 'application/json' };
        const put = (body) => fetch(`${gateway.adminUrl}/admin/price-lists`, { method: 'POST', headers: token, body: JSON.stringify(body) });
        assert.equal((await put({ name: 'x', percent_off: '10.55' })).status, 400);
        assert.equal((await put({ name: 'x', models: { m: { price: { per_imag: '1' } } } })).status, 400);
        const shown = await (await fetch(`${gateway.adminUrl}/admin/prices?model=${encodeURIComponent(wires.openai)}`, { headers: token })).json();
        assert.equal(shown.prices[0].price.input_per_million, '1.25');
    });
});

test('GET /v1/prices: pages, filters, clamps', async () => {
    const customer = await gateway.customer({ prefix: 'sk_live_' });
    const get = async (query) => (await call(customer, 'GET', `/v1/prices${query}`)).json();
    const all = await get('?pageSize=1000');
    assert.equal(all.pageSize, 200);
    assert.equal(all.items.length, all.total);
    const first = await get('?pageSize=2'), second = await get('?pageSize=2&page=2');
    assert.deepEqual([...first.items, ...second.items], all.items.slice(0, 4));
    assert.deepEqual((await get('?page=1000000')).items, []);
    const banana = await get('?provider=google_banana&pageSize=50');
    assert.ok(banana.total >= 4 && banana.items.every((i) => i.provider === 'google_banana'));
    assert.deepEqual(banana.items.filter((i) => i.unit === 'PER_IMAGE').map((i) => i.resolution), [null, '2K', '4K']);
    assert.ok((await get('?method=EMBEDDING')).items.every((i) => i.method === 'EMBEDDING'));
});

test('GET /v1/methods: schemas and examples', async () => {
    const customer = await gateway.customer({ prefix: 'sk_live_' });
    const { success, items } = await (await call(customer, 'GET', '/v1/methods?provider=google_banana')).json();
    assert.equal(success, true);
    const codes = items.map((i) => i.method);
    for (const code of ['text_generation', 'embedding', 'text_to_image']) assert.ok(codes.includes(code), codes.join());
    for (const item of items) {
        assert.equal(item.parameters_schema.type, 'object');
        const told = await estimate(customer, item.example_request);
        assert.ok(BigInt(told.pricing.final_price) > 0n, item.method);
    }
    assert.equal((await fetch(`${gateway.url}/v1/methods`)).status, 401);
});

test('GET /api/v1/price: the list as its clients read it, without a key', async () => {
    const prices = await (await fetch(`${gateway.url}/api/v1/price`)).json();
    assert.deepEqual(prices.text, { cost: '0.00060', unit: '1K characters' });
    assert.equal(prices.video.Hailuo2_3['768P']['6'], 0.32);
    assert.equal(prices.video.Veo3_1_Quality['1088p']['8'], 1.81);
});

test('aig prices diff and import', async () => {
    const folder = temporaryFolder(), file = path.join(folder, 'list.json'), out = path.join(folder, 'prices.json');
    fs.writeFileSync(file, '{"gpt-5.4":{"litellm_provider":"openai","input_cost_per_token":2.5e-06,"output_cost_per_token":1.4e-05}}');
    const diff = await aig(['prices', 'diff', file, '--format', 'litellm', '--json'], { allowFailure: true });
    const told = JSON.parse(diff.stdout);
    assert.deepEqual(told.differences, [{ provider: 'openai', model: 'gpt-5.4', key: 'output_per_million', ours: '15', theirs: '14' }]);
    await aig(['prices', 'import', file, '--format', 'litellm', '--out', out]);
    assert.equal(JSON.parse(fs.readFileSync(out, 'utf8')).prices.openai['gpt-5.4'].output_per_million, '14');
});
