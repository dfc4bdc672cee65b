// A session with a cluster: tables, the catalogue, modules.

import { Driver } from '../driver/driver.js';
import { refused, ServerError } from '../errors.js';
import { abortable } from './signal.js';
import { fromProperties, path, properties, tableInfo } from './names.js';
import { Table } from './table.js';
import { openModule } from '../modules/module.js';
import { login, settings } from './settings.js';
import { toArrow } from '../columns/arrow.js';

/** A session with a cluster. */
export class Client {
  #driver;
  #component;
  #host;
  #tables = new Map();

  /** `component` has the exports of the engine component; `host` is what only this kind of host can do. */
  constructor(component, host, addresses, options) {
    this.#component = component;
    this.#host = host;
    const defaults = component.engine.defaultSettings(addresses);
    this.#driver = new Driver(component.engine, host.transport, settings(defaults, options), login(options.login));
  }

  /** The driver of the engine. Not for programs. */
  get driver() { return this.#driver; }
  /** The rules of chains. Not for programs. */
  get rules() { return this.#component.chain; }

  /** Asks the catalogue. */
  #ask(request, signal) { return this.#answer((engine, now) => engine.ask(now, request), signal); }

  #answer(begin, signal) {
    let ticket;
    return abortable(signal, (resolve, reject) => {
      ticket = this.#driver.begin(begin, {
        answered: answer => resolve(answer.val), failed: reject,
      });
    }, () => this.#driver.cancel(ticket));
  }

  /** Creates a table from the SQL of its columns. */
  async createTable(name, columns, options = {}) {
    const descriptor = this.describe(columns, options);
    await this.#ask({ tag: 'create-table', val: [path(name), descriptor, options.ifNotExists ?? false] }, options.signal);
  }

  /** What `createTable` would send. */
  describe(columns, options = {}) {
    const descriptor = refused(() => this.#component.tables.describe(columns, {
      primaryKey: list(options.primaryKey), partitionBy: list(options.partitionBy), bucketBy: list(options.bucketBy),
      buckets: options.buckets, comment: options.comment, properties: properties(options.properties),
    }));
    for (const [column, aggregation] of Object.entries(options.aggregate ?? {})) {
      const { fields, columns: positions } = descriptor.schema;
      const at = Array.from(positions).findIndex(position => fields[position].name === column);
      if (at < 0) throw new TypeError(`there is no column ${column} to aggregate`);
      descriptor.aggregations[at] = typeof aggregation === 'string'
        ? { function: aggregation, parameters: [] }
        : { function: aggregation.function, parameters: properties(aggregation.parameters) };
    }
    return descriptor;
  }

  /** Opens a table. */
  async table(name, { signal } = {}) {
    const opened = await this.#open(path(name), signal);
    return new Table(this, opened);
  }

  #open(where, signal) {
    let ticket;
    return abortable(signal, (resolve, reject) => {
      ticket = this.#driver.begin((engine, now) => engine.openTable(now, where), {
        opened: ([number, info]) => resolve(this.#opened(number, info)), failed: reject,
      });
    }, () => this.#driver.cancel(ticket));
  }

  #opened(number, info) {
    const known = this.#tables.get(number);
    if (known) return known;
    const made = { number, info, shown: tableInfo(info) };
    this.#tables.set(number, made);
    return made;
  }

  /** A module: a stock one by its name, a `.wasm` file or its bytes, or one that was made into JavaScript before. */
  module(source, config = {}, options = {}) { return openModule(this.#host, source, config, options); }

  /** Changes properties of a table. */
  async alterTable(name, { set = {}, reset = [], signal } = {}) {
    await this.#ask({ tag: 'alter-table', val: [path(name), properties(set), [...reset]] }, signal);
  }

  /** Adds columns at the end of a table, as `note STRING, score BIGINT`. Rows from before have null in them, so each must be nullable. */
  async addColumns(name, columns, { signal } = {}) {
    const [where, descriptor] = [path(name), this.describe(columns)];
    await this.#answer((engine, now) => engine.addColumns(now, where, descriptor), signal);
  }

  async dropTable(name, { ifExists = false, signal } = {}) {
    await this.#ask({ tag: 'drop-table', val: [path(name), ifExists] }, signal);
  }

  /** The names of the tables of a database, sorted. */
  tables(database = 'fluss', { signal } = {}) { return this.#ask({ tag: 'list-tables', val: database }, signal); }

  /** What the server says of a table. */
  async tableInfo(name, { signal } = {}) {
    return tableInfo(await this.#ask({ tag: 'show-table', val: path(name) }, signal));
  }

  /** Whether there is such a table. */
  async hasTable(name, options) {
    try {
      await this.tableInfo(name, options);
      return true;
    } catch (error) {
      if (error instanceof ServerError && /^(TABLE|DATABASE)_NOT_EXIST/.test(error.serverName)) return false;
      throw error;
    }
  }

  async createDatabase(name, { comment, properties: given, ifNotExists = false, signal } = {}) {
    await this.#ask({ tag: 'create-database', val: [name, comment, properties(given), ifNotExists] }, signal);
  }

  async dropDatabase(name, { ifExists = false, cascade = false, signal } = {}) {
    await this.#ask({ tag: 'drop-database', val: [name, ifExists, cascade] }, signal);
  }

  /** The names of all databases, sorted. */
  databases({ signal } = {}) { return this.#ask({ tag: 'list-databases' }, signal); }

  async databaseInfo(name, { signal } = {}) {
    const { customProperties, created, modified, ...rest } = await this.#ask({ tag: 'show-database', val: name }, signal);
    return {
      ...rest, properties: fromProperties(customProperties), created: new Date(Number(created)), modified: new Date(Number(modified)),
    };
  }

  /** The earliest and the latest offset of each bucket. */
  offsets(name, { signal } = {}) { return this.#ask({ tag: 'list-offsets', val: path(name) }, signal); }

  /** The partitions of a table. */
  async partitions(name, { signal } = {}) {
    const found = await this.#ask({ tag: 'list-partitions', val: path(name) }, signal);
    return found.map(({ partitionId, name: text, spec }) => ({ partitionId, name: text, values: fromProperties(spec) }));
  }

  async createPartition(name, values, { ifNotExists = false, signal } = {}) {
    await this.#ask({ tag: 'create-partition', val: [path(name), properties(values), ifNotExists] }, signal);
  }

  async dropPartition(name, values, { ifExists = false, signal } = {}) {
    await this.#ask({ tag: 'drop-partition', val: [path(name), properties(values), ifExists] }, signal);
  }

  /** Resolves when all that was written before has a fate. */
  flush() { return this.#driver.flush(); }

  /** What the session did so far: rows taken, acknowledged, failed, scanned; bytes and batches sent. */
  statistics() { return this.#driver.statistics(); }

  /** A batch as an Apache Arrow table, where `apache-arrow` is installed. */
  async toArrow(batch) { return toArrow(await this.#host.arrow(), batch); }

  /** Sends what is waiting and ends the session; what has no fate after `timeout` milliseconds fails. */
  close({ timeout = 10_000 } = {}) { return this.#driver.close(timeout); }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() { return this.close(); }

  toString() { return 'Client'; }
}

const list = given => (given === undefined ? [] : typeof given === 'string' ? [given] : [...given]);
