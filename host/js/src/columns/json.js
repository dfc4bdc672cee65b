// Rows as JSON in the words of the `thalweg` command line: bytes as hexadecimal digits, decimals and large numbers as they are.

const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

/** Whether a decimal text may stand as it is. */
const plain = value => value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

/** A value as JSON text; whole numbers of any length are written out. */
export function json(value) {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'bigint': return String(value);
    case 'number': return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value));
    case 'boolean': case 'string': return JSON.stringify(value);
    default:
  }
  if (value instanceof Uint8Array) return JSON.stringify(hex(value));
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (value instanceof Map) return map(value);
  return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${json(item)}`).join(',')}}`;
}

/** A map by its keys, where they have names; otherwise a list of its entries. */
function map(entries) {
  const keys = [...entries.keys()];
  const named = keys.every(key => plain(key) && typeof key !== 'boolean' && !(typeof key === 'number' && !Number.isInteger(key)));
  if (named) return `{${Array.from(entries, ([key, item]) => `${JSON.stringify(String(key))}:${json(item)}`).join(',')}}`;
  return `[${Array.from(entries, ([key, item]) => `{"key":${json(key)},"value":${json(item)}}`).join(',')}]`;
}
