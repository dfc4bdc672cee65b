// A module as the page calls it: a thread for each instance, with a deadline for each call.

const LOADING = 20000;
const DEADLINE = 2000;

/** A call that a module refused or failed at; `refused` is its error, where it gave one. */
export class CallError extends Error {
  constructor(text, refused) {
    super(text);
    this.refused = refused;
  }
}

export class Sandbox {
  /** Loads a module from where its JavaScript begins. */
  static async load(entry) {
    const sandbox = new Sandbox();
    try {
      await sandbox.call('load', entry, LOADING);
    } catch (error) {
      sandbox.end();
      throw error;
    }
    return sandbox;
  }

  constructor() {
    this.waiting = new Map();
    this.next = 0;
    this.worker = new Worker('/worker.js', { type: 'module' });
    this.worker.addEventListener('message', ({ data: { id, value, error } }) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (error) waiting?.reject(new CallError(error.text, error.refused));
      else waiting?.resolve(value);
    });
    this.worker.addEventListener('error', event => this.fail(event.message || 'the module broke down'));
  }

  get ended() {
    return this.worker === null;
  }

  open(context) {
    return this.call('open', context, DEADLINE);
  }

  apply(batch) {
    return this.call('apply', batch, DEADLINE);
  }

  call(call, value, deadline) {
    if (this.ended) return Promise.reject(new CallError('the module broke down before'));
    return new Promise((resolve, reject) => {
      const id = (this.next += 1);
      const timer = setTimeout(() => this.fail(`the module took more than ${deadline / 1000} s`), deadline);
      const over = end => result => {
        clearTimeout(timer);
        end(result);
      };
      this.waiting.set(id, { resolve: over(resolve), reject: over(reject) });
      this.worker.postMessage({ id, call, value });
    });
  }

  fail(reason) {
    this.end();
    for (const { reject } of this.waiting.values()) reject(new CallError(reason));
    this.waiting.clear();
  }

  end() {
    this.worker?.terminate();
    this.worker = null;
  }
}
