// A browser in front of the portal's routes, and people who signed up.
import assert from 'node:assert/strict';

export const password = 'correct horse battery';

/** A browser: keeps its cookie, sends Origin, and the CSRF token once it has one. */
export class Browser {
    constructor(gateway) { Object.assign(this, { gateway, cookie: '', csrf: '' }); }
    async send(method, pathname, body, headers = {}) {
        const reply = await fetch(this.gateway.url + pathname, {
            method,
            headers: {
                origin: this.gateway.url,
                ...(this.cookie ? { cookie: this.cookie } : {}),
                ...(this.csrf ? { 'x-csrf-token': this.csrf } : {}),
                ...(body === undefined ? {} : { 'content-type': 'application/json' }),
                ...headers,
            },
            body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
        });
        const set = reply.headers.get('set-cookie');
        if (set) this.cookie = set.split(';')[0];
        const text = await reply.text();
        const json = text && reply.headers.get('content-type') === 'application/json' ? JSON.parse(text) : null;
        if (json?.csrf_token) this.csrf = json.csrf_token;
        return { status: reply.status, headers: reply.headers, json, text, code: json?.error?.code, set };
    }
    get(pathname) { return this.send('GET', pathname); }
    post(pathname, body = {}, headers) { return this.send('POST', pathname, body, headers); }
    async ok(method, pathname, body) {
        const reply = await this.send(method, pathname, body);
        assert.ok(reply.status < 300, `${method} ${pathname}: ${reply.status} ${reply.text}`);
        return reply.json;
    }
    logIn(email, word = password) { return this.post('/portal/api/login', { email, password: word }); }
    copy() { return Object.assign(new Browser(this.gateway), { cookie: this.cookie, csrf: this.csrf }); }
}

let counter = 0;
export const address = (name = 'user') => `${name}${++counter}@example.com`;
/** A user of her own account on a gateway with open sign-up and no verification. */
export async function member(gateway, name) {
    const email = address(name), browser = new Browser(gateway);
    await browser.ok('POST', '/portal/api/register', { email, password });
    const login = await browser.logIn(email);
    assert.equal(login.status, 200, login.text);
    return Object.assign(browser, { email, user: login.json.user.id, account: login.json.account_id });
}
