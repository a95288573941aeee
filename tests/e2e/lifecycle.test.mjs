// Starting, stopping, reloading: what an operator does while customers are at work.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Customer, Gateway, Program, Provider, aig, longAnswer, nanos, readChatStream, serveConfig, sleep, slowly, temporaryFolder, wires } from './harness.mjs';

const seeded = (gateway, prefix = 'sk-') => new Customer(gateway, null, null, gateway.keys[prefix]);

describe('aig dev', () => {
    test('the ready file is whole and true', async () => {
        const gateway = await Gateway.dev();
        try {
            const ready = JSON.parse(fs.readFileSync(gateway.program.readyFile, 'utf8'));
            assert.equal(ready.pid, gateway.program.pid);
            assert.match(ready.url, /^http:\/\/127\.0\.0\.1:\d+$/);
            for (const listener of [ready.url, ready.admin_url]) assert.equal((await fetch(`${listener}/healthz`)).status, 200);
            assert.deepEqual(Object.keys(ready.keys).sort(), ['gw_', 'sk-', 'sk-aig-', 'sk_live_']);
            for (const [prefix, key] of Object.entries(ready.keys)) assert.ok(key.startsWith(prefix));
            assert.ok(ready.admin_token.length >= 16);
            assert.equal((await seeded(gateway).request('/v1/balance')).status, 200);
            assert.match(gateway.program.output, /curl /);
        } finally { await gateway.stop(); }
    });

    test('--config: the file comes beside what is built in, and before it; a wrong one stops the start', async () => {
        const provider = await Provider.start(), folder = temporaryFolder(), file = path.join(folder, 'mine.yaml');
        const own = (model, price) => ({ modality: 'text', context: 400000, max_output: 8000, targets: [{ provider: 'mine', model }], price });
        const config = {
            billing: { fee_percent: '0' },
            providers: { mine: { wire: 'openai-chat', base_url: `${provider.url}/v1`, api_key: 'k' } },
            models: { 'mine/model': own('gpt-5.4', { per_request: '0.25' }), [wires.openai]: own('gpt-5.4', { per_request: '0.125' }) },
            aliases: { fast: 'llama-3.1-70b' },
        };
        fs.writeFileSync(file, JSON.stringify(config));
        const gateway = await Gateway.dev({ args: ['--config', file] });
        try {
            const customer = await gateway.customer();
            const cost = async (model) => (await customer.chat({ model, max_tokens: 20 })).headers.get('x-cost-cents');
            assert.equal(nanos(await cost('mine/model')), nanos('25'), 'the file’s price without a fee');
            assert.equal(nanos(await cost(wires.openai)), nanos('12.5'), 'the file’s model instead of the built-in one');
            assert.equal(await provider.calls(), 2, 'both by the file’s provider');
            assert.ok(nanos(await cost('fast')) > 0n, 'its alias of a built-in model');
            assert.ok(nanos(await cost(wires.anthropic)) > 0n);
            assert.equal(await provider.calls(), 2);
            config.models['mine/model'].price.per_request = '0.5';
            fs.writeFileSync(file, JSON.stringify(config));
            process.kill(gateway.program.pid, 'SIGHUP');
            for (const deadline = Date.now() + 5_000; nanos(await cost('mine/model')) !== nanos('50'); await sleep(50)) assert.ok(Date.now() < deadline, 'the reload was taken');
            assert.ok(nanos(await cost(wires.anthropic)) > 0n, 'the built-in models stay');
        } finally { await gateway.stop(); }
        config.models['mine/model'].targets[0].provider = 'nobody';
        config.colour = 'red';
        fs.writeFileSync(file, JSON.stringify(config));
        const refused = await aig(['dev', '--port', '0', '--config', file], { allowFailure: true });
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /mine\.yaml:1: colour: /);
        assert.notEqual((await aig(['dev', '--port', '0', '--config', path.join(folder, 'none.yaml')], { allowFailure: true })).code, 0);
        await provider.stop();
    });

    test('SIGTERM lets a running stream end, takes nothing new, exits 0', async () => {
        const gateway = await Gateway.dev();
        const customer = seeded(gateway);
        const reply = await customer.chat({ model: slowly.openai, messages: [{ role: 'user', content: 'Count to 20.' }], stream: true });
        assert.equal(reply.status, 200);
        const reading = readChatStream(reply);
        const stopping = gateway.stop(15_000);
        await sleep(100);
        await assert.rejects(async () => {
            const late = await customer.chat({ model: wires.openai });
            if (late.status === 503) throw new Error('refused');
        }, 'a new call during the drain');
        const seen = await reading;
        assert.ok(seen.done || seen.error, 'the stream ends well or says why');
        assert.equal(seen.broken, null);
        assert.equal((await stopping).code, 0);
    });

    test('a stream longer than the grace is ended in-band, and the process still exits 0', async () => {
        const gateway = await Gateway.dev();
        const reading = seeded(gateway).chat({ model: slowly.openai, ...longAnswer, stream: true }).then(readChatStream);
        await sleep(300);
        const began = Date.now();
        assert.equal((await gateway.stop(15_000)).code, 0);
        assert.ok(Date.now() - began < 12_000);
        const seen = await reading;
        assert.equal(seen.done, false, 'a cut stream must not look complete');
    });

    test('a second start on the same folder: the same keys, the balance kept, credited once', async () => {
        const data = temporaryFolder();
        const first = await Gateway.dev({ data });
        await (await seeded(first).chat({ model: wires.openai })).text();
        const before = await (await seeded(first).request('/v1/balance')).json();
        assert.equal((await first.stop()).code, 0);
        assert.equal(fs.statSync(path.join(data, 'dev-keys.json')).mode & 0o777, 0o600);
        const second = await Gateway.dev({ data });
        try {
            assert.deepEqual(second.keys, first.keys);
            const after = await (await seeded(second).request('/v1/balance')).json();
            assert.equal(after.balance, before.balance);
            assert.ok(nanos(after.balance) < nanos('10'));
        } finally { await second.stop(); }
    });

    test('two processes on one folder: the second says so and leaves', async () => {
        const data = temporaryFolder();
        const first = await Gateway.dev({ data });
        try {
            const readyFile = path.join(temporaryFolder(), 'ready.json');
            const second = new Program(['dev', '--port', '0', '--data', data, '--ready-file', readyFile], { readyFile });
            const ended = await Promise.race([second.exit, sleep(10_000)]);
            await second.kill();
            assert.ok(ended && ended.code > 0, `ended ${JSON.stringify(ended)}`);
            assert.match(second.output, /lock|in use|running/i);
            assert.equal((await fetch(`${first.url}/healthz`)).status, 200);
        } finally { await first.stop(); }
    });

    test('no other address than 127.0.0.1 is listened on', async () => {
        const gateway = await Gateway.dev();
        try {
            const ports = [gateway.url, gateway.adminUrl, gateway.simUrl].map((url) => Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0'));
            const rows = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((row) => row.trim().split(/\s+/)).filter((row) => row[3] === '0A');
            for (const port of ports) {
                const addresses = rows.filter((row) => row[1].endsWith(`:${port}`)).map((row) => row[1].split(':')[0]);
                assert.ok(addresses.length > 0 && addresses.every((address) => address === '0100007F'), `${port}: ${addresses}`);
            }
        } finally { await gateway.stop(); }
    });
});

describe('aig serve', () => {
    /** A provider, a config, a funded key; the key is made while nothing runs. */
    async function deployment(change) {
        const folder = temporaryFolder();
        const provider = await Provider.start();
        const config = await serveConfig(provider, folder, change);
        const run = async (...args) => JSON.parse((await aig([...args, '--json', '--config', config])).stdout);
        const { account_id: account } = await run('account', 'create', '--name', 'first');
        const { key, key_id: keyId } = await run('key', 'create', '--account', account, '--prefix', 'sk-');
        await run('wallet', 'credit', '--account', account, '--amount', '1e1');
        const open = async () => { const gateway = await Gateway.serve(config); return { gateway, customer: new Customer(gateway, account, keyId, key) }; };
        return { folder, provider, config, run, account, open };
    }

    test('operator commands work on the resting database and beside the running server', async () => {
        const { provider, run, account, open, config } = await deployment();
        const { gateway, customer } = await open();
        try {
            assert.equal((await customer.chat({ model: wires.openai })).status, 200);
            const live = await run('wallet', 'show', '--account', account);
            assert.match(live.balance, /^9\.\d{9}$/);
            assert.equal(live.currency, 'USD');
            await run('wallet', 'credit', '--account', account, '--amount', '0.5');
            assert.equal(nanos((await run('wallet', 'show', '--account', account)).balance), nanos(live.balance) + nanos('0.5'));
            const second = await run('key', 'create', '--account', account);
            assert.ok(second.key.startsWith('sk-aig-'));
            assert.equal((await new Customer(gateway, account, second.key_id, second.key).request('/v1/balance')).status, 200);
            assert.equal((await gateway.stop()).code, 0);
            assert.equal((await aig(['ledger', 'verify', '--config', config])).code, 0);
            const refused = await aig(['wallet', 'credit', '--account', account, '--amount', '0.0000000001', '--config', config], { allowFailure: true });
            assert.notEqual(refused.code, 0, 'more than nine places');
        } finally { await gateway.stop(); await provider.stop(); }
    });

    test('SIGHUP under load: a good file is taken, a broken one changes nothing, no call fails', async () => {
        const { provider, config, open } = await deployment();
        const { gateway, customer } = await open();
        const text = fs.readFileSync(config, 'utf8');
        let loading = true, calls = 0;
        const bad = [];
        const load = Promise.all(Array.from({ length: 8 }, async () => {
            while (loading) {
                const reply = await customer.chat({ model: wires.openai, stream: calls % 2 === 0 });
                const body = await reply.text();
                if (reply.status !== 200) bad.push(`${reply.status} ${body}`);
                calls++;
            }
        }));
        const reload = async (content, wanted) => {
            fs.writeFileSync(config, content);
            gateway.program.child.kill('SIGHUP');
            for (const deadline = Date.now() + 5_000; ; await sleep(20)) {
                if (await wanted()) return;
                assert.ok(Date.now() < deadline, `the reload had no effect:\n${gateway.program.output.slice(-1500)}`);
            }
        };
        const status = async (model) => { const reply = await customer.chat({ model }); await reply.text(); return reply.status; };
        try {
            assert.equal(await status('short'), 404);
            await reload(JSON.stringify({ ...JSON.parse(text), aliases: { short: wires.openai } }), async () => (await status('short')) === 200);
            for (const broken of ['{', text.replace('"models"', '"modles"'), text.replace('"output_per_million"', '"output_per_milion"')]) {
                const before = gateway.program.output.length;
                await reload(broken, async () => /config|reload/i.test(gateway.program.output.slice(before)) && (await status('short')) === 200);
            }
            assert.ok(gateway.program.running);
        } finally {
            loading = false;
            await load;
            await gateway.stop();
            await provider.stop();
        }
        assert.ok(calls > 10);
        assert.deepEqual(bad, []);
    });

    test('a wrong file stops the start and names everything that is wrong', async () => {
        const { provider, config } = await deployment();
        await provider.stop();
        const parsed = JSON.parse(fs.readFileSync(config, 'utf8'));
        parsed.servr = {};
        parsed.models[wires.openai].price.output_per_million = 'ten';
        parsed.providers['sim-openai'].api_key = '${env:AIG_SURELY_NOT_SET}';
        fs.writeFileSync(config, JSON.stringify(parsed));
        const { code, stdout, stderr } = await aig(['config', 'check', config], { allowFailure: true });
        assert.notEqual(code, 0);
        for (const part of ['servr', 'server', 'output_per_million', 'AIG_SURELY_NOT_SET']) assert.ok((stdout + stderr).includes(part), `${part} is not named:\n${stdout}${stderr}`);
        const served = await aig(['serve', '--config', config], { allowFailure: true });
        assert.notEqual(served.code, 0);
        assert.ok((served.stdout + served.stderr).includes('servr'));
    });

    test('a model without a price and a setting of an unbuilt feature stop the start', async () => {
        const { provider, config } = await deployment();
        await provider.stop();
        const parsed = JSON.parse(fs.readFileSync(config, 'utf8'));
        delete parsed.models[wires.openai].price;
        fs.writeFileSync(config, JSON.stringify(parsed));
        assert.notEqual((await aig(['config', 'check', config], { allowFailure: true })).code, 0);
        parsed.models[wires.openai].price = { input_per_million: '1', output_per_million: '1' };
        parsed.redis = 'redis://127.0.0.1:1/0';
        fs.writeFileSync(config, JSON.stringify(parsed));
        const unbuilt = await aig(['config', 'check', config], { allowFailure: true });
        assert.notEqual(unbuilt.code, 0);
        assert.match(unbuilt.stdout + unbuilt.stderr, /not in this version/);
    });

    test('the provider’s key, the admin token and customers’ keys never reach the log', async () => {
        const { provider, open, folder } = await deployment((config) => { config.providers['sim-openai'].api_key = 'sk-provider-secret-1234567890'; return config; });
        const { gateway, customer } = await open();
        await (await customer.chat({ model: wires.openai })).text();
        await (await customer.chat({ model: 'nobody/knows' })).text();
        await (await fetch(`${gateway.url}/v1/balance?key=${customer.key}`)).text();
        await gateway.stop();
        await provider.stop();
        const token = fs.readFileSync(path.join(folder, 'data/admin.token'), 'utf8').trim();
        assert.equal(fs.statSync(path.join(folder, 'data/admin.token')).mode & 0o777, 0o600);
        for (const secret of ['sk-provider-secret-1234567890', token, customer.key]) assert.ok(!gateway.program.output.includes(secret), 'a secret is in the log');
    });
});

describe('aig by itself', () => {
    test('--help and --version', async () => {
        const help = await aig(['--help']);
        for (const command of ['serve', 'dev', 'sim', 'config', 'account', 'key', 'wallet', 'ledger', 'call', 'models']) assert.match(help.stdout, new RegExp(`\\b${command}\\b`));
        assert.match((await aig(['--version'])).stdout, /\d+\.\d+\.\d+.*schema/is);
        for (const command of ['serve', 'dev', 'sim', 'key']) assert.equal((await aig([command, '--help'])).code, 0);
        assert.notEqual((await aig(['nonsense'], { allowFailure: true })).code, 0);
    });
    test('the sample configuration for a deployment is good', async () => {
        Object.assign(process.env, { OPENAI_API_KEY: 'sk-sample', ANTHROPIC_API_KEY: 'sk-ant-sample' });
        const sample = fileURLToPath(new URL('../../deploy/aig.yaml', import.meta.url));
        assert.match((await aig(['config', 'check', sample])).stdout, /good/);
    });
    test('config schema and docs print something that parses', async () => {
        JSON.parse((await aig(['config', 'schema'])).stdout);
        assert.match((await aig(['config', 'docs'])).stdout, /data_dir/);
    });
});
