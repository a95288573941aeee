// Many requests at the same moment, by a client that costs little itself: the connections stand before the clock starts, each is written
// its requests in one piece, and of the replies only what tells one from the next is read.
import { once } from 'node:events';
import net from 'node:net';

/** One reply after the other out of a connection's bytes; enough of HTTP for our own server. */
class Replies {
    rest = Buffer.alloc(0);
    *feed(bytes) {
        this.rest = this.rest.length ? Buffer.concat([this.rest, bytes]) : bytes;
        for (let reply; (reply = this.#one()); ) yield reply;
    }
    #one() {
        const end = this.rest.indexOf('\r\n\r\n');
        if (end < 0) return null;
        const head = this.rest.toString('latin1', 0, end).toLowerCase(), from = end + 4;
        const length = /\r\ncontent-length: *(\d+)/.exec(head);
        const chunked = head.includes('\r\ntransfer-encoding: chunked') ? this.rest.indexOf('\r\n0\r\n\r\n', end + 2) : -1;
        const to = length ? from + Number(length[1]) : chunked < 0 ? Infinity : chunked + 7;
        if (this.rest.length < to) return null;
        const reply = { status: Number(head.slice(9, 12)), head, body: this.rest.toString('utf8', from, to) };
        this.rest = this.rest.subarray(to);
        return reply;
    }
}

/** Sends `requests` ({path, body, key}) over `connections` at once; gives {status, ms, body} of each, in no order. */
export async function burst(url, requests, connections = 200) {
    const { hostname, port } = new URL(url);
    const sockets = await Promise.all(Array.from({ length: connections }, async () => {
        const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
        await once(socket, 'connect');
        return socket;
    }));
    const texts = sockets.map(() => []);
    requests.forEach(({ path, body, key }, i) => {
        const json = body === undefined ? '' : JSON.stringify(body);
        texts[i % connections].push(`${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: ${hostname}\r\n${key ? `authorization: Bearer ${key}\r\n` : ''}${json ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n` : ''}\r\n${json}`);
    });
    const began = performance.now();
    const all = sockets.map((socket, i) => new Promise((done, failed) => {
        const replies = new Replies(), seen = [];
        socket.on('data', (bytes) => {
            for (const { status, body } of replies.feed(bytes)) seen.push({ status, body, ms: performance.now() - began });
            if (seen.length === texts[i].length) done(seen);
        });
        socket.on('error', failed).on('close', () => failed(new Error(`closed after ${seen.length} of ${texts[i].length} replies`)));
        if (texts[i].length) socket.write(texts[i].join(''));
        else done(seen);
    }));
    try {
        return (await Promise.all(all)).flat();
    } finally {
        for (const socket of sockets) socket.destroy();
    }
}
