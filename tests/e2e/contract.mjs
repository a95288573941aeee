// The published contract as tests go through it: a route that is new in openapi/gateway.yaml is met by every suite that walks the routes,
// without being named there. What can cost money says with an `example` beside its body's schema how it is asked (the word "hello" stands
// where a prompt does), and each parameter in a path has an `example`; an unlike test fails with what is missing.
import assert from 'node:assert/strict';
import { embedder, wires } from './harness.mjs';

const methods = ['get', 'post', 'put', 'patch', 'delete'];

export async function readContract(gateway) { return (await fetch(`${gateway.url}/openapi.json`)).json(); }

/** {path, method, billing, row} of every route, in the contract's order. */
export const routesOf = (contract) => Object.entries(contract.paths).flatMap(([path, rows]) => Object.entries(rows).filter(([m]) => methods.includes(m)).map(([method, row]) => ({ path, method: method.toUpperCase(), billing: row['x-aig-billing'], row })));

const resolved = (contract, node) => (node?.$ref ? resolved(contract, node.$ref.slice(2).split('/').reduce((at, name) => at[name], contract)) : node);
const parametersOf = (contract, row) => (row.parameters ?? []).map((p) => resolved(contract, p));
const bodyOf = (contract, row) => resolved(contract, row.requestBody)?.content?.['application/json'];

/** The path with its parameters' examples; `given` wins by name. */
export function pathFor(contract, { path, method, row }, given = {}) {
    return path.replace(/\{(\w+)\}/g, (_, name) => {
        const parameter = parametersOf(contract, row).find((p) => p.in === 'path' && p.name === name);
        const value = given[name] ?? parameter?.example ?? parameter?.schema?.examples?.[0];
        assert.ok(value, `${method} ${path}: give the parameter '${name}' an example in the contract`);
        return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':');
    });
}

/** The body that the contract shows; undefined for a route that takes none. */
export function exampleOf(contract, { path, method, row }) {
    const body = bodyOf(contract, row);
    if (!body) return undefined;
    const example = body.example ?? resolved(contract, body.schema)?.example;
    assert.ok(example, `${method} ${path}: give its body an example in the contract, beside the schema`);
    return structuredClone(example);
}

/** Every way a paid route can be asked: its example (or each of its examples, with the parameters' of the same name), for text models by each
    wire, streamed and whole where the body says so. {method, path, body, stream} */
export function callsOf(contract, route) {
    const shape = bodyOf(contract, route.row), fields = resolved(contract, shape?.schema)?.properties ?? {};
    const names = shape?.examples ? Object.keys(shape.examples) : [null];
    return names.flatMap((name) => {
        const body = name ? structuredClone(shape.examples[name].value) : exampleOf(contract, route);
        const parameters = parametersOf(contract, route.row), value = (p) => (name && p.examples?.[name]?.value) ?? p.example;
        const given = Object.fromEntries(parameters.filter((p) => p.in === 'path' && value(p)).map((p) => [p.name, value(p)]));
        const query = parameters.filter((p) => p.in === 'query' && name && p.examples?.[name]).map((p) => `${p.name}=${value(p)}`).join('&');
        const models = /embed/i.test(`${route.path} ${name}`) ? [embedder] : Object.values(wires);
        return models.flatMap((model) => {
            const inPath = Object.fromEntries(Object.entries(given).map(([key, text]) => [key, text.replace(/^.*(?=:\w+$)/, model)]));
            const path = pathFor(contract, route, inPath) + (query && `?${query}`);
            return (fields.stream ? [false, true] : [null]).map((stream) => ({
                method: route.method, path, stream: stream ?? name === 'stream',
                body: body && { ...body, ...(body.model ? { model } : {}), ...(stream === null ? {} : { stream }) },
            }));
        });
    });
}

/** How an object of a path such as /v1/things/{id}/more is made: by the POST of what stands before it, where the contract shows a body. */
export function creatorOf(contract, path) {
    const parent = path.slice(0, path.indexOf('/{'));
    return routesOf(contract).find((route) => route.path === parent && route.method === 'POST' && shown(contract, route));
}
/** What a route's body is shown as; undefined where none is. */
export const shown = (contract, { row }) => structuredClone(bodyOf(contract, row)?.example ?? resolved(contract, bodyOf(contract, row)?.schema)?.example);

/** `value` with every text that says hello replaced; `count` in `seen` says how many there were. */
export function withPrompt(value, text, seen) {
    if (typeof value === 'string') return /hello/i.test(value) ? (seen.count++, text) : value;
    if (Array.isArray(value)) return value.map((item) => withPrompt(item, text, seen));
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPrompt(item, text, seen)]));
    return value;
}
