// Lookups: the keys of all callers of one turn go to the engine as one command, and each is given its own rows.

import { concat } from '../columns/slice.js';
import { fromLayout } from '../columns/read.js';
import { InvalidError } from '../errors.js';

/** What a lookup found. */
export class Found {
  #batch;
  #ends;

  constructor(batch, counts) {
    this.#batch = batch;
    this.#ends = new Uint32Array(counts.length + 1);
    counts.forEach((count, key) => { this.#ends[key + 1] = this.#ends[key] + count; });
    /** For each key how many rows are its own. */
    this.counts = counts;
  }

  /** How many rows were found. */
  get found() { return this.#batch.rows; }
  /** How many keys were asked for. */
  get keys() { return this.counts.length; }
  /** The rows that were found, in the order of the keys. */
  get rows() { return this.#batch; }

  /** The rows of one key. */
  of(key) { return this.#batch.slice(this.#ends[key], this.#ends[key + 1]); }
  /** The first row of a key as an object, or null. */
  row(key = 0) { return this.counts[key] > 0 ? this.#batch.row(this.#ends[key]) : null; }
  /** For each key its row as an object, or null. */
  *[Symbol.iterator]() {
    for (let key = 0; key < this.keys; key += 1) yield this.row(key);
  }
}

/** The lookups of one kind in one table. */
export class Lookups {
  #driver;
  #table;
  #operation;
  #keys;
  #columns;
  #gathered = [];

  /** `keys` are the nodes of keys, `columns` those of the table. */
  constructor(driver, table, operation, keys, columns) {
    this.#driver = driver;
    this.#table = table;
    this.#operation = operation;
    this.#keys = keys;
    this.#columns = columns;
  }

  /** Looks these keys up with those of the other callers of this turn. */
  add(keys, resolve, reject) {
    this.#driver.check();
    const entry = { keys, resolve, reject, cancelled: false };
    this.#gathered.push(entry);
    if (this.#gathered.length === 1) queueMicrotask(() => this.#send());
    return entry;
  }

  #send() {
    const entries = this.#gathered.filter(entry => !entry.cancelled);
    this.#gathered = [];
    if (entries.length > 0) this.#submit(entries);
  }

  #submit(entries) {
    const rows = concat(this.#keys, entries.map(entry => entry.keys));
    const fail = error => entries.forEach(entry => entry.reject(error));
    const failed = error => {
      // One that does not fit must not take the others with it.
      if (error instanceof InvalidError && entries.length > 1) entries.forEach(entry => this.#submit([entry]));
      else fail(error);
    };
    try {
      this.#driver.submit({ table: this.#table, operation: this.#operation, rows }, { found: found => this.#found(entries, found), failed });
    } catch (error) {
      fail(error);
    }
  }

  #found(entries, { counts, rows, layout, body }) {
    const batch = fromLayout(this.#columns, layout.val, body, 0, rows);
    let [key, row] = [0, 0];
    for (const entry of entries) {
      const own = counts.subarray(key, key + entry.keys.rows);
      const sum = own.reduce((total, count) => total + count, 0);
      entry.resolve(new Found(entries.length === 1 ? batch : batch.slice(row, row + sum), own));
      key += entry.keys.rows;
      row += sum;
    }
  }
}
