// Settings of a session: as the engine has them, with times in milliseconds.

const TIMES = new Set([
  'connectTimeout', 'requestTimeout', 'backoff', 'backoffLimit', 'metadataAge', 'commandTimeout', 'linger', 'deliveryTimeout',
  'maxWait', 'partitionInterval',
]);

const GROUPS = ['connection', 'write', 'scan', 'lookup'];

/** The defaults, with what these options say otherwise: `{ write: { linger: 5 }, .. }`. */
export function settings(defaults, options = {}) {
  const made = { ...defaults };
  for (const group of GROUPS) {
    if (options[group] === undefined) continue;
    made[group] = { ...defaults[group] };
    for (const [name, value] of Object.entries(options[group])) {
      if (!(name in defaults[group]) || name === 'bootstrap') {
        const names = Object.keys(defaults[group]).filter(known => known !== 'bootstrap');
        throw new TypeError(`there is no setting ${group}.${name}; there are ${names.join(', ')}`);
      }
      made[group][name] = converted(`${group}.${name}`, name, value, defaults[group][name]);
    }
  }
  return made;
}

function converted(place, name, value, like) {
  if (typeof value === 'string' && typeof like === 'string') return value;
  if (typeof like === 'boolean' && typeof value === 'boolean') return value;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof like === 'string' || typeof like === 'boolean' || !Number.isFinite(number) || number < 0) {
    throw new TypeError(`the setting ${place} is ${typeof like === 'bigint' ? 'a number' : `a ${typeof like}`}, not ${String(value)}`);
  }
  if (TIMES.has(name)) return BigInt(Math.round(number * 1000));
  if (typeof like === 'bigint') return BigInt(Math.round(number));
  if (!Number.isInteger(number) || number > 0xffffffff) throw new TypeError(`the setting ${place} is a whole number below 2^32`);
  return number;
}

/** Who logs in: `{ user, password, insecure }`. */
export function login(given) {
  if (given === undefined) return undefined;
  const { user, password, insecure = false } = given;
  if (typeof user !== 'string' || typeof password !== 'string' || typeof insecure !== 'boolean') {
    throw new TypeError('login takes { user, password }, both texts, and perhaps insecure, true or false');
  }
  return { user, password, insecure };
}
