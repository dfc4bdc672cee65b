// The package for browsers, in Node 24, which has WebSockets: `web.mjs ws://GATEWAY`. Writes, scans and looks up, and prints what
// came of it.

import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { ThalwegError, connect } from 'thalweg/web';

const core = async name => WebAssembly.compile(await readFile(new URL(import.meta.resolve(`thalweg/generated/${name}`))));
const made = await import('thalweg/modules/where/where.js');
const where = { instantiate: made.instantiate, core: name => core(`modules/where/${name}`) };
const rows = 100_000;

const client = await connect(process.argv[2], { core });
await client.createTable('over_web_sockets', 'id BIGINT, text STRING', { buckets: 3, properties: { 'table.log.arrow.compression.type': 'NONE' } });
const table = await client.table('over_web_sockets');
const id = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row));
const through = table.through(await client.module(where, { if: 'id < 50000' }, { name: 'where' }));
const outcome = await through.append({ id, text: Array.from({ length: rows }, (_, row) => `the text of row ${row}`.repeat(5)) });
let scanned = 0;
for await (const batch of table.scan()) scanned += batch.rows;
await client.close();
const refused = await connect('ws://127.0.0.1:1/', { core, connection: { connectTimeout: 300, commandTimeout: 600 } }).catch(error => error);
console.log(JSON.stringify({ acknowledged: outcome.acknowledged, scanned, refused: refused instanceof ThalwegError && refused.retriable }));
process.exit(0);
