// Scans: batches as an async iterator that reads ahead as far as its buffer goes, and no further.

import { Batch, fromBatch, fromLayout } from '../columns/read.js';
import { raw } from '../columns/slice.js';
import { tree } from '../columns/schema.js';
import { invalid } from '../errors.js';
import { Chain } from '../modules/chain.js';
import { Outcome } from './outcome.js';

const CHANGES = ['+A', '+I', '-U', '+U', '-D'];

/** Rows of one bucket that a scan gives. */
export class ScanBatch extends Batch {
  constructor(batch, { bucket, offset, timestamp, changes, origins }) {
    super(batch.columns, batch.rows);
    /** Where they come from: `{ partition, bucket }`. */
    this.bucket = bucket;
    /** The offset of the first row; undefined for rows of keys, which have none. */
    this.offset = offset;
    /** When the server took them, in milliseconds since 1970; undefined where it is not known. */
    this.timestamp = timestamp;
    /** The change of each row, as the wire has it (0 +A, 1 +I, 2 -U, 3 +U, 4 -D); undefined: all are appended. */
    this.changeCodes = changes;
    /** Behind modules, for each row which of those that were read it came from. */
    this.origins = origins;
  }

  /** The change of each row: `+A`, `+I`, `-U`, `+U`, `-D`. */
  get changes() { return Array.from({ length: this.rows }, (_, row) => this.change(row)); }
  /** The change of a row. */
  change(row) { return CHANGES[this.changeCodes?.[row] ?? 0]; }
  /** The offset of a row; undefined for rows of keys. */
  offsetOf(row) { return this.offset === undefined ? undefined : this.offset + BigInt(this.origins?.[row] ?? row); }

  /** The first rows. */
  head(rows) {
    if (rows >= this.rows) return this;
    const { bucket, offset, timestamp, changeCodes, origins } = this;
    return new ScanBatch(this.slice(0, rows), {
      bucket, offset, timestamp, changes: changeCodes?.subarray(0, rows), origins: origins?.subarray(0, rows),
    });
  }
}

const START = new Set(['earliest', 'latest']);

/** Where a scan begins, or ends, as the engine has it. */
function place(given, words, name) {
  if (words.has(given)) return { tag: given };
  if (typeof given === 'bigint' || Number.isSafeInteger(given)) return { tag: 'offset', val: BigInt(given) };
  if (given instanceof Date) return { tag: 'timestamp', val: BigInt(given.getTime()) };
  if (Array.isArray(given) && name === 'start') {
    return { tag: 'offsets', val: given.map(({ bucket, partition, offset }) => [{ bucket, partition }, BigInt(offset)]) };
  }
  throw new TypeError(`${name} is ${[...words].map(word => `'${word}'`).join(', ')}, an offset or a Date, not ${String(given)}`);
}

const buckets = given => [given ?? []].flat().map(bucket => (typeof bucket === 'object' ? bucket : { bucket, partition: undefined }));

/** A scan. Iterating it to its end, leaving the loop, `return` or `close` ends it. */
export class Scan {
  #driver;
  #begin;
  #options;
  #columns;
  #ticket;
  #queue = [];
  #waiting = [];
  #ended = false;
  #error;
  #chain;
  #left;
  #demand;
  /** What modules on the way did: `filtered`, `dropped`, `exceptions`. */
  tally = new Outcome();
  /** The offset from which on lie the changes that current rows do not have. */
  snapshot;

  /** `begin(engine, now)` starts it; `columns` are the nodes of what it gives, `names` those wanted of them. */
  constructor(driver, begin, columns, options, chain) {
    this.#driver = driver;
    this.#begin = begin;
    this.#columns = columns;
    this.#options = options;
    this.#chain = chain;
    this.#left = options.limit ?? Infinity;
    this.#demand = options.demand === false ? undefined : BigInt(options.buffer ?? 32 << 20);
  }

  static ofLog(table, options) {
    const { number, nodes } = table.parts;
    const { end = options.follow ? 'never' : 'latest', start = 'earliest' } = options;
    const [wanted, all] = wantedColumns(nodes, options);
    const spec = {
      columns: all ? undefined : Uint32Array.from(wanted, node => nodes.indexOf(node)),
      buckets: buckets(options.buckets), partitions: [...(options.partitions ?? [])],
      start: place(start, START, 'start'), end: place(end, new Set(['never', 'latest']), 'end'),
    };
    const operation = table.keyed ? 'changelog' : 'scan';
    const read = all ? nodes : nodes.filter(node => wanted.includes(node));
    const chain = chainOf(table, operation, options);
    return new Scan(table.client.driver, (engine, now) => engine.scan(now, number, spec), read, options, chain);
  }

  static limited(table, limit, options) {
    const { number, nodes } = table.parts;
    const bucket = { bucket: options.bucket ?? 0, partition: options.partition };
    const begin = (engine, now) => engine.limitScan(now, number, bucket, limit);
    return new Scan(table.client.driver, begin, nodes, { ...options, demand: false }, chainOf(table, 'scan', options));
  }

  static current(table, bucket, options) {
    const { number, nodes } = table.parts;
    const begin = (engine, now) => engine.scanCurrent(now, number, bucket);
    return new Scan(table.client.driver, begin, nodes, options, chainOf(table, 'scan', options));
  }

  /** Starts the scan, if it has not. */
  #start() {
    const { signal } = this.#options;
    if (signal?.aborted) return this.#finish(signal.reason);
    signal?.addEventListener('abort', this.#abort, { once: true });
    try {
      this.#ticket = this.#driver.begin(this.#begin, {
        rows: scanned => this.#push(scanned),
        snapshot: offset => { this.snapshot = offset; },
        ended: () => this.#finish(),
        failed: error => this.#finish(error),
      });
      if (this.#demand !== undefined) this.#driver.demand(this.#ticket, this.#demand);
    } catch (error) {
      this.#finish(error);
    }
    return undefined;
  }

  #abort = () => {
    if (this.#ticket !== undefined) this.#driver.cancel(this.#ticket);
    this.#queue = [];
    this.#finish(this.#options.signal.reason);
  };

  #push(scanned) {
    this.#queue.push(scanned);
    this.#wake();
  }

  #finish(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The next batch. */
  async next() {
    if (this.#ticket === undefined && !this.#ended) this.#start();
    for (;;) {
      if (this.#left <= 0) {
        await this.return();
        return { done: true, value: undefined };
      }
      const scanned = this.#queue.shift();
      if (scanned) {
        if (this.#demand !== undefined && !this.#ended) this.#driver.demand(this.#ticket, scanned.cost);
        const batch = await this.#batch(scanned);
        if (batch) return { done: false, value: batch };
      } else if (this.#ended) {
        const error = this.#error;
        this.#error = undefined;
        if (error) throw error;
        return { done: true, value: undefined };
      } else {
        await new Promise(wake => this.#waiting.push(wake));
      }
    }
  }

  /** Gives the scan up. */
  async return(value) {
    if (this.#ticket !== undefined && !this.#ended) this.#driver.cancel(this.#ticket);
    this.#queue = [];
    this.#finish();
    return { done: true, value };
  }

  /** Gives the scan up. */
  async close() { await this.return(); }
  [Symbol.asyncIterator]() { return this; }
  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() { return this.close(); }

  /** All batches that are left. */
  async toArray() {
    const all = [];
    for await (const batch of this) all.push(batch);
    return all;
  }

  /** All rows that are left, as objects. */
  async *rows() {
    for await (const batch of this) yield* batch;
  }

  async #batch({ bucket, offset, timestamp, first, rows, changes, layout, body }) {
    const read = fromLayout(this.#columns, layout.val, body.val, first, rows);
    const ofKeys = offset === 0n && timestamp === 0n;
    const about = { bucket, offset: ofKeys ? undefined : offset, timestamp: ofKeys ? undefined : Number(timestamp), changes };
    const batch = this.#chain ? await this.#through(read, about) : new ScanBatch(this.#select(read), about);
    if (batch.rows === 0) return undefined;
    const head = this.#left < batch.rows ? batch.head(this.#left) : batch;
    this.#left -= head.rows;
    return head;
  }

  #select(batch) {
    const { columns } = this.#options;
    return columns ? batch.select(columns) : batch;
  }

  async #through(read, about) {
    const chain = await this.#chain();
    const { rows, origins, tallies, exceptions } = await chain.run(raw(read));
    chain.tally(this.tally, tallies);
    for (const { stage, kind, policy, rows: at, causes, messages } of exceptions) {
      this.tally.exceptions.push({ module: chain.names[stage], kind, policy: policy.tag, rows: at, causes, messages });
    }
    const batch = this.#select(fromBatch(tree(chain.output), rows));
    const changes = about.changes && origins ? Uint8Array.from(origins, row => about.changes[row]) : about.changes;
    return new ScanBatch(batch, { ...about, changes, origins });
  }
}

/** The columns that are read, and whether these are all of them. */
function wantedColumns(nodes, { columns, through }) {
  if (columns === undefined || through !== undefined) return [nodes, true];
  const wanted = [...columns].map(name => {
    const node = nodes.find(node => node.name === name);
    if (!node) throw new TypeError(`there is no column ${name}; there are ${nodes.map(node => node.name).join(', ')}`);
    return node;
  });
  return [wanted, false];
}

/** What gives the chain of a scan, opened once. */
function chainOf(table, operation, { through }) {
  const modules = [through ?? []].flat();
  if (modules.length === 0) return undefined;
  for (const policy of modules.flatMap(module => [module.onError, module.onFailure])) {
    if (policy.tag === 'dead-letter') throw invalid('a scan writes nothing, so that its modules have no dead letters; use drop');
  }
  const { nodes, keys } = table.parts;
  let chain;
  return () => {
    chain ??= Chain.open(table.client.rules, modules, { table: table.name, operation, input: nodes, key: keys.map(key => key.name) });
    return chain;
  };
}

/** The current rows of a keyed table. */
export function scanCurrent(table, options) {
  if (!table.keyed) throw invalid(`table ${table.name} has no primary key, and so no current rows; scan it`);
  const offsets = [];
  let left = options.limit ?? Infinity;
  async function* batches() {
    for (const bucket of await bucketsOf(table, options)) {
      if (left <= 0) return;
      const scan = Scan.current(table, bucket, { ...options, limit: left });
      for await (const batch of scan) {
        left -= batch.rows;
        yield batch;
      }
      offsets.push({ ...bucket, offset: scan.snapshot });
    }
  }
  const all = batches();
  all.offsets = offsets;
  all.toArray = async () => {
    const found = [];
    for await (const batch of all) found.push(batch);
    return found;
  };
  return all;
}

async function bucketsOf(table, options) {
  const named = buckets(options.buckets);
  const count = table.info.buckets ?? 1;
  const numbers = named.length > 0 ? named : Array.from({ length: count }, (_, bucket) => ({ bucket, partition: undefined }));
  if (table.info.partitionBy.length === 0 || numbers.some(({ partition }) => partition !== undefined)) return numbers;
  const partitions = await table.partitions({ signal: options.signal });
  const wanted = options.partitions?.length ? partitions.filter(({ name }) => options.partitions.includes(name)) : partitions;
  return wanted.flatMap(({ partitionId }) => numbers.map(({ bucket }) => ({ bucket, partition: partitionId })));
}
