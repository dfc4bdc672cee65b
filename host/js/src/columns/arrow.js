// Apache Arrow tables, taken by what they look like and given where `apache-arrow` is installed.

import { UnsupportedError } from '../errors.js';
import { timeText, timestampText } from './text.js';

/** Whether this is a table or a record batch of apache-arrow. */
export const isArrow = given =>
  given !== null && typeof given === 'object' && typeof given.getChild === 'function' && Array.isArray(given.schema?.fields);

/** Values of Arrow's as a program writes them. */
function plain(value) {
  if (value === null || value === undefined || typeof value !== 'object') return value;
  if (value instanceof Date || ArrayBuffer.isView(value)) return value;
  if (typeof value.toJSON === 'function' || typeof value[Symbol.iterator] === 'function') {
    const name = value.constructor?.name ?? '';
    if (name.startsWith('Map')) return new Map(Array.from(value, ([key, item]) => [plain(key), plain(item)]));
    if (name.startsWith('Struct')) return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]));
    return Array.from(value, plain);
  }
  return value;
}

/** Units in a second of Arrow's time units. */
const DIGITS = [0, 3, 6, 9];

/** A vector as an array of values, or of numbers where it has such without nulls. */
function values(vector) {
  const { type } = vector;
  const kind = String(type);
  const numeric = /^(Int(8|16|32|64)|Float(32|64))$/.test(kind);
  if (numeric && vector.nullCount === 0) return vector.toArray();
  if (kind.startsWith('Decimal')) {
    return Array.from({ length: vector.length }, (_, row) => decimal(vector.get(row), type.scale));
  }
  if (kind.startsWith('Timestamp')) {
    return stamps(vector, units => timestampText(units, DIGITS[type.unit]) + (type.timezone ? 'Z' : ''));
  }
  if (kind.startsWith('Time')) return stamps(vector, units => timeText(units, DIGITS[type.unit]));
  if (kind.startsWith('Date')) {
    return Array.from({ length: vector.length }, (_, row) => date(vector.get(row)));
  }
  return Array.from(vector, plain);
}

function date(value) {
  return value === null || value === undefined ? null : value instanceof Date ? value : new Date(Number(value));
}

/** A number of a vector as it is stored; apache-arrow gives timestamps as milliseconds. */
function raw(vector, row) {
  let at = row;
  for (const data of vector.data) {
    if (at < data.length) return BigInt(data.values[data.offset + at]);
    at -= data.length;
  }
  return 0n;
}

/** Timestamps and times as texts, with every digit that there is. */
function stamps(vector, text) {
  return Array.from({ length: vector.length }, (_, row) => (vector.get(row) === null ? null : text(raw(vector, row))));
}

function decimal(value, scale) {
  if (value === null || value === undefined) return null;
  let unscaled = 0n;
  const words = Array.from(value, word => BigInt(word >>> 0));
  words.forEach((word, at) => { unscaled |= word << BigInt(32 * at); });
  unscaled = BigInt.asIntN(32 * words.length, unscaled);
  return `${unscaled}e-${scale}`;
}

/** An Arrow table as an object of columns. */
export function fromArrow(table) {
  return Object.fromEntries(table.schema.fields.map(field => [field.name, values(table.getChild(field.name))]));
}

/** The Arrow type of a node. */
function type(arrow, node) {
  const { tag, val } = node.type;
  const field = child => new arrow.Field(child.name, type(arrow, child), child.nullable);
  const unit = precision => arrow.TimeUnit[['SECOND', 'MILLISECOND', 'MICROSECOND', 'NANOSECOND'][Math.ceil(precision / 3)]];
  switch (tag) {
    case 'boolean': return new arrow.Bool();
    case 'tinyint': return new arrow.Int8();
    case 'smallint': return new arrow.Int16();
    case 'int': return new arrow.Int32();
    case 'bigint': return new arrow.Int64();
    case 'float': return new arrow.Float32();
    case 'double': return new arrow.Float64();
    case 'decimal': return new arrow.Decimal(val[1], val[0], 128);
    case 'text': case 'fixed-text': return new arrow.Utf8();
    case 'bytes': return new arrow.Binary();
    case 'fixed-bytes': return new arrow.FixedSizeBinary(val);
    case 'date': return new arrow.DateDay();
    case 'time': return new arrow.Time(unit(val), val > 3 ? 64 : 32);
    case 'timestamp': return new arrow.Timestamp(unit(val), null);
    case 'timestamp-ltz': return new arrow.Timestamp(unit(val), 'UTC');
    case 'array': return new arrow.List(field(node.children[0]));
    case 'row': return new arrow.Struct(node.children.map(field));
    case 'dictionary': {
      const entries = new arrow.Struct([
        new arrow.Field('key', type(arrow, node.children[0]), false),
        new arrow.Field('value', type(arrow, node.children[1]), true),
      ]);
      return new arrow.Map_(new arrow.Field('entries', entries, false), false);
    }
    default: throw new UnsupportedError(`Arrow has no type for column ${node.name}`, { code: 'unsupported' });
  }
}

/** One column as apache-arrow's data: the same bytes, from its first row on. */
function data(arrow, column) {
  const { node, validity, data: held, children, first } = column.parts;
  const made = type(arrow, node);
  const common = { type: made, offset: first, length: column.length, nullBitmap: validity, nullCount: validity ? column.nulls : 0 };
  switch (node.type.tag) {
    case 'text': case 'fixed-text': case 'bytes':
      return arrow.makeData({ ...common, valueOffsets: held.offsets, data: held.bytes });
    case 'array': return arrow.makeData({ ...common, valueOffsets: held, child: data(arrow, children[0]) });
    case 'row':
      return arrow.makeData({ ...common, children: children.map(child => data(arrow, child)) });
    case 'dictionary': {
      const below = children.map(child => data(arrow, child));
      const entries = arrow.makeData({ type: made.children[0].type, length: children[0].length, nullCount: 0, children: below });
      return arrow.makeData({ ...common, valueOffsets: held, child: entries });
    }
    case 'decimal': return arrow.makeData({ ...common, data: new Uint32Array(held.slice().buffer) });
    default: return arrow.makeData({ ...common, data: held });
  }
}

/** A batch as an Arrow table; `arrow` is the package `apache-arrow`. */
export function toArrow(arrow, batch) {
  const columns = batch.columns;
  const fields = columns.map(column => new arrow.Field(column.name, type(arrow, column.parts.node), column.parts.node.nullable));
  const schema = new arrow.Schema(fields);
  const struct = arrow.makeData({
    type: new arrow.Struct(fields), length: batch.rows, nullCount: 0, children: columns.map(column => data(arrow, column)),
  });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, struct));
}
