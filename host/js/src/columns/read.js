// Rows as columns, as they come from scans and lookups and go to modules and back.

import { decimalText, dateText, timeText, timestampText } from './text.js';
import { digits, sql, wide, width } from './schema.js';

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

const bit = (bits, at) => ((bits[at >> 3] ?? 0) >> (at & 7)) & 1;

/** Arrays of numbers by the case of `values` that they stand in. */
const ARRAYS = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array,
};

/** The case of `values` that a type has, as `thalweg:module/types` says. */
export function form({ tag, val }) {
  switch (tag) {
    case 'boolean': return 'bits';
    case 'tinyint': return 'int8';
    case 'smallint': return 'int16';
    case 'int': case 'date': return 'int32';
    case 'float': return 'float32';
    case 'double': return 'float64';
    case 'decimal': case 'fixed-bytes': return 'fixed';
    case 'text': case 'fixed-text': case 'bytes': return 'spans';
    case 'array': case 'dictionary': return 'offsets';
    case 'row': case 'other': return 'none';
    default: return wide({ tag, val }) ? 'int64' : 'int32';
  }
}

/** Bytes as an array of numbers, without a copy where they lie as it needs. */
function view(Numbers, bytes) {
  const length = Math.floor(bytes.byteLength / Numbers.BYTES_PER_ELEMENT);
  if (bytes.byteOffset % Numbers.BYTES_PER_ELEMENT === 0) return new Numbers(bytes.buffer, bytes.byteOffset, length);
  return new Numbers(bytes.slice().buffer, 0, length);
}

/** The values of one field of some rows. */
export class Column {
  #node;
  #validity;
  #data;
  #children;
  #first;
  #reader;

  /** `data` is an array of numbers, bytes, or `{ offsets, bytes }`; the rows are `length` from `first` on. */
  constructor(node, validity, data, children, first, length) {
    this.#node = node;
    this.#validity = validity;
    this.#data = data;
    this.#children = children;
    this.#first = first;
    /** How many rows there are. */
    this.length = length;
    this.#reader = reader(node, data, children);
  }

  /** The name of the column. */
  get name() { return this.#node.name; }
  /** Its type as SQL, as `BIGINT`. */
  get type() { return sql(this.#node); }
  /** What the column holds as it is. */
  get parts() {
    return { node: this.#node, validity: this.#validity, data: this.#data, children: this.#children, first: this.#first };
  }

  /** How many rows are null. */
  get nulls() {
    let nulls = 0;
    for (let at = 0; at < this.length; at += 1) nulls += this.isNull(at) ? 1 : 0;
    return nulls;
  }

  /** Whether a row is null. */
  isNull(row) {
    return this.#validity !== undefined && bit(this.#validity, this.#first + row) === 0;
  }

  /**
   * The numbers of the rows as a typed array in the units of the type, not copied, with something in the place of each null;
   * undefined for a type without one.
   */
  get values() {
    return ArrayBuffer.isView(this.#data) && !(this.#data instanceof Uint8Array)
      ? this.#data.subarray(this.#first, this.#first + this.length)
      : undefined;
  }

  /** The value of a row; null where there is none, undefined past the last row. */
  get(row) {
    if (row < 0 || row >= this.length) return undefined;
    return this.isNull(row) ? null : this.#reader(this.#first + row);
  }

  /** As `get`; -1 is the last row. */
  at(row) { return this.get(row < 0 ? this.length + row : row); }

  /** Some of the rows. */
  slice(first = 0, end = this.length) {
    const from = Math.min(first, this.length);
    const rows = Math.max(0, Math.min(end, this.length) - from);
    return new Column(this.#node, this.#validity, this.#data, this.#children, this.#first + from, rows);
  }

  *[Symbol.iterator]() {
    for (let row = 0; row < this.length; row += 1) yield this.get(row);
  }

  /** All values. */
  toArray() { return Array.from(this); }
  toJSON() { return this.toArray(); }
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const shown = this.slice(0, 100).toArray();
    return `Column ${this.name} ${this.type} ${inspect(shown, options)}${this.length > 100 ? ` .. ${this.length} rows` : ''}`;
  }
}

/** What gives the value at a position that is not null. */
function reader(node, data, children) {
  const { tag, val } = node.type;
  switch (tag) {
    case 'boolean': return at => bit(data, at) === 1;
    case 'decimal': return at => decimalText(int128(data, at), val[1]);
    case 'text': case 'fixed-text':
      return at => decoder.decode(data.bytes.subarray(data.offsets[at], data.offsets[at + 1]));
    case 'bytes': return at => data.bytes.slice(data.offsets[at], data.offsets[at + 1]);
    case 'fixed-bytes': return at => data.slice(at * val, (at + 1) * val);
    case 'date': return at => dateText(data[at]);
    case 'time': return at => timeText(data[at], digits(val));
    case 'timestamp': return at => timestampText(data[at], digits(val));
    case 'timestamp-ltz': return at => `${timestampText(data[at], digits(val))}Z`;
    case 'array': return at => children[0].slice(data[at], data[at + 1]).toArray();
    case 'dictionary':
      return at => {
        const map = new Map();
        for (let entry = data[at]; entry < data[at + 1]; entry += 1) map.set(children[0].get(entry), children[1].get(entry));
        return map;
      };
    case 'row':
      return at => Object.fromEntries(children.map(child => [child.name, child.get(at)]));
    case 'other': return () => null;
    default: return at => data[at];
  }
}

function int128(bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at * 16, 16);
  return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true);
}

/** Some rows: their columns by name. */
export class Batch {
  #columns;
  #byName;

  /** @param {Column[]} columns */
  constructor(columns, rows) {
    this.#columns = columns;
    /** How many rows there are. */
    this.rows = rows;
  }

  /** The names of the columns, in their order. */
  get names() { return this.#columns.map(column => column.name); }
  /** The columns, in their order. */
  get columns() { return [...this.#columns]; }

  /** A column by its name. */
  column(name) {
    this.#byName ??= new Map(this.#columns.map(column => [column.name, column]));
    const column = this.#byName.get(name);
    if (!column) throw new TypeError(`there is no column ${name}; there are ${this.names.join(', ')}`);
    return column;
  }

  /** A row as an object. */
  row(at) {
    if (at < 0 || at >= this.rows) return undefined;
    return Object.fromEntries(this.#columns.map(column => [column.name, column.get(at)]));
  }

  /** Some of the rows. */
  slice(first = 0, end = this.rows) {
    const from = Math.min(first, this.rows);
    const to = Math.max(from, Math.min(end, this.rows));
    return new Batch(this.#columns.map(column => column.slice(from, to)), to - from);
  }

  /** These columns, in this order. */
  select(names) { return new Batch(names.map(name => this.column(name)), this.rows); }

  *[Symbol.iterator]() {
    for (let row = 0; row < this.rows; row += 1) yield this.row(row);
  }

  /** All rows as objects. */
  toArray() { return Array.from(this); }
  toJSON() { return this.toArray(); }
}

/** A part of a body; a length that does not fit gives what there is. */
const part = (body, { offset, length }) => body.subarray(offset, offset + length);

/** The columns of these nodes, that lie where `parts` says (`engine.layout.columns`): `rows` from `first` on. */
export function fromLayout(nodes, parts, body, first, rows) {
  let next = 0;
  const column = (node, from, length) => {
    const { rows: all, validity, offsets, values } = parts[next];
    next += 1;
    const kind = form(node.type);
    const bits = validity && part(body, validity);
    const bytes = values ? part(body, values) : new Uint8Array(0);
    let data;
    if (kind in ARRAYS) data = view(ARRAYS[kind], bytes);
    else if (kind === 'spans') data = { offsets: ends(offsets, body), bytes };
    else if (kind === 'offsets') data = ends(offsets, body);
    else data = bytes;
    const children = node.children.map(child => column(child, 0, kind === 'none' ? all : undefined));
    return new Column(node, bits, data, children, from, length ?? all);
  };
  return new Batch(nodes.map(node => column(node, first, rows)), rows);
}

function ends(offsets, body) {
  const found = offsets ? view(Int32Array, part(body, offsets)) : undefined;
  return found && found.length > 0 ? found : new Int32Array(1);
}

/** The columns of these nodes as `batch` of `thalweg:module/types` has them. */
export function fromBatch(nodes, { rows, columns }) {
  const wanted = nodes.reduce((sum, node) => sum + width(node), 0);
  if (columns.length !== wanted) throw new TypeError(`there are ${columns.length} columns where ${wanted} belong`);
  let next = 0;
  const column = (node, length) => {
    const { validity, values } = columns[next];
    next += 1;
    const kind = form(node.type);
    if (values.tag !== kind) throw new TypeError(`column ${node.name} has ${values.tag} where ${kind} belong`);
    let data = values.val;
    if (kind === 'spans') data = { offsets: whole(data.offsets), bytes: data.bytes };
    if (kind === 'offsets') data = whole(data);
    const below = kind === 'offsets' ? data[data.length - 1] : length;
    return new Column(node, validity, data, node.children.map(child => column(child, below)), 0, length);
  };
  return new Batch(nodes.map(node => column(node, rows)), rows);
}

const whole = offsets => (offsets.length > 0 ? offsets : new Int32Array(1));
