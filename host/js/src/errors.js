// Errors: each says in one sentence what failed, its `code`, and whether trying again may help (`retriable`).

/** What every error of this package is. */
export class ThalwegError extends Error {
  /** @param {string} message @param {{ code: string, retriable?: boolean, cause?: unknown }} options */
  constructor(message, { code, retriable = false, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    /** One word for programs: the case of the engine's error code, or of this package's own. */
    this.code = code;
    /** Whether the same call may succeed later. */
    this.retriable = retriable;
  }
}

/** The call does not fit: what, where, and what would. */
export class InvalidError extends ThalwegError {}
/** The engine or the server does not have it. */
export class UnsupportedError extends ThalwegError {}
/** The client is closed, or closing. */
export class ClosedError extends ThalwegError {}
/** No server could be reached. */
export class UnavailableError extends ThalwegError {}
/** No answer before the deadline. */
export class TimeoutError extends ThalwegError {}
/** The server refused: `serverCode` is its number, `serverName` its name, as `TABLE_NOT_EXIST`. */
export class ServerError extends ThalwegError {}
/** Bytes from a server are not what they should be. */
export class CorruptError extends ThalwegError {}
/** A module refused its place, its configuration or rows, or failed. */
export class ModuleError extends ThalwegError {}
/** The engine itself broke. What was on its way may have been written all the same. */
export class EngineError extends ThalwegError {}

/** The session has a login, and others could read the password on the connection to a server: nothing was sent there. */
export class InsecureError extends ThalwegError {
  constructor(address) {
    super(`the password would go to ${address} in clear text; allow it with \`insecure: true\` in \`login\``, { code: 'insecure' });
  }
}

const CLASSES = {
  invalid: InvalidError,
  unsupported: UnsupportedError,
  closed: ClosedError,
  cancelled: ThalwegError,
  unavailable: UnavailableError,
  'timed-out': TimeoutError,
  server: ServerError,
  corrupt: CorruptError,
  full: UnavailableError,
  other: ThalwegError,
};

function text({ tag, val }) {
  switch (tag) {
    case 'full': return `the write buffer has no room: ${val} bytes must become free`;
    case 'closed': return 'the client is closed';
    case 'cancelled': return 'it was cancelled';
    case 'unavailable': return `no server could be reached: ${val}`;
    case 'timed-out': return `no answer in time: ${val}`;
    case 'server': return val.message ? `${val.name}: ${val.message}` : `${val.name} (${val.code})`;
    default: return String(val);
  }
}

/** An error of the engine's (`catalog.error`) as one of these classes. */
export function fromEngine(error) {
  const { code, retriable } = error;
  const made = new (CLASSES[code.tag] ?? ThalwegError)(text(code), { code: code.tag, retriable });
  if (code.tag === 'server') {
    made.serverCode = code.val.code;
    made.serverName = code.val.name;
  }
  return made;
}

/** Whether this is how a component says `err`, and not a trap. */
export const isRefusal = error => error instanceof Error && 'payload' in error;

/** Calls the engine; what it refuses is thrown as one of these classes, a trap as it is. */
export function refused(call) {
  try {
    return call();
  } catch (error) {
    throw isRefusal(error) && error.payload?.code ? fromEngine(error.payload) : error;
  }
}

export const closed = () => new ClosedError('the client is closed', { code: 'closed' });
export const invalid = message => new InvalidError(message, { code: 'invalid' });
