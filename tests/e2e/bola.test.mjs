// Another tenant's objects: every route of the contract with an object in its path, asked by a stranger, answers 404 and tells
// nothing. The list of routes is the contract's: a new one without an owner below fails here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gateway } from './harness.mjs';

let gateway, contract;
before(async () => {
    gateway = await Gateway.dev();
    contract = await (await fetch(`${gateway.url}/openapi.json`)).json();
});
after(() => gateway?.stop());

/** Path -> makes an object of `customer` there; gives its id and a body that its owner could send. */
const makers = {
    '/v1/sub-accounts/{id}': subAccount,
    '/v1/sub-accounts/{id}/rotate': subAccount,
};
/** Paths whose object is nobody's. */
const everybodys = {
    '/v1/models/{id}': 'the public catalogue',
    '/api/v1/balance/{key}': 'what is in the path is the credential itself',
    '/topup/callback/{rail}': 'a payment processor’s door: its signature says who asks, and the path names a rail',
};

async function subAccount(customer) {
    const made = await (await customer.request('/v1/sub-accounts', { body: { name: 'hers' } })).json();
    return { id: made.id, bodies: { patch: { name: 'still hers' }, post: {} } };
}

/** Routes of a session, not of a key: portal.test.mjs asks each of them with another tenant's ids, by the same contract. */
const ofTheGateway = (path) => !path.startsWith('/portal/api/');
const objectRoutes = () => Object.entries(contract.paths).filter(([path]) => path.includes('{') && ofTheGateway(path));
const methodsOf = (operations) => ['get', 'patch', 'put', 'post', 'delete'].filter((m) => operations[m]);

test('every object route has an owner in this file', () => {
    const paths = objectRoutes().map(([path]) => path);
    assert.ok(paths.length >= 3, 'the contract was read');
    assert.deepEqual(paths.filter((p) => !makers[p] && !everybodys[p]), [], 'say how an object of these is made (makers), or why it is everybody’s');
    assert.deepEqual([...Object.keys(makers), ...Object.keys(everybodys)].filter((p) => !paths.includes(p)), [], 'gone from the contract');
});

test("another tenant's id is 404 on every object route, and nothing happens to it", async (t) => {
    let asked = 0;
    for (const [path, operations] of objectRoutes()) {
        if (everybodys[path]) continue;
        for (const prefix of ['sk-aig-', 'sk-', 'sk_live_']) {
            const owner = await gateway.customer({ prefix }), stranger = await gateway.customer({ prefix });
            const { id, bodies } = await makers[path](owner);
            for (const method of methodsOf(operations)) {
                const options = { method: method.toUpperCase(), body: bodies[method] };
                const target = path.replace(/\{\w+\}/, id);
                const refused = await stranger.request(target, options);
                const text = await refused.text();
                assert.equal(refused.status, 404, `${method} ${target} as a stranger: ${text}`);
                assert.ok(!text.includes('hers') && !text.includes(owner.account), text);
                const never = await stranger.request(path.replace(/\{\w+\}/, `${id}zzz`), options);
                const unknown = await never.text();
                assert.equal(never.status, 404, `${method} of what does not exist`);
                // What is another's and what is nobody's look the same.
                const plain = (body, name) => body.replaceAll(name, 'ID').replace(/req_\w+/g, 'REQ');
                assert.equal(plain(text, id), plain(unknown, `${id}zzz`));
                asked += 2;
            }
            // The owner's own requests work: the refusals above were not for another reason.
            for (const method of methodsOf(operations)) {
                const reply = await owner.request(path.replace(/\{\w+\}/, id), { method: method.toUpperCase(), body: bodies[method] });
                assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${path} as the owner: ${reply.status} ${await reply.text()}`);
            }
        }
    }
    t.diagnostic(`${asked} refusals`);
});

test('a key of a sub-account reaches no object of its parent', async () => {
    const owner = await gateway.customer();
    const made = await (await owner.request('/v1/sub-accounts', { body: { name: 'inner' } })).json();
    const inside = Object.assign(Object.create(Object.getPrototypeOf(owner)), owner, { key: made.key });
    for (const [path, operations] of objectRoutes()) {
        if (everybodys[path]) continue;
        const { id, bodies } = await makers[path](owner);
        for (const method of methodsOf(operations)) {
            const reply = await inside.request(path.replace(/\{\w+\}/, id), { method: method.toUpperCase(), body: bodies[method] });
            assert.ok([403, 404].includes(reply.status), `${method} ${path}: ${reply.status}`);
        }
    }
});
