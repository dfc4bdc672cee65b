// The session with the node, through the gateway, by the driver of the package `thalweg`: tables, rows as they come, lookups.

import { gateway } from './api.js';
import { cell, columnsOf } from './cells.js';
import { connect } from '/thalweg/src/web.js';
import { schema } from '/thalweg/src/columns/schema.js';
import { raw } from '/thalweg/src/columns/slice.js';

/** How many rows from before are shown when a table is opened. */
const BEFORE = 40;
/** The most tables that are listed. */
const TABLES = 200;
/** What a scan may read ahead, in bytes. */
const AHEAD = 2 << 20;

/** What an error says. */
export const message = error => String(error?.message ?? error);

export class Session {
  #client;
  #known = new Map();

  /** The client; connected when first asked for, and anew after it broke. */
  async #connected() {
    this.#client ??= connect(gateway()).catch(error => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  /** Gives a client that broke up, so that the next call connects anew. */
  #broken(error) {
    if (error?.code !== 'engine' && error?.code !== 'closed') return;
    this.#client = undefined;
    this.#known.clear();
  }

  /** The rules of chains, which the engine component has. */
  async rules() {
    return (await this.#connected()).rules;
  }

  /** All tables: `path`, `schema`, `keyed`, `keys`, `rows`. */
  async tables() {
    try {
      const client = await this.#connected();
      const names = [];
      for (const database of await client.databases()) {
        for (const table of await client.tables(database)) names.push(`${database}.${table}`);
      }
      const found = await Promise.all(names.slice(0, TABLES).map(name => this.#table(client, name)));
      return found.filter(Boolean);
    } catch (error) {
      this.#broken(error);
      throw error;
    }
  }

  /** One table with its number of rows; undefined if it went away meanwhile. */
  async #table(client, name) {
    try {
      const { tableId } = await client.tableInfo(name);
      let known = this.#known.get(name);
      if (known?.opened.info.tableId !== tableId) {
        const opened = await client.table(name);
        const { nodes, keys } = opened.parts;
        const names = keys.map(key => key.name);
        known = { opened, path: name, schema: schema(nodes, names), keyed: opened.keyed, keys: names };
        this.#known.set(name, known);
      }
      const offsets = await client.offsets(name);
      const rows = offsets.reduce((sum, bucket) => sum + Number(bucket.rows ?? bucket.latest - bucket.earliest), 0);
      return { ...known, rows };
    } catch (error) {
      this.#known.delete(name);
      if (error?.code === 'server') return undefined;
      throw error;
    }
  }

  /** The rows of a table from a little before its end on, for as long as the signal lets it. */
  async *follow(table, signal) {
    try {
      const buckets = await table.opened.offsets({ signal });
      const each = BigInt(Math.ceil(BEFORE / Math.max(1, buckets.length)));
      const start = buckets.map(({ bucket: { bucket, partition }, earliest, latest }) => ({
        bucket, partition, offset: latest - earliest > each ? latest - each : earliest,
      }));
      for await (const batch of table.opened.scan({ start, follow: true, buffer: AHEAD, signal })) {
        yield { batch: raw(batch), change: table.keyed ? row => batch.change(row) : undefined };
      }
    } catch (error) {
      this.#broken(error);
      throw error;
    }
  }

  /** The row of a key, each of whose columns is given as a text: names and values; undefined if there is none. */
  async lookup(table, key) {
    const types = new Map(table.schema.fields.map(field => [field.name, field.dataType.tag]));
    const keys = Object.fromEntries(Object.entries(key).map(([name, text]) => [name, [value(types.get(name), text)]]));
    const found = await table.opened.lookup(keys);
    if (found.found === 0) return undefined;
    const rows = raw(found.rows);
    return columnsOf(table.schema).map(column => ({ name: column.name, value: cell(table.schema, rows, column.at, 0) }));
  }
}

/** A text as a value of a type, as the driver takes it. */
function value(type, text) {
  switch (type) {
    case 'bigint': return BigInt(text.trim());
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'float':
    case 'double': {
      const number = Number(text);
      if (text.trim() === '' || Number.isNaN(number)) throw new Error(`${JSON.stringify(text)} is no number`);
      return number;
    }
    case 'boolean': return text.trim() === 'true';
    default: return text;
  }
}
