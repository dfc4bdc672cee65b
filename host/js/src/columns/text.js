// Dates, times and decimals as texts and back, exactly.

const DAY = 86400000;

const pad = (number, length) => String(number).padStart(length, '0');

/** Milliseconds since 1970 of a date; years from -271821 on. */
function midnight(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const fits = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return fits ? date.getTime() : undefined;
}

/** Days since 1970 as `2001-02-03`. */
export function dateText(days) {
  const date = new Date(days * DAY);
  if (Number.isNaN(date.getTime())) return `${days} days since 1970`;
  const year = date.getUTCFullYear();
  const shown = year < 0 || year > 9999 ? (year < 0 ? '-' : '+') + pad(Math.abs(year), 6) : pad(year, 4);
  return `${shown}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
}

/** Days since 1970 of `2001-02-03`; undefined where it is none. */
export function parseDate(text) {
  const parts = /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)$/.exec(text);
  const time = parts ? midnight(Number(parts[1]), Number(parts[2]), Number(parts[3])) : undefined;
  return time === undefined ? undefined : Math.round(time / DAY);
}

/** Units of a second with so many digits as `12:34:56.789`, with 0, 3, 6 or 9 digits: as few as it takes. */
export function timeText(units, digits) {
  const scale = 10n ** BigInt(digits);
  const all = BigInt(units);
  const seconds = Number(all / scale);
  let fraction = digits === 0 ? '' : pad(all % scale, digits).replace(/(000)+$/, '');
  if (fraction) fraction = `.${fraction}`;
  return `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}${fraction}`;
}

/** Units of a second of `12:34:56.789`; undefined where it is none, or has more digits than there are. */
export function parseTime(text, digits) {
  const parts = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/.exec(text);
  if (!parts) return undefined;
  const [hours, minutes, seconds] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)];
  const fraction = (parts[4] ?? '').replace(/0+$/, '');
  if (hours > 23 || minutes > 59 || seconds > 59 || fraction.length > digits) return undefined;
  const whole = BigInt(hours * 3600 + minutes * 60 + seconds) * 10n ** BigInt(digits);
  return whole + BigInt(fraction.padEnd(digits, '0') || 0);
}

/** Units since 1970 as `2001-02-03T04:05:06.789`. */
export function timestampText(units, digits) {
  const day = 86400n * 10n ** BigInt(digits);
  let days = units / day;
  let rest = units % day;
  if (rest < 0n) {
    days -= 1n;
    rest += day;
  }
  return `${dateText(Number(days))}T${timeText(rest, digits)}`;
}

/** Units since 1970 of `2001-02-03T04:05:06.789`, with a zone if it is an instant; undefined where it is none. */
export function parseTimestamp(text, digits, instant) {
  const parts = /^([^T ]+)[T ]([0-9:.]+)(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (!parts || (parts[3] !== undefined) !== instant) return undefined;
  const [days, time] = [parseDate(parts[1]), parseTime(parts[2], digits)];
  if (days === undefined || time === undefined) return undefined;
  const scale = 10n ** BigInt(digits);
  let zone = 0n;
  if (parts[3] && parts[3] !== 'Z') {
    const minutes = BigInt(parts[3].slice(1, 3)) * 60n + BigInt(parts[3].slice(4));
    zone = (parts[3][0] === '-' ? -minutes : minutes) * 60n;
  }
  return (BigInt(days) * 86400n - zone) * scale + time;
}

/** An unscaled decimal as `-12.50`. */
export function decimalText(unscaled, scale) {
  const negative = unscaled < 0n;
  const digits = String(negative ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`;
  return `${negative ? '-' : ''}${whole}${fraction}`;
}

/** The unscaled value of `-12.5`, `1e3` or `7`; undefined where it is none, or does not fit. */
export function parseDecimal(text, precision, scale) {
  const parts = /^([+-]?)(\d{0,200})(?:\.(\d{0,200}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  if (!parts || (!parts[2] && !parts[3])) return undefined;
  let fraction = parts[3] ?? '';
  const shift = Number(parts[4] ?? 0) + scale - fraction.length;
  fraction = parts[2] + fraction;
  if (shift >= 0) fraction += '0'.repeat(shift);
  else if (/^0*$/.test(fraction.slice(shift))) fraction = fraction.slice(0, shift);
  else return undefined;
  const value = BigInt(fraction || 0);
  return value < 10n ** BigInt(precision) ? (parts[1] === '-' ? -value : value) : undefined;
}
