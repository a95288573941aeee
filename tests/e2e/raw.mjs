// Bytes on a socket: for what fetch would never send.
import net from 'node:net';

/** Sends the pieces (a number among them: waits that many milliseconds), and gives back what came until the peer closed, or until nothing came for quietMs. */
export function exchange(url, pieces, { quietMs = 400, limitMs = 5_000 } = {}) {
    const { hostname, port } = new URL(url);
    return new Promise((done, fail) => {
        const socket = net.connect(Number(port), hostname);
        const received = [];
        let closed = false;
        let quiet;
        const finish = () => {
            clearTimeout(quiet);
            clearTimeout(limit);
            socket.destroy();
            const text = Buffer.concat(received).toString('latin1');
            done({ text, closed, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1])) });
        };
        const limit = setTimeout(finish, limitMs);
        const touch = () => { clearTimeout(quiet); quiet = setTimeout(finish, quietMs); };
        socket.on('data', (bytes) => { received.push(bytes); touch(); });
        socket.on('close', () => { closed = true; finish(); });
        socket.on('error', (error) => { if (error.code === 'ECONNREFUSED') { clearTimeout(limit); fail(error); } });
        socket.on('connect', async () => {
            touch();
            for (const piece of [pieces].flat()) {
                if (typeof piece === 'number') await new Promise((go) => setTimeout(go, piece));
                else socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, () => {});
            }
        });
    });
}

/** A whole request with a right Content-Length. */
export function request(method, target, { headers = {}, body = '' } = {}) {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const length = body || method === 'POST' ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : '';
    return `${method} ${target} HTTP/1.1\r\n${lines}${length}\r\n${body}`;
}
