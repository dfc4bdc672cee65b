// The package in Node, Deno and Bun: over TCP.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { instantiate } from '../generated/engine.js';
import { tcp } from './driver/node.js';
import { ModuleError } from './errors.js';
import { isStock, made, nameOf, transpile } from './modules/transpile.js';
import { asBytes } from './columns/values.js';
import { session } from './session.js';

export * from './exports.js';

const generated = name => new URL(`../generated/${name}`, import.meta.url);
const compiled = new Map();

/** A core module of the package, compiled once. */
function core(name) {
  let module = compiled.get(name);
  if (!module) {
    module = readFile(generated(name)).then(bytes => WebAssembly.compile(bytes));
    compiled.set(name, module);
  }
  return module;
}

/** Imports a script by way of a file, as that is what all of them can. */
async function load(script) {
  const folder = await mkdtemp(join(tmpdir(), 'thalweg-'));
  try {
    const file = join(folder, 'module.mjs');
    await writeFile(file, script);
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function module(source) {
  const bytes = asBytes(source);
  if (!bytes && typeof source !== 'string' && !(source instanceof URL)) {
    throw new TypeError('a module is the name of a stock module, a path or URL of a .wasm file, its bytes, or { instantiate, core }');
  }
  if (typeof source === 'string' && isStock(source)) return stock(source);
  const name = bytes ? 'module' : nameOf(String(source));
  const component = bytes ?? await read(source);
  return { name, made: await made(await transpile(await core('transpiler.wasm'), component, name), load) };
}

async function read(source) {
  try {
    return await readFile(source);
  } catch (cause) {
    throw new ModuleError(`module ${String(source)} cannot be read: ${cause.message}`, { code: 'module', cause });
  }
}

async function stock(name) {
  let script;
  try {
    script = await import(generated(`modules/${name}/${name}.js`).href);
  } catch (cause) {
    throw new ModuleError(`there is no stock module ${name}; a file is named with its ending, as ${name}.wasm`, { code: 'module', cause });
  }
  return { name, made: { instantiate: script.instantiate, core: file => core(`modules/${name}/${file}`) } };
}

/** Starts a session with the cluster that these servers (`HOST:PORT`) belong to. */
export function connect(addresses, options) {
  return session({ transport: tcp, module, instantiate: imports => instantiate(core, imports) }, addresses, options);
}
