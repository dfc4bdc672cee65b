// The package in browsers: over WebSockets, through the gateway of `thalweg serve --http`.

import { instantiate } from '../generated/engine.js';
import { OWN, gateway } from './driver/web.js';
import { ModuleError } from './errors.js';
import { isStock, made, nameOf, transpile } from './modules/transpile.js';
import { asBytes } from './columns/values.js';
import { session } from './session.js';

export * from './exports.js';

const generated = name => new URL(`../generated/${name}`, import.meta.url);
const compiled = new Map();

async function get(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new ModuleError(`${url} cannot be had: ${answer.status} ${answer.statusText}`, { code: 'module' });
  return answer;
}

/** A core module of the package, compiled once. */
function core(name) {
  let module = compiled.get(name);
  if (!module) {
    module = get(generated(name)).then(answer => answer.arrayBuffer()).then(bytes => WebAssembly.compile(bytes));
    module.catch(() => compiled.delete(name));
    compiled.set(name, module);
  }
  return module;
}

async function load(script) {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function module(source) {
  const bytes = asBytes(source);
  if (!bytes && typeof source !== 'string' && !(source instanceof URL)) {
    throw new TypeError('a module is the name of a stock module, the URL of a .wasm file, its bytes, or { instantiate, core }');
  }
  if (typeof source === 'string' && isStock(source)) {
    const script = await import(generated(`modules/${source}/${source}.js`).href);
    return { name: source, made: { instantiate: script.instantiate, core: file => core(`modules/${source}/${file}`) } };
  }
  const name = bytes ? 'module' : nameOf(String(source));
  const component = bytes ?? new Uint8Array(await (await get(source)).arrayBuffer());
  return { name, made: await made(await transpile(await core('transpiler.wasm'), component, name), load) };
}

/**
 * Starts a session through the gateway at this address, as `ws://127.0.0.1:8123/gateway`, with the server that it belongs to,
 * or with `servers` (`HOST:PORT`) that it lets through. `options.core(name)` gives the engine's core modules, where they are not
 * beside this file.
 */
export function connect(address, options = {}) {
  const cores = options.core ?? core;
  const host = { transport: gateway(address), module, instantiate: imports => instantiate(cores, imports) };
  return session(host, options.servers ?? OWN, options);
}
