// hot_functions.mjs FROM TO LEAST: of a profile in LLVM's text form, the functions of which some counter is at least LEAST.
import fs from 'node:fs';

const [from, to, least] = process.argv.slice(2);
const text = fs.readFileSync(from, 'utf8');
// Blocks end in an empty line: name, hash, number of counters, counters, value profiles, each behind a comment. In front of the first
// stand lines that begin with ':' or '#'.
const first = text.search(/^(?![:#])./m);
const blocks = text.slice(first).split('\n\n').filter((block) => block.trim());
const hot = blocks.filter((block) => {
    const lines = block.split('\n');
    const at = lines.indexOf('# Counter Values:');
    const count = Number(lines[lines.indexOf('# Num Counters:') + 1]);
    return lines.slice(at + 1, at + 1 + count).some((value) => Number(value) >= Number(least));
});
console.log(`${hot.length} of ${blocks.length} functions`);
fs.writeFileSync(to, text.slice(0, first) + hot.join('\n\n') + '\n\n');
