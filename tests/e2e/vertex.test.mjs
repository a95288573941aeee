// Vertex AI's way in: a service account's file in the configuration, traded for access tokens at its token endpoint. Both ends are
// played here, so that what reaches them can be looked at.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, aig, freePort, temporaryFolder } from './harness.mjs';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const folder = temporaryFolder();
const seen = { tokens: [], calls: [] };
let google, gateway, config, customer, refuse = false;

before(async () => {
    google = http.createServer(async (request, response) => {
        let body = '';
        for await (const piece of request) body += piece;
        response.setHeader('content-type', 'application/json');
        if (request.url === '/token') {
            seen.tokens.push(new URLSearchParams(body));
            if (refuse) return response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }));
            return response.end(JSON.stringify({ access_token: `ya29.token-${seen.tokens.length}`, expires_in: 3599, token_type: 'Bearer' }));
        }
        seen.calls.push({ url: request.url, authorization: request.headers.authorization, body });
        response.end(JSON.stringify({ candidates: [{ content: { parts: [{ text: 'Hello from Vertex' }], role: 'model' }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 }, modelVersion: 'gemini-2.5-flash' }));
    }).listen(0, '127.0.0.1');
    await once(google, 'listening');
    const at = `http://127.0.0.1:${google.address().port}`;
    const robot = path.join(folder, 'robot.json');
    fs.writeFileSync(robot, JSON.stringify({ type: 'service_account', client_email: 'robot@p.iam.gserviceaccount.com', private_key_id: 'k1', private_key: privateKey, token_uri: `${at}/token` }, null, 2));
    config = path.join(folder, 'aig.yaml');
    fs.writeFileSync(config, JSON.stringify({
        server: { listen: `127.0.0.1:${await freePort()}`, admin_listen: `127.0.0.1:${await freePort()}` },
        data_dir: path.join(folder, 'data'),
        providers: { mine: { wire: 'vertex', base_url: `${at}/v1/projects/p/locations/us-east1/publishers/google`, api_key: `\${file:${robot}}` } },
        models: { 'google/gemini-2.5-flash': { modality: 'text', context: 1000000, max_output: 8000, targets: [{ provider: 'mine', model: 'gemini-2.5-flash' }], price: { input_per_million: '0.3', output_per_million: '2.5' } } },
    }));
    gateway = await Gateway.serve(config);
    customer = await gateway.customer();
});
after(async () => { await gateway?.stop(); google?.close(); });

const ask = () => customer.request('/v1beta/models/gemini-2.5-flash:generateContent', { body: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] } });

describe('a service account', () => {
    test('one token serves many calls, bytes go through', async () => {
        const replies = await Promise.all(Array.from({ length: 8 }, ask));
        assert.deepEqual(replies.map((reply) => reply.status), Array(8).fill(200));
        assert.equal((await replies[0].json()).candidates[0].content.parts[0].text, 'Hello from Vertex');
        assert.ok(seen.tokens.length >= 1 && seen.tokens.length <= 2, `${seen.tokens.length} tokens for two loops at most`);
        assert.equal(seen.calls.length, 8);
        for (const call of seen.calls) {
            assert.match(call.authorization, /^Bearer ya29\.token-\d$/);
            assert.equal(call.url, '/v1/projects/p/locations/us-east1/publishers/google/models/gemini-2.5-flash:generateContent');
            assert.equal(call.body, '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}');
        }
    });
    test('the assertion is signed by the account and says what it wants', () => {
        const [token] = seen.tokens;
        assert.equal(token.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
        const [header, claims, signature] = token.get('assertion').split('.');
        assert.ok(verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), createPublicKey(publicKey), Buffer.from(signature, 'base64url')));
        const said = JSON.parse(Buffer.from(claims, 'base64url'));
        assert.equal(said.iss, 'robot@p.iam.gserviceaccount.com');
        assert.equal(said.scope, 'https://www.googleapis.com/auth/cloud-platform');
        assert.equal(said.exp - said.iat, 3600);
        assert.ok(Math.abs(said.iat - Date.now() / 1000) < 60);
    });
    test('no secret reaches the log', () => {
        assert.ok(!gateway.program.output.includes('PRIVATE KEY') && !gateway.program.output.includes('ya29.'));
    });
    test('an account that is refused is the operator’s matter, and free', async () => {
        const before = (await customer.settled()).balance;
        await gateway.stop();
        refuse = true;
        gateway = await Gateway.serve(config);
        customer.gateway = gateway;
        const reply = await ask();
        assert.equal(reply.status, 500);
        const { error } = await reply.json();
        assert.ok(!error.message.includes('Signature'), 'what Google said is not the caller’s to read');
        assert.equal((await customer.settled()).balance, before);
    });
    test('a file that cannot sign stops the start', async () => {
        const bad = path.join(folder, 'bad.yaml');
        const whole = JSON.parse(fs.readFileSync(config, 'utf8'));
        whole.providers.mine.api_key = JSON.stringify({ type: 'service_account', client_email: 'a@b', private_key: 'nonsense' });
        fs.writeFileSync(bad, JSON.stringify(whole));
        const checked = await aig(['config', 'check', bad], { allowFailure: true });
        assert.notEqual(checked.code, 0);
        assert.match(checked.stdout + checked.stderr, /not an RSA key/);
        assert.ok(!(checked.stdout + checked.stderr).includes('nonsense'));
    });
});
