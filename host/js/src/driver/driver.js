// The driver of the engine: one turn of the event loop is one `submit` and one `step`. It carries out what the engine asks
// for: connections, bytes and time. Work on bytes is done inside the component.

import { EngineError, InsecureError, closed, fromEngine, refused } from '../errors.js';

/** The longest wait that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Microseconds since 1970, which never fall. */
function clock() {
  const base = BigInt(Math.round(performance.timeOrigin * 1000));
  return () => base + BigInt(Math.round(performance.now() * 1000));
}

function random() {
  const seed = new BigUint64Array(1);
  globalThis.crypto.getRandomValues(seed);
  return seed[0];
}

export class Driver {
  #engine;
  #transport;
  #now = clock();
  #queued = [];
  /** Writes that there was no room for, in their order; they go first when there is. */
  #waiting = [];
  #inputs = [];
  #scheduled = false;
  #running = false;
  #tasks = new Map();
  #connections = new Map();
  #timer;
  #failed;
  #closing;
  /** Whether a password must not go over connections that others could read along. */
  #guarded;

  /** `contract` is the export `engine` of the component; `transport.connect(address, events)` makes connections. */
  constructor(contract, transport, settings, login) {
    this.#transport = transport;
    const options = { work: 'inside', rows: 'columns' };
    this.#engine = refused(() => contract.Engine.open(this.#now(), settings, options, random()));
    if (login) refused(() => this.#engine.logIn(login.user, login.password));
    this.#guarded = login !== undefined && login.insecure !== true;
  }

  /** Throws where nothing can be asked of it any more. */
  check() {
    if (this.#failed) throw this.#failed;
    if (this.#closing) throw closed();
  }

  /** Hands a command over with the others of this turn; `task` is told what comes of it. */
  submit(command, task) {
    this.check();
    const entry = { command, task, ticket: undefined, cancelled: false };
    this.#queued.push(entry);
    this.#schedule();
    return entry;
  }

  /** Gives a command up: of a write what is not on its way yet. */
  withdraw(entry) {
    entry.cancelled = true;
    if (entry.ticket !== undefined) this.cancel(entry.ticket);
  }

  /** Calls a function of the engine that gives a ticket; `task` is told what comes of it. */
  begin(call, task) {
    this.check();
    this.#hand();
    const ticket = this.#guard(() => refused(() => call(this.#engine, this.#now())));
    this.#tasks.set(ticket, task);
    this.#schedule();
    return ticket;
  }

  /** Gives a scan, a request or a lookup up. */
  cancel(ticket) {
    if (this.#failed || !this.#tasks.delete(ticket)) return;
    this.#guard(() => this.#engine.cancel(this.#now(), ticket));
    this.#schedule();
  }

  /** Lets a scan give so many more bytes. */
  demand(ticket, bytes) { this.#input({ tag: 'demand', val: [ticket, bytes] }); }

  /** Resolves when all that was written before has a fate. */
  flush() {
    return new Promise((resolve, reject) => {
      this.begin((engine, now) => engine.flush(now), { flushed: resolve, failed: reject });
    });
  }

  /** What the engine counted. */
  statistics() {
    if (this.#failed) throw this.#failed;
    return this.#guard(() => this.#engine.statistics());
  }

  /** Takes nothing more, and resolves when everything has a fate, at most after so many milliseconds. */
  close(milliseconds) {
    if (this.#failed) return Promise.resolve();
    if (!this.#closing) {
      this.#hand();
      this.#refuseWaiting();
      this.#closing = new Promise(resolve => { this.resolveClosed = resolve; });
      const now = this.#now();
      this.#guard(() => this.#engine.close(now, now + BigInt(Math.round(milliseconds * 1000))));
      this.#schedule();
    }
    return this.#closing;
  }

  #schedule() {
    if (this.#scheduled || this.#failed) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #input(input) {
    if (this.#failed) return;
    this.#inputs.push(input);
    this.#schedule();
  }

  #turn() {
    if (this.#failed || this.#running) return;
    this.#running = true;
    try {
      this.#hand();
      const inputs = this.#inputs;
      this.#inputs = [];
      const actions = this.#guard(() => this.#engine.step(this.#now(), inputs));
      for (const action of actions) this.#carryOut(action);
    } catch (error) {
      if (error !== this.#failed) this.#end(error);
    } finally {
      this.#running = false;
    }
    if (this.#queued.length > 0 || this.#inputs.length > 0) this.#schedule();
  }

  /** Calls the engine; a trap ends the driver. */
  #guard(call) {
    try {
      return call();
    } catch (error) {
      if (error?.code !== undefined && 'retriable' in error) throw error;
      this.#end(error);
      throw this.#failed;
    }
  }

  /** Hands the commands of this turn to the engine. */
  #hand() {
    if (this.#queued.length === 0 || this.#failed) return;
    const all = this.#queued;
    this.#queued = [];
    const entries = [];
    for (const entry of all) {
      if (entry.cancelled) continue;
      // Behind a write that waits for room every later one waits too.
      if (this.#waiting.length > 0 && isWrite(entry.command)) this.#waiting.push(entry);
      else entries.push(entry);
    }
    if (entries.length > 0) this.#submit(entries);
  }

  #submit(entries) {
    const results = this.#guard(() => this.#engine.submit(this.#now(), entries.map(entry => entry.command)));
    results.forEach((result, at) => {
      const entry = entries[at];
      if (result.tag === 'ok') {
        entry.ticket = result.val;
        entry.command = undefined;
        this.#tasks.set(result.val, entry.task);
      } else if (result.val.code.tag === 'full') {
        this.#waiting.push(entry);
      } else {
        entry.task.failed(fromEngine(result.val));
      }
    });
  }

  /** There is room again. */
  #writable() {
    const entries = this.#waiting.filter(entry => !entry.cancelled);
    this.#waiting = [];
    if (entries.length === 0) return;
    this.#submit(entries);
    this.#schedule();
  }

  #refuseWaiting() {
    const entries = this.#waiting;
    this.#waiting = [];
    for (const entry of entries) entry.task.failed(closed());
  }

  #carryOut({ tag, val }) {
    switch (tag) {
      case 'connect': return this.#connect(val[0], val[1]);
      case 'send': return this.#send(val[0], val[1]);
      case 'close': return this.#close(val);
      case 'wake-at': return this.#wakeAt(val);
      case 'event': return this.#event(val);
      case 'release': return undefined;
      default: throw new Error(`the engine asks for ${tag}, which this driver leaves to it`);
    }
  }

  #connect(number, address) {
    const lost = reason => {
      if (!this.#connections.has(number)) return;
      this.#close(number);
      this.#input({ tag: 'disconnected', val: [number, reason] });
    };
    // The number stands in the map before the transport may say anything of it.
    this.#connections.set(number, undefined);
    try {
      const connection = this.#transport.connect(address, {
        open: ({ exposed }) => {
          if (!this.#connections.has(number)) return;
          if (exposed && this.#guarded) this.#abandon(new InsecureError(address));
          else this.#input({ tag: 'connected', val: number });
        },
        bytes: bytes => this.#connections.has(number) && bytes.length > 0 && this.#input({ tag: 'bytes', val: [number, bytes] }),
        lost,
      });
      if (this.#connections.has(number)) this.#connections.set(number, connection);
      else connection.close();
    } catch (error) {
      lost(String(error?.message ?? error));
    }
  }

  #send(number, pieces) {
    this.#connections.get(number)?.send(pieces.map(piece => piece.val));
  }

  #close(number) {
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    connection?.close();
  }

  #wakeAt(instant) {
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(Math.ceil(Number(instant - this.#now()) / 1000), 0), LONGEST);
    this.#timer = setTimeout(() => {
      // Timers may be early by their own clock, and the engine says a time only once.
      if (this.#now() < instant) this.#wakeAt(instant);
      else this.#schedule();
    }, wait);
    // A session alone does not keep a program running; its connections do.
    if (this.#connections.size === 0 && this.#tasks.size === 0) this.#timer?.unref?.();
  }

  #event({ tag, val }) {
    switch (tag) {
      case 'writable': return this.#writable();
      case 'closed': return this.#closed();
      case 'flushed': return this.#finish(val, task => task.flushed());
      case 'settled': {
        const task = this.#tasks.get(val[0]);
        if (task?.settled(val[1])) this.#tasks.delete(val[0]);
        return undefined;
      }
      case 'rows': return this.#tasks.get(val[0])?.rows(val[1]);
      // Of one lookup: rows come as columns here.
      case 'found': return this.#finish(val[0][0], task => outcome(task, tag, val[1]));
      case 'snapshot': return this.#tasks.get(val[0])?.snapshot(val[1]);
      default: return this.#finish(val[0], task => outcome(task, tag, val[1]));
    }
  }

  #finish(ticket, tell) {
    const task = this.#tasks.get(ticket);
    this.#tasks.delete(ticket);
    if (task) tell(task);
  }

  #closed() {
    this.#release();
    const left = [...this.#tasks.values()];
    this.#tasks.clear();
    this.#failed = closed();
    for (const task of left) task.failed(this.#failed);
    this.resolveClosed?.();
  }

  #release() {
    clearTimeout(this.#timer);
    for (const connection of this.#connections.values()) connection?.close();
    this.#connections.clear();
  }

  /** The engine broke: whoever waits is told so. */
  #end(cause) {
    if (this.#failed) return;
    const text = `the engine broke: ${cause?.message ?? cause}; what was on its way may have been written all the same`;
    this.#abandon(new EngineError(text, { code: 'engine', retriable: false, cause }));
  }

  /** Nothing goes on: whoever waits is told why. */
  #abandon(error) {
    if (this.#failed) return;
    this.#failed = error;
    this.#release();
    const entries = [...this.#queued, ...this.#waiting];
    const tasks = [...this.#tasks.values()];
    this.#queued = [];
    this.#waiting = [];
    this.#inputs = [];
    this.#tasks.clear();
    for (const { task } of entries) task.failed(this.#failed);
    for (const task of tasks) (task.broken ?? task.failed).call(task, this.#failed);
    this.resolveClosed?.();
  }
}

const isWrite = ({ operation: { tag } }) => tag === 'append' || tag === 'upsert' || tag === 'delete';

function outcome(task, tag, result) {
  if (result.tag === 'err') task.failed(fromEngine(result.val));
  else task[tag](result.val);
}

