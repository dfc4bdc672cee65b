// One table of a session: rows into it, and rows out of it.

import { namesOf, toBatch } from '../columns/write.js';
import { tree } from '../columns/schema.js';
import { invalid } from '../errors.js';
import { Module } from '../modules/module.js';
import { Lookups } from './lookup.js';
import { Scan, scanCurrent } from './scan.js';
import { abortable } from './signal.js';
import { WritePath, write } from './write.js';

/** One table. */
export class Table {
  #client;
  #opened;
  #modules;
  #nodes;
  #keys;
  #lookups = new Map();
  #paths = new Map();

  constructor(client, opened, modules = []) {
    this.#client = client;
    this.#opened = opened;
    this.#modules = modules;
    const { schema } = opened.info.descriptor;
    this.#nodes = tree(schema);
    this.#keys = Array.from(schema.primaryKey, at => this.#node(schema.fields[at].name));
  }

  #node(name) {
    const node = this.#nodes.find(node => node.name === name);
    if (!node) throw new TypeError(`table ${this.name} has no column ${name}; it has ${this.#nodes.map(node => node.name).join(', ')}`);
    return node;
  }

  /** What the server says of it: columns, keys, buckets, properties. */
  get info() { return this.#opened.shown; }
  /** `database.table`. */
  get name() { return this.info.name; }
  /** Whether it has a primary key. */
  get keyed() { return this.#keys.length > 0; }
  /** The session that it belongs to. */
  get client() { return this.#client; }
  /** What reads of it need. Not for programs. */
  get parts() { return { number: this.#opened.number, nodes: this.#nodes, keys: this.#keys }; }

  /** The same table, with these modules before it: rows that are written go through them first. */
  through(...modules) {
    const all = modules.flat();
    for (const module of all) {
      if (!(module instanceof Module)) throw new TypeError('through takes modules, which client.module gives');
    }
    return new Table(this.#client, this.#opened, [...this.#modules, ...all]);
  }

  /** Appends rows to a log table; resolves when each has a fate. */
  append(rows, options) { return this.#write({ tag: 'append' }, this.#nodes, rows, options); }

  /** Writes rows of a keyed table: all columns, or only `columns`, which the key is among. */
  upsert(rows, options = {}) {
    if (options.columns === undefined) return this.#write({ tag: 'upsert', val: undefined }, this.#nodes, rows, options);
    const names = options.columns === 'given' ? namesOf(rows) : [...options.columns];
    const nodes = names.map(name => this.#node(name));
    const positions = Uint32Array.from(nodes, node => this.#nodes.indexOf(node));
    return this.#write({ tag: 'upsert', val: positions }, nodes, rows, options);
  }

  /** Deletes rows of a keyed table by their keys. */
  delete(keys, options) { return this.#write({ tag: 'delete' }, this.#keys, keys, options); }

  async #write(operation, nodes, rows, { signal } = {}) {
    const batch = toBatch(nodes, rows);
    if (signal?.aborted) throw signal.reason;
    const target = { driver: this.#client.driver, table: this.#opened.number, nodes };
    if (this.#modules.length === 0) return write(target, operation, batch, signal);
    return (await this.#path(operation, nodes)).write(target, operation, batch, signal);
  }

  /** The modules before rows of this kind, opened once. */
  #path({ tag, val }, nodes) {
    const kind = `${tag} ${val ?? ''}`;
    let path = this.#paths.get(kind);
    if (!path) {
      path = WritePath.open(this.#client, this.#modules, { table: this.name, operation: tag, input: nodes, output: nodes });
      this.#paths.set(kind, path);
      path.catch(() => this.#paths.delete(kind));
    }
    return path;
  }

  /** Looks rows up by primary key. With `insert`, a key that is not there becomes a row whose other columns are null. */
  lookup(keys, { insert = false, signal } = {}) {
    return this.#lookup({ tag: 'lookup', val: insert }, () => this.#keys, keys, signal);
  }

  /** Looks rows up by a prefix of their primary key: the partition columns, then the bucket columns. */
  prefixLookup(prefixes, { signal } = {}) {
    const { partitionBy, bucketBy } = this.info;
    return this.#lookup({ tag: 'prefix-lookup' }, () => [...partitionBy, ...bucketBy].map(name => this.#node(name)), prefixes, signal);
  }

  async #lookup(operation, nodes, given, signal) {
    if (!this.keyed) throw invalid(`table ${this.name} has no primary key to look rows up by; scan it`);
    const kind = `${operation.tag} ${operation.val ?? ''}`;
    let lookups = this.#lookups.get(kind);
    if (!lookups) {
      const keys = nodes();
      lookups = { keys, all: new Lookups(this.#client.driver, this.#opened.number, operation, keys, this.#nodes) };
      this.#lookups.set(kind, lookups);
    }
    const batch = toBatch(lookups.keys, given);
    let entry;
    return abortable(signal, (resolve, reject) => { entry = lookups.all.add(batch, resolve, reject); }, () => { entry.cancelled = true; });
  }

  /** Scans the log; of a keyed table its changes. An async iterator of batches, one bucket each. */
  scan(options = {}) { return Scan.ofLog(this, options); }

  /** Scans the changes of a keyed table: each batch has the `changes` of its rows. */
  changelog(options = {}) {
    if (!this.keyed) throw invalid(`table ${this.name} has no primary key, so that its log has no changes; scan it`);
    return this.scan(options);
  }

  /** Reads some rows of a bucket, at most `limit`. */
  limitScan(limit, options = {}) { return Scan.limited(this, limit, options); }

  /** Reads the current rows of a keyed table, bucket by bucket. `scan.offsets` says where each bucket's changes follow. */
  scanCurrent(options = {}) { return scanCurrent(this, options); }

  /** The partitions of the table. */
  partitions(options) { return this.#client.partitions(this.name, options); }
  createPartition(values, options) { return this.#client.createPartition(this.name, values, options); }
  dropPartition(values, options) { return this.#client.dropPartition(this.name, values, options); }
  /** The earliest and the latest offset of each bucket. */
  offsets(options) { return this.#client.offsets(this.name, options); }

  toString() { return `Table ${this.name}`; }
}
