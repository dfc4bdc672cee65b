// Single values as the types have them: what a program may give for a value, and what becomes of it.

import { parseDate, parseDecimal, parseTime, parseTimestamp } from './text.js';
import { digits, sql } from './schema.js';

const INTEGERS = { tinyint: 7, smallint: 15, int: 31 };

const shown = value => {
  const text = typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}..` : text;
};

/** The error for a value that does not fit its place. */
export function unfit(place, row, value, wanted) {
  return new TypeError(`column ${place}, row ${row}: ${shown(value)} is not ${wanted}`);
}

function integer(bits, name) {
  const most = 2 ** bits;
  return value => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    return Number.isInteger(number) && number >= -most && number < most ? number : undefined;
  };
}

function bigint(value) {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined;
  return Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

const float = value => (typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined);

function decimal([precision, scale]) {
  return value => {
    const plain = typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value);
    return plain ? parseDecimal(String(value), precision, scale) : undefined;
  };
}

function date(value) {
  if (typeof value === 'string') return parseDate(value);
  if (value instanceof Date) {
    const days = Math.floor(value.getTime() / 86400000);
    return Number.isNaN(days) ? undefined : days;
  }
  return integer(31)(value);
}

function time(precision) {
  const unit = digits(precision);
  const day = 86400n * 10n ** BigInt(unit);
  return value => {
    const units = typeof value === 'string' ? parseTime(value, precision) : bigint(value);
    if (units === undefined) return undefined;
    const scaled = typeof value === 'string' ? units * 10n ** BigInt(unit - precision) : units;
    return scaled >= 0n && scaled < day ? (unit > 3 ? scaled : Number(scaled)) : undefined;
  };
}

function timestamp(precision, instant) {
  const unit = digits(precision);
  return value => {
    if (typeof value === 'bigint') return bigint(value);
    if (typeof value === 'string') {
      const units = parseTimestamp(value, precision, instant);
      return units === undefined ? undefined : bigint(units * 10n ** BigInt(unit - precision));
    }
    const time = value instanceof Date ? value.getTime() : value;
    if (!Number.isSafeInteger(time)) return undefined;
    const milliseconds = BigInt(time);
    if (unit >= 3) return bigint(milliseconds * 10n ** BigInt(unit - 3));
    return milliseconds % 1000n === 0n ? milliseconds / 1000n : undefined;
  };
}

/** Bytes of a Uint8Array, another view, or an ArrayBuffer. */
export function asBytes(value) {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

const WORDS = {
  boolean: 'a boolean', bigint: 'an integer (BigInt, or a number up to 2^53)', float: 'a number', double: 'a number',
  date: 'a date ("2001-02-03", a Date, or days since 1970)',
};

/** What is expected of a value of a type, in words. */
export function expected(node) {
  const { tag, val } = node.type;
  if (tag in INTEGERS) return `an integer from ${-(2 ** INTEGERS[tag])} to ${2 ** INTEGERS[tag] - 1}`;
  if (tag === 'decimal') return `a decimal with at most ${val[0] - val[1]} digits before and ${val[1]} behind the point`;
  if (tag === 'time') return `a time ("12:34:56", with at most ${val} digits behind the second)`;
  if (tag === 'timestamp') return `a timestamp ("2001-02-03T04:05:06", with at most ${val} digits behind the second, or a Date)`;
  if (tag === 'timestamp-ltz') return `an instant ("2001-02-03T04:05:06Z", with at most ${val} digits behind the second, or a Date)`;
  if (tag === 'text' || tag === 'fixed-text') return 'a string';
  if (tag === 'bytes') return 'bytes (a Uint8Array)';
  if (tag === 'fixed-bytes') return `${val} bytes (a Uint8Array)`;
  return WORDS[tag] ?? `a value of ${sql(node)}`;
}

/** What turns a value into the number of a type that has numbers; it gives undefined for a value that does not fit. */
export function number({ tag, val }) {
  switch (tag) {
    case 'bigint': return bigint;
    case 'float': case 'double': return float;
    case 'decimal': return decimal(val);
    case 'date': return date;
    case 'time': return time(val);
    case 'timestamp': return timestamp(val, false);
    case 'timestamp-ltz': return timestamp(val, true);
    default: return integer(INTEGERS[tag]);
  }
}
