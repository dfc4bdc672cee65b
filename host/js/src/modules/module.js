// Modules: components made into JavaScript, and the instances that treat rows.

import { ModuleError } from '../errors.js';

const LOG = 'thalweg:module/log';

/** What a policy is called in options, as the chain rules have it. */
function policy(given, place) {
  if (given === undefined) return { tag: 'fail' };
  if (given === 'fail' || given === 'drop' || given === 'pass') return { tag: given };
  if (typeof given === 'object' && given !== null && typeof given.deadLetter === 'string') {
    return { tag: 'dead-letter', val: given.deadLetter };
  }
  throw new TypeError(`${place} is 'fail', 'drop', 'pass' or { deadLetter: 'TABLE' }`);
}

/** A module with its configuration and its policies. */
export class Module {
  #made;

  constructor(made, name, config, { onError, onFailure, log } = {}) {
    this.#made = made;
    /** What it is called in errors. */
    this.name = name;
    /** Its configuration. */
    this.config = config;
    this.onError = policy(onError, 'onError');
    this.onFailure = policy(onFailure, 'onFailure');
    /** Called with each message of the module's: `(level, text)`. */
    this.log = log;
  }

  /** What it does, and its parameters as a JSON Schema. */
  async describe() {
    const instance = await this.instance();
    try {
      const { summary, parameters } = instance.describe();
      return { summary, parameters: JSON.parse(parameters) };
    } catch (cause) {
      throw new ModuleError(`module ${this.name} does not describe itself: ${cause?.message ?? cause}`, { code: 'module', cause });
    }
  }

  /** The configuration as the module takes it. */
  get configText() { return typeof this.config === 'string' ? this.config : JSON.stringify(this.config ?? {}); }

  /** Fresh and not opened. Not for programs. */
  async instance() {
    const write = (level, message) => {
      try {
        this.log?.(level, message.slice(0, 8192));
      } catch { /* what a program does with messages is no matter of the module's */ }
    };
    let exports;
    try {
      exports = await this.#made.instantiate(this.#made.core, { [LOG]: { write } });
    } catch (cause) {
      throw new ModuleError(`module ${this.name} cannot be started: ${cause?.message ?? cause}`, { code: 'module', cause });
    }
    const { transform } = exports;
    if (typeof transform?.apply !== 'function') {
      throw new ModuleError(`${this.name} is no module: it does not export thalweg:module/transform`, { code: 'module' });
    }
    return transform;
  }
}

/** Whether this was made of a component before: `{ instantiate, core }`. */
const isMade = source => source !== null && typeof source === 'object' && typeof source.instantiate === 'function';

/** Opens what a program calls a module. */
export async function openModule(host, source, config, options) {
  if (isMade(source)) {
    if (typeof source.core !== 'function') {
      throw new TypeError('a module made into JavaScript comes with core, which gives its core modules by name');
    }
    return new Module(source, options.name ?? 'module', config, options);
  }
  const { made, name } = await host.module(source);
  return new Module(made, options.name ?? name, config, options);
}

/** What a module throws: its refusal, or what else became of the call. */
export function reply(call) {
  try {
    return { tag: 'answered', val: call() };
  } catch (error) {
    if (error instanceof Error && 'payload' in error) return { tag: 'refused', val: error.payload };
    return { tag: 'failed', val: String(error?.message ?? error).slice(0, 1000) };
  }
}

/** What a refusal of a module's says. */
export function refusal(code) {
  switch (code?.tag) {
    case 'invalid-config': return `the setting ${code.val[0]}: ${code.val[1]}`;
    default: return String(code?.val ?? code);
  }
}
