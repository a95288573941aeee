// agents_table.mjs FOLDER: the rows of tests/agents (one JSON object a line, a file an agent) -> docs/reference/agents.md. Rows of agents
// that did not run this time stay.
import fs from 'node:fs';
import path from 'node:path';

const file = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../docs/reference/agents.md');
const head = ['| agent | version | wire of the target | model | base URL | outcome | calls | seconds |', '|---|---|---|---|---|---|---|---|'];
const line = (row) => `| ${row.agent} | ${row.version} | ${row.target} | ${row.model} | ${row.base} | ${row.outcome} | ${row.calls} | ${row.seconds} |`;

const rows = fs.readdirSync(process.argv[2]).filter((name) => name.endsWith('.jsonl')).flatMap((name) => fs.readFileSync(path.join(process.argv[2], name), 'utf8').split('\n').filter(Boolean).map((text) => JSON.parse(text)));
const ran = new Set(rows.map((row) => row.agent));
const text = fs.readFileSync(file, 'utf8');
const at = text.indexOf(head[0]);
const kept = text.slice(at).split('\n').slice(2).filter((kept) => kept.startsWith('| ') && !ran.has(kept.split('|')[1].trim()));
const table = [...head, ...[...kept, ...rows.map(line)].sort()].join('\n');
fs.writeFileSync(file, `${text.slice(0, at)}${table}\n`);
console.log(table);
