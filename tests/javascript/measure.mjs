// What the package does in a second, as JSON: `measure.mjs SERVER BATCHES`. `tests/examples/hosts` runs it and compares.
//
// Rows of eight columns, in batches of 8,192; the tables are its caller's.

import { readFile } from 'node:fs/promises';
import process from 'node:process';

import { instantiate } from 'thalweg/generated/engine.js';
import { connect } from 'thalweg/node';

const ROWS = 8192;
const IN_FLIGHT = 16;
const CALLERS = 256;

const [server, count] = process.argv.slice(2);
const batches = Number(count);

const rows = Array.from({ length: ROWS }, (_, row) => row);
const batch = {
  id: BigInt64Array.from(rows, BigInt),
  a: Int32Array.from(rows),
  b: Int32Array.from(rows, row => row % 100),
  c: Float64Array.from(rows, row => row / 3),
  d: Float64Array.from(rows, row => row * 0.5),
  e: rows.map(row => `text ${row % 1000}`),
  f: rows.map(row => `${row % 7}`),
  g: rows.map(row => row % 2 === 0),
};

/** Nanoseconds. */
async function timed(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) * 1e6;
}

function check(found, wanted, what) {
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`);
}

/** Nanoseconds of a turn of the engine in which nothing happened. */
async function call() {
  const core = async name => WebAssembly.compile(await readFile(new URL(import.meta.resolve(`thalweg/generated/${name}`))));
  const read = () => { throw new Error('nothing is read'); };
  const { engine } = await instantiate(core, { 'thalweg:client/buffers': { read } });
  const settings = engine.defaultSettings(['127.0.0.1:1']);
  const one = engine.Engine.open(1n, settings, { work: 'inside', rows: 'columns' }, 1n);
  const turns = times => timed(() => { for (let turn = 0; turn < times; turn += 1) one.step(1n, []); });
  await turns(100_000);
  return await turns(300_000) / 300_000;
}

async function append(table) {
  const pending = [];
  for (let turn = 0; turn < batches; turn += 1) {
    if (pending.length === IN_FLIGHT) check((await pending.shift()).acknowledged, ROWS, 'acknowledged');
    pending.push(table.append(batch));
  }
  for (const one of pending) check((await one).acknowledged, ROWS, 'acknowledged');
}

async function scan(table) {
  let found = 0;
  for await (const given of table.scan()) found += given.rows;
  check(found, batches * ROWS, 'rows');
}

/** Look-ups a second of callers that ask for one key each. */
async function lookups(table, seconds) {
  const began = performance.now();
  let done = 0;
  async function caller(key) {
    for (let at = key; performance.now() - began < seconds * 1000; at = (at * 31 + 7) % ROWS) {
      check((await table.lookup({ id: BigInt64Array.of(BigInt(at)) })).found, 1, 'found');
      done += 1;
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, key) => caller(key)));
  return done / ((performance.now() - began) / 1000);
}

const client = await connect(server);
const [table, keyed] = [await client.table('host_rows'), await client.table('keys')];
const figures = { call: await call() };
figures.append = await timed(() => append(table)) / (batches * ROWS);
figures.scan = await timed(() => scan(table)) / (batches * ROWS);
figures.lookups = await lookups(keyed, 1);
const all = { id: BigInt64Array.from(rows, BigInt) };
figures.keys = 10 * ROWS / (await timed(async () => {
  for (let turn = 0; turn < 10; turn += 1) check((await keyed.lookup(all)).found, ROWS, 'found');
}) / 1e9);
await client.close();
console.log(JSON.stringify(figures));
