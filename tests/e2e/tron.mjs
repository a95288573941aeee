// A TRON chain in memory and a node that serves it as TronGrid does. `lie(path, body)` may give another answer.
import http from 'node:http';
import { once } from 'node:events';
import { createHash } from 'node:crypto';

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const sha = (bytes) => createHash('sha256').update(bytes).digest();
const hex = (n, digits) => BigInt(n).toString(16).padStart(digits, '0');

/** 40 hex digits -> base58check. */
export function base58(digits) {
    const body = Buffer.from('41' + digits, 'hex');
    let n = BigInt('0x' + Buffer.concat([body, sha(sha(body)).subarray(0, 4)]).toString('hex'));
    let text = '';
    for (; n > 0n; n /= 58n) text = alphabet[Number(n % 58n)] + text;
    return text;
}
export const account = (n) => hex(0xaa00_0000 + n, 40);
export const transferTopic = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
export const usdt = 'a614f803b6fd780986a42c78ec9c7f77e6ded13c';

export class Chain {
    constructor() { this.txs = []; this.head = 1000; this.solid = 1000; this.start = Date.now() + 3000 - 1000 * 3000; this.made = 0; }
    time(block) { return this.start + block * 3000; }
    transfer(to, micros, contract = usdt) { return { contract, topics: [transferTopic, hex('0x' + account(9999), 64), hex('0x' + to, 64)], data: hex(micros, 64) }; }
    add(logs, { receipt = 'SUCCESS', solid = true } = {}) {
        const tx = { id: hex(0xabc000 + ++this.made, 64), block: ++this.head, receipt, logs };
        if (solid) this.solid = this.head;
        this.txs.push(tx);
        return tx.id;
    }
    pay(to, micros) { return this.add([this.transfer(to, micros)]); }
    block(number) {
        if (!(number > 0) || number > this.solid) return {};
        return {
            blockID: hex(number, 16) + 'b'.repeat(48),
            block_header: { raw_data: { number, timestamp: this.time(number), version: 30 }, witness_signature: '00' },
            transactions: this.txs.filter((t) => t.block === number).map((t) => ({ ret: [{ contractRet: t.receipt }], txID: t.id, raw_data: {} })),
        };
    }
    info(id) {
        const t = this.txs.find((x) => x.id === id && x.block <= this.solid);
        if (!t) return {};
        return {
            id, fee: 345000, blockNumber: t.block, blockTimeStamp: this.time(t.block), contractResult: [''],
            receipt: { energy_usage_total: 64285, result: t.receipt },
            log: t.logs.map((l) => ({ address: l.contract, topics: l.topics, data: l.data })),
        };
    }
    list(address, { contract, from, to, limit, skip }) {
        const rows = [];
        for (const t of this.txs) {
            for (const l of t.logs) {
                const ms = this.time(t.block);
                if (t.block > this.solid || ms < from || (to && ms > to) || base58(l.topics[2].slice(24)) !== address) continue;
                if (contract && base58(l.contract) !== contract) continue;
                rows.push({
                    transaction_id: t.id, token_info: { symbol: 'USDT', address: base58(l.contract), decimals: 6, name: 'Tether USD' },
                    block_timestamp: ms, from: base58(account(9999)), to: address, type: 'Transfer', value: BigInt('0x' + l.data).toString(),
                });
            }
        }
        const page = rows.slice(skip, skip + limit);
        const meta = { at: Date.now(), page_size: page.length };
        if (skip + page.length < rows.length) Object.assign(meta, { fingerprint: String(skip + page.length), links: { next: 'http://127.0.0.1:1/never-followed' } });
        return { data: page, success: true, meta };
    }
}

export class Node {
    static async start(chain) {
        const node = Object.assign(new Node(), { chain, lie: null, status: 200, requests: 0, keys: new Set() });
        node.server = http.createServer((request, reply) => node.serve(request, reply)).listen(0, '127.0.0.1');
        await once(node.server, 'listening');
        node.url = `http://127.0.0.1:${node.server.address().port}`;
        return node;
    }
    stop() { this.server.closeAllConnections(); this.server.close(); }
    async serve(request, reply) {
        let body = '';
        for await (const bytes of request) body += bytes;
        ++this.requests;
        this.keys.add(request.headers['tron-pro-api-key']);
        const url = new URL(request.url, 'http://node');
        const told = this.lie?.(url.pathname, body);
        const text = told ?? JSON.stringify(this.answer(url, body));
        reply.writeHead(this.status, { 'content-type': 'application/json' }).end(text);
    }
    answer(url, body) {
        const q = url.searchParams, asked = body ? JSON.parse(body) : {};
        const list = /^\/v1\/accounts\/(T\w{33})\/transactions\/trc20$/.exec(url.pathname);
        if (list) {
            return this.chain.list(list[1], {
                contract: q.get('contract_address'), from: Number(q.get('min_timestamp')), to: Number(q.get('max_timestamp') ?? 0),
                limit: Number(q.get('limit')), skip: Number(q.get('fingerprint') ?? 0),
            });
        }
        switch (url.pathname) {
        case '/walletsolidity/getnowblock': return this.chain.block(this.chain.solid);
        case '/walletsolidity/gettransactioninfobyid': return this.chain.info(asked.value);
        case '/walletsolidity/getblockbynum': return this.chain.block(asked.num);
        case '/walletsolidity/getblockbyid': return this.chain.block(Number(BigInt('0x' + asked.value.slice(0, 16))));
        default: return { Error: 'unknown path' };
        }
    }
}
