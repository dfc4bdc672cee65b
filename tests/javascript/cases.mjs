// What the package must do in every host: `cases.mjs ADDRESS [full]`. A line of JSON for each case: its name, and what went wrong.
// `THALWEG` names the binary, for nodes that are killed.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { write } from 'thalweg/internal/client/write.js';
import { Driver } from 'thalweg/internal/driver/driver.js';
import {
  ClosedError, EngineError, InvalidError, ModuleError, ServerError, ThalwegError, TimeoutError, UnavailableError, connect,
} from 'thalweg/node';

const [address, size] = process.argv.slice(2);
const full = size === 'full';
const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

function equal(found, wanted, what = '') {
  const text = value => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part instanceof Map ? [...part] : ArrayBuffer.isView(part) ? [...part] : part));
  if (text(found) !== text(wanted)) throw new Error(`${what} ${text(found)} is not ${text(wanted)}`);
}

/** The error of a call that must fail. */
async function fails(call, kind, words = '') {
  let error;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  if (!error) throw new Error(`it succeeds instead of failing with ${kind.name}`);
  if (!(error instanceof kind) || !error.message.includes(words)) throw new Error(`${error.stack} is not ${kind.name} with ${words}`);
  return error;
}

/** At most so many milliseconds. */
function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} takes longer than ${milliseconds} ms`)), milliseconds); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let number = 0;
const fresh = () => `js_${process.pid}_${Date.now() % 100000}_${(number += 1)}`;

/** A node of the case's own; `stop` kills it. */
async function node(listen = '127.0.0.1:0', data = undefined) {
  const folder = data ?? (await mkdtemp(join(tmpdir(), 'thalweg-js-')));
  const child = spawn(process.env.THALWEG, ['serve', '--data', folder, '--listen', listen, '--durability', 'os'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = await new Promise((resolve, reject) => {
    let text = '';
    const take = chunk => {
      text += chunk;
      const found = /127\.0\.0\.1:(\d+)/.exec(text);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the node ended: ${text}`)));
  });
  const stop = () => new Promise(resolve => {
    child.once('exit', resolve);
    child.kill('SIGKILL');
  });
  return { address: said, folder, stop, forget: () => rm(folder, { recursive: true, force: true }) };
}

const cases = {
  async 'the example of the README'(client) {
    const [flightsName, airportsName] = [fresh(), fresh()];
    await client.createTable(flightsName, 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets: 3 });
    await client.createTable(flightsName, 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets: 3, ifNotExists: true });
    await fails(() => client.createTable(flightsName, 'id INT'), ServerError, flightsName);
    const where = await client.module('where', { if: 'delay > 30' });
    const flights = (await client.table(flightsName)).through(where);
    const outcome = await flights.append({ id: BigInt64Array.of(1n, 2n), delay: Int32Array.of(12, 45), origin: ['SEA', 'PDX'] });
    equal([outcome.rows, outcome.produced, outcome.acknowledged, outcome.failed, outcome.filtered], [2, 1, 1, 0, { where: 1 }]);
    const seen = [];
    for await (const batch of flights.scan()) seen.push([batch.rows, [...batch.column('delay')], batch.column('origin').get(0)]);
    equal(seen, [[1, [45], 'PDX']]);
    await client.createTable(airportsName, 'code STRING, name STRING, runways INT', { primaryKey: 'code', buckets: 2, comment: 'airports' });
    const airports = await client.table(airportsName);
    equal((await airports.upsert([{ code: 'SEA', name: 'Seattle', runways: 3 }, { code: 'ZRH', name: 'Zürich 🛬' }])).acknowledged, 2);
    const found = await airports.lookup({ code: ['SEA', 'XXX', 'ZRH'] });
    equal([found.found, [...found]], [2, [{ code: 'SEA', name: 'Seattle', runways: 3 }, null, { code: 'ZRH', name: 'Zürich 🛬', runways: null }]]);
    await airports.upsert([{ code: 'SEA', runways: 4 }], { columns: 'given' });
    equal((await airports.lookup([{ code: 'SEA' }])).row(), { code: 'SEA', name: 'Seattle', runways: 4 });
    await airports.delete({ code: ['ZRH'] });
    equal((await airports.lookup({ code: ['ZRH'] })).found, 0);
    const changes = [];
    for await (const batch of airports.changelog()) changes.push(...batch.changes);
    equal(changes.sort(), ['+I', '+I', '+U', '-D', '-U']);
    equal((await client.tableInfo(airportsName)).comment, 'airports');
    await client.dropTable(flightsName);
    equal(await client.hasTable(flightsName), false);
    await fails(() => client.table(flightsName), ServerError, 'TABLE_NOT_EXIST');
  },

  async 'values that do not fit are named'(client) {
    const name = fresh();
    await client.createTable(name, 'id INT NOT NULL, a TINYINT, d DECIMAL(4, 2), t TIMESTAMP(3), b BINARY(2), s STRING, l ARRAY<INT>, day DATE');
    const table = await client.table(name);
    const bad = async (rows, words) => fails(() => table.append(rows), TypeError, words);
    await bad({ id: [1, 2.5] }, 'column id, row 1: 2.5');
    await bad({ id: [1], a: [128] }, 'column a, row 0: 128');
    await bad({ id: [1], d: ['100.00'] }, 'column d, row 0: "100.00"');
    await bad({ id: [1], d: ['1.005'] }, 'column d, row 0');
    await bad({ id: [1], t: ['2001-02-30T00:00:00'] }, 'column t, row 0');
    await bad({ id: [1], b: [Uint8Array.of(1)] }, 'column b, row 0');
    await bad({ id: [1], s: [7] }, 'column s, row 0: 7 is not a string');
    await bad({ id: [1], l: [[1, 'x']] }, 'column l.element, row 1');
    await bad({ id: [1], day: ['2001-02-29'] }, 'column day, row 0');
    await bad({ id: [1], nothing: [1] }, 'there is no column nothing');
    await bad({ id: [1], a: [1, 2] }, 'column a has 2 rows, column id has 1');
    await bad(7, 'rows are');
    const error = await fails(() => table.append({ id: [1, null] }), InvalidError, 'id');
    equal(error.retriable, false);
    equal((await table.append({ id: [] })).acknowledged, 0);
    const kept = { id: 1, a: -128, d: '-1.50', t: '2001-02-03T04:05:06.789', b: Uint8Array.of(1, 255), s: 'ä', l: [1, null], day: '1969-12-31' };
    const again = { id: 2n, a: 127, d: 2, t: new Date('2001-02-03T04:05:06.789Z'), b: new Uint8Array(2).buffer, s: '', l: [], day: new Date(0) };
    await table.append([kept, again, { id: 3 }]);
    const rows = (await table.scan().toArray()).flatMap(batch => batch.toArray());
    equal(rows[0], kept);
    equal(rows[1], { id: 2, a: 127, d: '2.00', t: '2001-02-03T04:05:06.789', b: Uint8Array.of(0, 0), s: '', l: [], day: '1970-01-01' });
    equal(rows[2], { id: 3, a: null, d: null, t: null, b: null, s: null, l: null, day: null });
    const [batch] = await table.scan().toArray();
    equal((await table.append(batch)).acknowledged, 3);
    equal((await table.scan().toArray()).flatMap(part => part.toArray()).slice(3), rows);
  },

  async 'a scan follows its table, holds back, and ends when it is left'(client) {
    const name = fresh();
    await client.createTable(name, 'id BIGINT, text STRING', { buckets: 2, properties: { 'table.log.arrow.compression.type': 'NONE' } });
    const table = await client.table(name);
    const text = 'x'.repeat(1000);
    let seen = 0;
    const abort = new AbortController();
    const scan = table.scan({ follow: true, buffer: 100_000, signal: abort.signal });
    const reading = (async () => {
      for await (const batch of scan) {
        seen += batch.rows;
        if (seen >= 20_000) return;
      }
    })();
    for (let part = 0; part < 40; part += 1) {
      const ids = BigInt64Array.from({ length: 500 }, (_, row) => BigInt(part * 500 + row));
      (await table.append({ id: ids, text: Array(500).fill(text) })).check();
    }
    await within(30_000, reading, 'the scan');
    equal(seen, 20_000);
    // Not read, it reads no further than its buffer.
    const held = table.scan({ follow: true, buffer: 100_000 });
    await held.next();
    const before = client.statistics().rowsScanned;
    await pause(300);
    const after = client.statistics().rowsScanned;
    if (after - before > 2_000n) throw new Error(`${after - before} rows were read that nobody asked for`);
    await held.close();
    equal((await held.next()).done, true);
    const limited = await table.scan({ limit: 7, columns: ['id'] }).toArray();
    equal([limited.reduce((rows, batch) => rows + batch.rows, 0), limited[0].names], [7, ['id']]);
    const rest = table.scan({ follow: true, start: 'latest', signal: abort.signal });
    const next = rest.next();
    setTimeout(() => abort.abort(new Error('enough')), 100);
    await fails(() => within(5_000, next, 'an aborted scan'), Error, 'enough');
  },

  async 'lookups of many callers go together'(client) {
    const name = fresh();
    await client.createTable(name, 'id INT, name STRING', { primaryKey: ['id'], buckets: 4 });
    const table = await client.table(name);
    const ids = Int32Array.from({ length: 1000 }, (_, row) => row);
    (await table.upsert({ id: ids, name: Array.from(ids, id => `n${id}`) })).check();
    const found = await Promise.all(Array.from({ length: 256 }, (_, caller) => table.lookup({ id: [caller * 5] })));
    found.forEach((one, caller) => equal(one.row(), caller * 5 < 1000 ? { id: caller * 5, name: `n${caller * 5}` } : null));
    const mixed = await Promise.allSettled([table.lookup({ id: [1] }), table.lookup({ id: [null] }), table.lookup({ id: [2, 3] })]);
    equal(mixed.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
    equal(mixed[2].value.rows.toArray(), [{ id: 2, name: 'n2' }, { id: 3, name: 'n3' }]);
    await fails(() => table.lookup({ name: ['x'] }), TypeError, 'no column name');
    await fails(() => table.lookup({ id: [1] }, { signal: AbortSignal.abort(new Error('no more')) }), Error, 'no more');
  },

  async 'a buffer that is full makes writes wait, in order'() {
    const client = await connect(address, { write: { bufferLimit: 300_000, batchBytes: 65_536 } });
    const name = fresh();
    await client.createTable(name, 'id INT, text STRING', { buckets: 1 });
    const table = await client.table(name);
    const text = 'y'.repeat(2000);
    const writes = Array.from({ length: 60 }, (_, id) => table.append({ id: Int32Array.of(...Array(20).fill(id)), text: Array(20).fill(text) }));
    const outcomes = await within(60_000, Promise.all(writes), 'writes through a small buffer');
    equal(outcomes.reduce((rows, outcome) => rows + outcome.acknowledged, 0), 1200);
    const ids = (await table.scan({ columns: ['id'] }).toArray()).flatMap(batch => [...batch.column('id')]);
    equal(ids, [...ids].sort((a, b) => a - b), 'the order');
    await client.close();
    await fails(() => table.append({ id: [1] }), ClosedError);
    await fails(() => client.tables(), ClosedError);
  },

  async 'a refused connection, garbage and silence are errors in time'() {
    const settings = { connection: { connectTimeout: 500, requestTimeout: 500, commandTimeout: 1500 } };
    const refused = await fails(() => within(20_000, connect('127.0.0.1:1', settings), 'a refused connection'), ThalwegError);
    if (!(refused instanceof UnavailableError) && !(refused instanceof TimeoutError)) throw refused;
    equal(refused.retriable, true);
    for (const answer of [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.from([255, 255, 255, 255, 0]), Buffer.alloc(64), undefined]) {
      const server = createServer(socket => {
        socket.on('error', () => {});
        if (answer) socket.on('data', () => socket.write(answer));
      });
      await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
      await fails(() => within(20_000, connect(`127.0.0.1:${server.address().port}`, settings), 'a wrong server'), ThalwegError);
      server.close();
    }
    await fails(() => connect('nonsense'), Error);
    await fails(() => connect(address, { write: { linger: 'long' } }), TypeError, 'write.linger');
    await fails(() => connect(address, { write: { nothing: 1 } }), TypeError, 'write.nothing');
  },

  async 'a server killed in the middle: what is not acknowledged is told, and the session goes on'() {
    let server = await node();
    const client = await connect(server.address, {
      connection: { connectTimeout: 1000, requestTimeout: 2000, commandTimeout: 20_000 }, write: { deliveryTimeout: 20_000 },
    });
    const name = fresh();
    await client.createTable(name, 'id BIGINT', { buckets: 2 });
    const table = await client.table(name);
    const writes = [];
    let next = 0n;
    const more = () => writes.push(table.append({ id: BigInt64Array.from({ length: 100 }, () => (next += 1n)) }));
    for (let part = 0; part < 20; part += 1) more();
    await Promise.race(writes);
    await server.stop();
    for (let part = 0; part < 20; part += 1) more();
    server = await node(server.address, server.folder);
    const outcomes = await within(60_000, Promise.all(writes), 'writes over a restart');
    let acknowledged = 0;
    for (const outcome of outcomes) {
      equal(outcome.acknowledged + outcome.failed, 100);
      acknowledged += outcome.acknowledged;
    }
    const seen = new Set((await table.scan().toArray()).flatMap(batch => [...batch.column('id')]));
    if (seen.size < acknowledged) throw new Error(`${acknowledged} rows acknowledged, ${seen.size} there`);
    await server.stop();
    const late = table.append({ id: BigInt64Array.of(0n) });
    await within(10_000, client.close({ timeout: 500 }), 'close without a server');
    const outcome = await within(1000, late, 'a write that is closed on');
    equal([outcome.failed, outcome.fates[0].error instanceof ThalwegError], [1, true]);
    await server.forget();
  },

  async 'a trap of the engine is told to all who wait'() {
    let steps = 0;
    const engine = {
      submit: (now, commands) => commands.map((_, at) => ({ tag: 'ok', val: BigInt(at) })),
      step() {
        steps += 1;
        if (steps > 1) throw new WebAssembly.RuntimeError('unreachable');
        return [{ tag: 'wake-at', val: 0n }];
      },
    };
    const driver = new Driver({ Engine: { open: () => engine } }, {}, {});
    const rows = { rows: 1, columns: [] };
    const target = { driver, table: 0, nodes: [] };
    const outcome = await within(5000, write(target, { tag: 'append' }, rows), 'the write');
    equal([outcome.failed, outcome.fates[0].mayHaveBeenWritten, outcome.fates[0].error instanceof EngineError], [1, true, true]);
    await fails(() => driver.submit({}, {}), EngineError, 'the engine broke');
    await fails(() => driver.flush(), EngineError);
    await driver.close(1000);
  },

  async 'modules that fail do what their policy says'(client) {
    const name = fresh();
    await client.createTable(name, 'id INT, note STRING');
    const table = await client.table(name);
    const scale = options => client.module('scale', { column: 'id', factor: 10 }, options);
    await fails(async () => table.through(await scale()).append({ id: [1, 2_000_000_000] }), ThalwegError, 'row 1');
    const dropped = await table.through(await scale({ onError: 'drop' })).append({ id: [1, 2_000_000_000], note: ['a', 'b'] });
    equal([dropped.acknowledged, dropped.dropped, [...dropped.origins]], [1, 1, [0]]);
    const letters = `${name}_letters`;
    const lettered = await table.through(await scale({ onError: { deadLetter: letters } })).append({ id: [2_000_000_000, 3], note: ['c', 'd'] });
    equal([lettered.acknowledged, lettered.deadLettered], [1, 1]);
    const [letter] = await (await client.table(letters)).scan().toArray();
    equal([letter.rows, letter.column('original').get(0)], [1, '{"id":2000000000,"note":"c"}']);
    await fails(async () => table.through(await client.module('where', { if: 'nothing > 3' })).append({ id: [1] }), ModuleError, 'where');
    await fails(() => client.module('no-such-module'), ModuleError, 'no-such-module');
    const scanned = await table.scan({ through: await client.module('where', { if: 'id = 10' }), columns: ['note'] }).toArray();
    equal(scanned.flatMap(batch => batch.toArray()), [{ note: 'a' }]);
    await fails(async () => table.scan({ through: await scale({ onError: { deadLetter: letters } }) }), InvalidError, 'a scan writes nothing');
    // Modules that only look like one.
    const hostile = answers => ({
      core: () => undefined,
      instantiate: () => ({ transform: { open: () => ({ reads: Uint32Array.of(0), output: undefined, instances: 'any' }), describe: () => ({}), apply: answers } }),
    });
    const wrong = [
      () => { throw new Error('trapped'); }, () => undefined, () => ({ outcome: { tag: 'kept', val: { tag: 'rows', val: new Uint8Array(0) } } }),
      () => ({ outcome: { tag: 'nonsense' } }), () => ({ outcome: { tag: 'produced', val: { rows: 4_000_000_000, origins: new Uint32Array(0), written: [] } } }),
      () => ({ outcome: { tag: 'kept', val: { tag: 'all' } }, refused: { rows: Uint32Array.of(9), causes: Uint32Array.of(9), messages: [] } }),
    ];
    for (const answers of wrong) {
      const module = await client.module(hostile(answers), {}, { name: 'hostile', onFailure: 'drop' });
      const outcome = await within(10_000, table.through(module).append({ id: [1, 2] }), 'a hostile module');
      equal([outcome.produced, outcome.dropped], [0, 2], String(answers));
    }
    equal((await table.append({ id: [1] })).acknowledged, 1);
  },

  async 'a module is made of its file where it is opened'(client) {
    const file = process.env.THALWEG_MODULE;
    if (!file) return 'the package was built without its transpiler';
    const name = fresh();
    await client.createTable(name, 'delay INT');
    const table = await client.table(name);
    for (const source of [file, await readFile(file)]) {
      const module = await client.module(source, { if: 'delay > 30' });
      equal((await table.through(module).append({ delay: [1, 31] })).acknowledged, 1);
    }
    await fails(() => client.module(Uint8Array.of(0, 97, 115, 109)), ModuleError, 'cannot be made into JavaScript');
    await fails(() => client.module('/nothing/there.wasm'), ModuleError, 'cannot be read');
    return undefined;
  },

  async 'partitions'(client) {
    const name = fresh();
    await client.createTable(name, 'region STRING, id INT, note STRING', { primaryKey: ['region', 'id'], partitionBy: ['region'], buckets: 2 });
    const table = await client.table(name);
    await table.createPartition({ region: 'eu' });
    await table.createPartition({ region: 'eu' }, { ifNotExists: true });
    (await table.upsert([{ region: 'eu', id: 1, note: 'a' }, { region: 'us', id: 1, note: 'b' }])).check();
    const names = (await table.partitions()).map(partition => partition.name).sort();
    equal(names, ['eu', 'us']);
    equal((await table.lookup([{ region: 'us', id: 1 }])).row(), { region: 'us', id: 1, note: 'b' });
    const rows = (await table.scan({ partitions: ['eu'] }).toArray()).flatMap(batch => batch.toArray());
    equal(rows, [{ region: 'eu', id: 1, note: 'a' }]);
    await table.dropPartition({ region: 'eu' });
    equal((await table.partitions()).map(partition => partition.name), ['us']);
  },

  async 'many rows in many buckets come back once'(client) {
    const [rows, buckets] = full ? [6_000_000, 16] : [200_000, 16];
    const name = fresh();
    await client.createTable(name, 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets });
    const table = await client.table(name);
    const part = 20_000;
    const writes = [];
    for (let first = 0; first < rows; first += part) {
      const id = BigInt64Array.from({ length: part }, (_, row) => BigInt(first + row));
      const delay = Array.from({ length: part }, (_, row) => (row % 50 === 0 ? null : row % 200));
      writes.push(table.append({ id, delay, origin: Array.from({ length: part }, (_, row) => `airport ${row % 7}`) }));
      if (writes.length > 8) (await writes.shift()).check();
    }
    for (const write of writes) (await write).check();
    const seen = new Uint8Array(rows);
    const ends = new Map();
    for await (const batch of table.scan()) {
      const { bucket } = batch.bucket;
      equal(batch.offset, ends.get(bucket) ?? 0n, `the offset in bucket ${bucket}`);
      ends.set(bucket, batch.offset + BigInt(batch.rows));
      const ids = batch.column('id').values;
      for (let row = 0; row < batch.rows; row += 1) seen[Number(ids[row])] += 1;
      const [row] = [Number(ids[0]) % part];
      equal(batch.row(0), { id: ids[0], delay: row % 50 === 0 ? null : row % 200, origin: `airport ${row % 7}` });
    }
    if (!seen.every(times => times === 1)) throw new Error('a row is missing, or there twice');
  },

  async 'Arrow tables are taken and given'(client) {
    let arrow;
    try {
      arrow = await import(createRequire(import.meta.url).resolve('apache-arrow'));
    } catch {
      return 'apache-arrow is not installed';
    }
    arrow = arrow.default ?? arrow;
    const name = fresh();
    await client.createTable(name, 'id BIGINT, delay INT, origin STRING, d DECIMAL(10, 2), t TIMESTAMP(6), l ARRAY<STRING>, m MAP<STRING, INT>, r ROW<a INT, b STRING>, f BOOLEAN');
    const table = await client.table(name);
    const rows = [
      { id: 1n, delay: 5, origin: 'SEA', d: '-1.25', t: '2001-02-03T04:05:06.123456', l: ['a', null], m: new Map([['k', 1]]), r: { a: 1, b: 'x' }, f: true },
      { id: 2n, delay: null, origin: null, d: null, t: null, l: null, m: null, r: null, f: null },
      { id: 3n, delay: 7, origin: '', d: '99999999.99', t: '1969-12-31T23:59:59.999999', l: [], m: new Map(), r: { a: null, b: null }, f: false },
    ];
    await table.append(rows);
    const session = await connect(address, { arrow });
    const [batch] = await table.scan().toArray();
    const given = await session.toArrow(batch);
    equal([given.numRows, given.getChild('delay').get(1), given.getChild('origin').get(0)], [3, null, 'SEA']);
    const bytes = arrow.tableToIPC(given);
    const read = arrow.tableFromIPC(bytes);
    equal((await table.append(read)).acknowledged, 3);
    const all = (await table.scan().toArray()).flatMap(part => part.toArray());
    equal(all.slice(3), rows);
    await session.close();
    return undefined;
  },
};

const only = process.env.THALWEG_CASE;
for (const [name, run] of Object.entries(cases)) {
  if (only && !name.includes(only)) continue;
  let answer = null;
  let note;
  try {
    const client = await connect(address);
    note = await within(full ? 600_000 : 120_000, run(client), 'the case');
    await client.close();
  } catch (error) {
    answer = String(error.stack ?? error);
  }
  process.stdout.write(`${JSON.stringify({ case: name, failed: answer, left_out: note })}\n`);
}
process.exit(0);
