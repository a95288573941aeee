// Another tenant's objects: every route of the contract with an object in its path, asked by a stranger, answers 404 and tells
// nothing. The list of routes is the contract's. An object of a new one is made by the POST that stands before it in the contract and shows
// a body; where there is none, say below how it is made, or why it is everybody's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { creatorOf, exampleOf, readContract, shown } from './contract.mjs';
import { Gateway, wires } from './harness.mjs';

let gateway, contract;
before(async () => {
    gateway = await Gateway.dev();
    contract = await readContract(gateway);
});
after(() => gateway?.stop());

/** Path -> makes an object of `customer` there; gives its id and a body that its owner could send. */
const makers = {
    '/v1/sub-accounts/{id}': subAccount,
    '/v1/sub-accounts/{id}/rotate': subAccount,
    '/v1/sub-accounts/{id}/usage': subAccount,
    '/v1/responses/{id}': response,
    '/v1/responses/{id}/cancel': response,
    '/v1/responses/{id}/input_items': response,
};
const makerFor = (path) => makers[path] ?? (creatorOf(contract, path) ? madeByContract(path) : undefined);
/** By the contract's own example; the bodies that its owner could send are examples too. */
const madeByContract = (path) => async (customer) => {
    const creator = creatorOf(contract, path);
    const reply = await customer.request(creator.path, { body: exampleOf(contract, creator) });
    const made = await reply.json();
    assert.ok(reply.status < 300 && made.id, `POST ${creator.path}: ${reply.status} ${JSON.stringify(made)}`);
    const bodies = Object.fromEntries(Object.entries(contract.paths[path]).map(([method, row]) => [method, method === 'get' || method === 'delete' ? undefined : shown(contract, { row }) ?? {}]));
    return { id: made.id, bodies, byContract: true };
};
/** Models are everybody's, by whatever path they are named. */
const ofAModel = (path) => /\/models\/\{/.test(path);
/** Paths whose object is nobody's. */
const everybodys = {
    '/api/v1/balance/{key}': 'what is in the path is the credential itself',
    '/topup/callback/{rail}': 'a payment processor’s door: its signature says who asks, and the path names a rail',
};

async function subAccount(customer) {
    const made = await (await customer.request('/v1/sub-accounts', { body: { name: 'hers' } })).json();
    return { id: made.id, bodies: { patch: { name: 'still hers' }, post: {} } };
}

/** One that ran in the background: it may be cancelled, even when it is done. */
async function response(customer) {
    const made = await (await customer.request('/v1/responses', { body: { model: wires.openai, input: 'hers', background: true } })).json();
    return { id: made.id, bodies: { post: {} } };
}

/** Routes of a session, not of a key: portal.test.mjs asks each of them with another tenant's ids, by the same contract. */
const ofTheGateway = (path) => !path.startsWith('/portal/api/') && !ofAModel(path);
const objectRoutes = () => Object.entries(contract.paths).filter(([path]) => path.includes('{') && ofTheGateway(path));
const methodsOf = (operations) => ['get', 'patch', 'put', 'post', 'delete'].filter((m) => operations[m]);

test('every object route has an owner in this file', () => {
    const paths = objectRoutes().map(([path]) => path);
    assert.ok(paths.length >= 3, 'the contract was read');
    assert.deepEqual(paths.filter((p) => !everybodys[p] && !makerFor(p)), [], 'say how an object of these is made (makers), or why it is everybody’s');
    assert.deepEqual([...Object.keys(makers), ...Object.keys(everybodys)].filter((p) => !paths.includes(p)), [], 'gone from the contract');
});

test("another tenant's id is 404 on every object route, and nothing happens to it", async (t) => {
    let asked = 0;
    for (const [path, operations] of objectRoutes()) {
        if (everybodys[path]) continue;
        for (const prefix of ['sk-aig-', 'sk-', 'sk_live_']) {
            const owner = await gateway.customer({ prefix }), stranger = await gateway.customer({ prefix });
            const { id, bodies, byContract } = await makerFor(path)(owner);
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
                const text = await reply.text();
                // Of an object made by the contract's example not everything can be asked in any state: but nothing is denied or not found.
                assert.ok(byContract ? ![401, 403, 404].includes(reply.status) : reply.status < 300, `${method} ${path} as the owner: ${reply.status} ${text}`);
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
        const { id, bodies } = await makerFor(path)(owner);
        for (const method of methodsOf(operations)) {
            const reply = await inside.request(path.replace(/\{\w+\}/, id), { method: method.toUpperCase(), body: bodies[method] });
            assert.ok([403, 404].includes(reply.status), `${method} ${path}: ${reply.status}`);
        }
    }
});
