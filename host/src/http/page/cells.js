// Values of columns as text, read out of the layout that modules have: fields depth first, validity as bits, texts as offsets and bytes.

const text = new TextDecoder();
/** How many elements of a list are shown. */
const SHOWN = 20;
/** The longest text that is shown, in bytes. */
const LONGEST = 400;

const bit = (bits, row) => (bits[row >> 3] >> (row & 7)) & 1;

/** The name of a type, as its SQL. */
export function typeName(fields, at) {
  const { tag, val } = fields[at].dataType;
  switch (tag) {
    case 'decimal': return `DECIMAL(${val[0]}, ${val[1]})`;
    case 'fixed-text': return `CHAR(${val})`;
    case 'text': return 'STRING';
    case 'fixed-bytes': return `BINARY(${val})`;
    case 'time': return `TIME(${val})`;
    case 'timestamp': return `TIMESTAMP(${val})`;
    case 'timestamp-ltz': return `TIMESTAMP_LTZ(${val})`;
    case 'array': return `ARRAY<${typeName(fields, val)}>`;
    case 'dictionary': return `MAP<${typeName(fields, val[0])}, ${typeName(fields, val[1])}>`;
    case 'row': return `ROW<${[...val].map(child => `${fields[child].name} ${typeName(fields, child)}`).join(', ')}>`;
    case 'other': return val;
    default: return tag.toUpperCase();
  }
}

/** The SQL of a schema's columns, as the command line takes it. */
export function columnsSql(schema) {
  const name = text => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : `\`${text.replaceAll('`', '``')}\``);
  return [...schema.columns].map(at => {
    const field = schema.fields[at];
    return `${name(field.name)} ${typeName(schema.fields, at)}${field.nullable ? '' : ' NOT NULL'}`;
  }).join(', ');
}

const NUMBERS = new Set(['tinyint', 'smallint', 'int', 'bigint', 'float', 'double', 'decimal']);

/** The top-level columns of a schema: name, type, whether they are numbers, and their place in `fields`. */
export const columnsOf = schema => [...schema.columns].map(at => ({
  at, name: schema.fields[at].name, type: typeName(schema.fields, at), number: NUMBERS.has(schema.fields[at].dataType.tag),
}));

/** The value of a field in a row as text; null where there is none. */
export function cell(schema, batch, at, row) {
  const { validity, values } = batch.columns[at];
  if (validity && !bit(validity, row)) return null;
  const { dataType } = schema.fields[at];
  return show(schema, batch, dataType, values, row);
}

function show(schema, batch, { tag, val }, values, row) {
  const data = values.val;
  switch (tag) {
    case 'boolean': return bit(data, row) ? 'true' : 'false';
    case 'decimal': return decimal(data.subarray(16 * row, 16 * row + 16), val[1]);
    case 'fixed-text':
    case 'text': return text.decode(span(data, row));
    case 'fixed-bytes': return hex(data.subarray(val * row, val * row + val));
    case 'bytes': return hex(span(data, row));
    case 'date': return date(BigInt(data[row]) * 86400n);
    case 'time': return clock(nanos(data[row], val), val);
    case 'timestamp': return moment(nanos(data[row], val), val);
    case 'timestamp-ltz': return `${moment(nanos(data[row], val), val)}Z`;
    case 'array': return list(data, row, child => cell(schema, batch, val, child), '[]');
    case 'dictionary': return list(data, row, child => `${cell(schema, batch, val[0], child)}: ${cell(schema, batch, val[1], child)}`, '{}');
    case 'row': return `(${[...val].map(child => cell(schema, batch, child, row) ?? 'NULL').join(', ')})`;
    case 'other': return '?';
    default: return String(data[row]);
  }
}

const span = ({ offsets, bytes }, row) => bytes.subarray(offsets[row], Math.min(offsets[row + 1], offsets[row] + LONGEST));
const hex = bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');

function list(offsets, row, element, [open, close]) {
  const [from, to] = [offsets[row], offsets[row + 1]];
  const shown = [];
  for (let at = from; at < Math.min(to, from + SHOWN); at += 1) shown.push(element(at) ?? 'NULL');
  return `${open}${shown.join(', ')}${to - from > SHOWN ? ', …' : ''}${close}`;
}

function decimal(bytes, scale) {
  let value = 0n;
  for (let at = 15; at >= 0; at -= 1) value = (value << 8n) | BigInt(bytes[at]);
  value = BigInt.asIntN(128, value);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** A time of a precision in nanoseconds. */
function nanos(value, precision) {
  const unit = precision === 0 ? 1000000000n : precision <= 3 ? 1000000n : precision <= 6 ? 1000n : 1n;
  return BigInt(value) * unit;
}

const floor = (value, by) => (value - (((value % by) + by) % by)) / by;

function date(seconds) {
  const moment = new Date(Number(seconds) * 1000);
  return Number.isNaN(moment.getTime()) ? `${seconds} s` : moment.toISOString().replace(/T.*/, '');
}

function clock(nanos, precision) {
  const seconds = Number(floor(nanos, 1000000000n));
  const part = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(part => String(Math.floor(part)).padStart(2, '0')).join(':');
  return part + fraction(nanos, precision);
}

function fraction(nanos, precision) {
  if (precision === 0) return '';
  const rest = ((nanos % 1000000000n) + 1000000000n) % 1000000000n;
  return `.${rest.toString().padStart(9, '0').slice(0, precision)}`.replace(/\.?0+$/, '');
}

function moment(nanos, precision) {
  const seconds = floor(nanos, 1000000000n);
  const day = floor(seconds, 86400n);
  return `${date(day * 86400n)} ${clock(nanos - day * 86400000000000n, precision)}`;
}
