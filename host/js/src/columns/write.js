// Columns of a program's values, as `batch` of `thalweg:module/types` has them.

import { Batch, Column, form } from './read.js';
import { asBytes, expected, number, unfit } from './values.js';
import { fromArrow, isArrow } from './arrow.js';
import { sql } from './schema.js';

const encoder = new TextEncoder();

const NUMBERS = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array, float64: Float64Array,
};

const missing = value => value === null || value === undefined;

/** Which values are there: a bit each; undefined where all are. */
function validity(values, length) {
  let bits;
  for (let row = 0; row < length; row += 1) {
    if (missing(values[row])) {
      if (!bits) {
        bits = new Uint8Array(Math.ceil(length / 8)).fill(255);
      }
      bits[row >> 3] &= ~(1 << (row & 7));
    }
  }
  return bits;
}

/** Writes one column and those of its children. */
class Writer {
  constructor() {
    this.columns = [];
  }

  add(node, values, length, place) {
    const at = this.columns.push(undefined) - 1;
    const kind = form(node.type);
    if (values === undefined) {
      this.columns[at] = { validity: new Uint8Array(Math.ceil(length / 8)), values: this.#empty(kind, node, length) };
      for (const child of node.children) this.add(child, undefined, kind === 'none' ? length : 0, place);
      return;
    }
    if (values instanceof Column) values = this.#column(node, values);
    const direct = NUMBERS[kind] && values instanceof NUMBERS[kind];
    if (direct) {
      this.columns[at] = { validity: undefined, values: { tag: kind, val: values } };
      return;
    }
    const bits = validity(values, length);
    this.columns[at] = { validity: bits, values: this.#values(kind, node, values, length, place) };
  }

  /** A column that was read: its numbers where it has no nulls, else its values. */
  #column(node, column) {
    const numbers = column.type === sql(node) && column.nulls === 0 ? column.values : undefined;
    return numbers ?? column.toArray();
  }

  #empty(kind, node, length) {
    if (NUMBERS[kind]) return { tag: kind, val: new NUMBERS[kind](length) };
    switch (kind) {
      case 'bits': return { tag: kind, val: new Uint8Array(Math.ceil(length / 8)) };
      case 'fixed': return { tag: kind, val: new Uint8Array(length * (node.type.tag === 'decimal' ? 16 : node.type.val)) };
      case 'spans': return { tag: kind, val: { offsets: new Int32Array(length + 1), bytes: new Uint8Array(0) } };
      case 'offsets': return { tag: kind, val: new Int32Array(length + 1) };
      default: return { tag: 'none' };
    }
  }

  #values(kind, node, values, length, place) {
    if (NUMBERS[kind]) return { tag: kind, val: numbers(kind, node, values, length, place) };
    switch (kind) {
      case 'bits': return { tag: kind, val: bits(node, values, length, place) };
      case 'fixed': return { tag: kind, val: fixed(node, values, length, place) };
      case 'spans':
        return { tag: kind, val: node.type.tag === 'bytes' ? bytes(node, values, length, place) : texts(node, values, length, place) };
      case 'offsets': return { tag: kind, val: this.#lists(node, values, length, place) };
      default: return this.#rows(node, values, length, place);
    }
  }

  #lists(node, values, length, place) {
    const map = node.type.tag === 'dictionary';
    const offsets = new Int32Array(length + 1);
    const all = node.children.map(() => []);
    for (let row = 0; row < length; row += 1) {
      const value = values[row];
      if (!missing(value)) {
        const entries = map ? entriesOf(value) : listOf(value);
        if (!entries) throw unfit(place, row, value, map ? 'a Map, an object or a list of pairs' : 'a list');
        for (const entry of entries) {
          if (map) {
            if (missing(entry[0])) throw unfit(place, row, entry[0], 'a key, which is never null');
            all[0].push(entry[0]);
            all[1].push(entry[1]);
          } else {
            all[0].push(entry);
          }
        }
      }
      offsets[row + 1] = all[0].length;
    }
    node.children.forEach((child, at) => this.add(child, all[at], all[at].length, `${place}.${map ? ['key', 'value'][at] : 'element'}`));
    return offsets;
  }

  #rows(node, values, length, place) {
    if (node.type.tag === 'other') throw new TypeError(`column ${place} has the type ${sql(node)}, which cannot be written`);
    for (let row = 0; row < length; row += 1) {
      const value = values[row];
      if (!missing(value) && typeof value !== 'object') throw unfit(place, row, value, 'an object');
    }
    for (const child of node.children) {
      const below = Array.from({ length }, (_, row) => (missing(values[row]) ? null : values[row][child.name]));
      this.add(child, below, length, `${place}.${child.name}`);
    }
    return { tag: 'none' };
  }
}

const listOf = value =>
  (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)) || value instanceof Column ? value : undefined);

function entriesOf(value) {
  if (value instanceof Map) return value.entries();
  if (Array.isArray(value)) return value.every(entry => Array.isArray(entry) && entry.length === 2) ? value : undefined;
  return typeof value === 'object' && !ArrayBuffer.isView(value) ? Object.entries(value) : undefined;
}

function numbers(kind, node, values, length, place) {
  const out = new NUMBERS[kind](length);
  const convert = number(node.type);
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (missing(value)) continue;
    const converted = convert(value);
    if (converted === undefined) throw unfit(place, row, value, expected(node));
    out[row] = converted;
  }
  return out;
}

function bits(node, values, length, place) {
  const out = new Uint8Array(Math.ceil(length / 8));
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (value === true) out[row >> 3] |= 1 << (row & 7);
    else if (value !== false && !missing(value)) throw unfit(place, row, value, expected(node));
  }
  return out;
}

function fixed(node, values, length, place) {
  const { tag, val } = node.type;
  const size = tag === 'decimal' ? 16 : val;
  const out = new Uint8Array(length * size);
  const view = new DataView(out.buffer);
  const convert = tag === 'decimal' ? number(node.type) : undefined;
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (missing(value)) continue;
    if (convert) {
      const unscaled = convert(value);
      if (unscaled === undefined) throw unfit(place, row, value, expected(node));
      view.setBigUint64(row * 16, BigInt.asUintN(64, unscaled), true);
      view.setBigInt64(row * 16 + 8, BigInt.asIntN(64, unscaled >> 64n), true);
    } else {
      const found = asBytes(value);
      if (found?.length !== size) throw unfit(place, row, value, expected(node));
      out.set(found, row * size);
    }
  }
  return out;
}

/** More than this cannot be said by 32-bit offsets. */
const MOST = 2 ** 31 - 1;

function tooLong(place) {
  return new TypeError(`column ${place} has more than ${MOST} bytes in one batch; write it in smaller ones`);
}

function texts(node, values, length, place) {
  const offsets = new Int32Array(length + 1);
  let characters = 0;
  let joined = '';
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (!missing(value)) {
      if (typeof value !== 'string') throw unfit(place, row, value, expected(node));
      characters += value.length;
      joined += value;
    }
    offsets[row + 1] = characters;
  }
  if (characters > MOST / 4) throw tooLong(place);
  const bytes = encoder.encode(joined);
  if (bytes.length !== characters) utf8Offsets(values, length, offsets);
  return { offsets, bytes };
}

/** Offsets in bytes where texts have characters of more than one. */
function utf8Offsets(values, length, offsets) {
  let end = 0;
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (!missing(value)) {
      for (let at = 0; at < value.length; at += 1) {
        const unit = value.charCodeAt(at);
        if (unit < 0x80) end += 1;
        else if (unit < 0x800) end += 2;
        else if (unit >= 0xd800 && unit < 0xdc00 && (value.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
          end += 4;
          at += 1;
        } else end += 3;
      }
    }
    offsets[row + 1] = end;
  }
}

function bytes(node, values, length, place) {
  const offsets = new Int32Array(length + 1);
  const found = [];
  let end = 0;
  for (let row = 0; row < length; row += 1) {
    const value = values[row];
    if (!missing(value)) {
      const one = asBytes(value);
      if (!one) throw unfit(place, row, value, expected(node));
      found.push([end, one]);
      end += one.length;
    }
    if (end > MOST) throw tooLong(place);
    offsets[row + 1] = end;
  }
  const all = new Uint8Array(end);
  for (const [at, one] of found) all.set(one, at);
  return { offsets, bytes: all };
}

/** What a program gave, as values by column and a number of rows. */
function columnsOf(nodes, given) {
  if (isArrow(given)) given = fromArrow(given);
  if (given instanceof Batch) return [Object.fromEntries(given.names.map(name => [name, given.column(name)])), given.rows];
  if (Array.isArray(given)) {
    const names = new Set();
    for (const row of given) {
      if (typeof row !== 'object' || row === null) throw new TypeError(`a row is an object with a value for each column, not ${String(row)}`);
      for (const name of Object.keys(row)) names.add(name);
    }
    return [Object.fromEntries(Array.from(names, name => [name, given.map(row => row[name])])), given.length];
  }
  if (typeof given !== 'object' || given === null) {
    throw new TypeError('rows are an object of columns, a list of row objects, a batch, or an Arrow table');
  }
  let rows;
  let first;
  const columns = {};
  for (const [name, values] of Object.entries(given)) {
    if (values === undefined) continue;
    const list = values !== null && typeof values === 'object' && typeof values.length === 'number' ? values : undefined;
    if (!list) throw new TypeError(`column ${name} is an array, a typed array or a column, not ${String(values)}`);
    if (rows !== undefined && list.length !== rows) {
      throw new TypeError(`column ${name} has ${list.length} rows, column ${first} has ${rows}`);
    }
    [rows, first] = [list.length, first ?? name];
    columns[name] = list;
  }
  return [columns, rows ?? 0];
}

/**
 * The columns of these nodes, of what a program gave: an object of columns, a list of row objects, a batch or an Arrow table.
 * A column that is not given is null in every row. `names` are the columns that were given.
 */
export function toBatch(nodes, given) {
  const [columns, rows] = columnsOf(nodes, given);
  const known = new Set(nodes.map(node => node.name));
  for (const name of Object.keys(columns)) {
    if (!known.has(name)) throw new TypeError(`there is no column ${name}; there are ${[...known].join(', ')}`);
  }
  const writer = new Writer();
  for (const node of nodes) {
    const values = Object.hasOwn(columns, node.name) ? columns[node.name] : undefined;
    writer.add(node, values, rows, node.name);
  }
  return { rows, columns: writer.columns };
}

/** The names of the columns that were given. */
export function namesOf(given) {
  if (isArrow(given)) return given.schema.fields.map(field => field.name);
  if (given instanceof Batch) return given.names;
  const rows = Array.isArray(given) ? given : [given];
  return [...new Set(rows.flatMap(row => Object.keys(row ?? {})))];
}
