// Modules made into JavaScript where they are opened, by the transpiler of the package (`generated/transpiler.wasm`).

import { ModuleError } from '../errors.js';

const decoder = new TextDecoder();

/** The longest module that is taken, in bytes. */
const LIMIT = 16 << 20;

/** The files of a component made into JavaScript: the script first. `transpiler` is the compiled transpiler. */
export async function transpile(transpiler, component, name) {
  const refuse = why => new ModuleError(`${name} cannot be made into JavaScript: ${why}`, { code: 'module' });
  if (component.length > LIMIT) throw refuse(`it has ${component.length} bytes; at most ${LIMIT} are taken`);
  // A new instance each time: what a hostile component breaks ends with it.
  const { exports } = await WebAssembly.instantiate(transpiler, {});
  let done;
  try {
    const place = exports.input(component.length);
    new Uint8Array(exports.memory.buffer, place, component.length).set(component);
    done = exports.transpile_input();
  } catch (error) {
    throw refuse(`it is not a component that can be read (${error?.message ?? error})`);
  }
  const output = new Uint8Array(exports.memory.buffer, exports.output(), exports.output_length()).slice();
  if (done !== 1) throw refuse(decoder.decode(output));
  return files(output);
}

function files(output) {
  const view = new DataView(output.buffer);
  const parts = [];
  for (let at = 0; at + 4 <= output.length;) {
    const length = view.getUint32(at, true);
    parts.push(output.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const found = [];
  for (let at = 0; at + 1 < parts.length; at += 2) found.push({ name: decoder.decode(parts[at]), bytes: parts[at + 1] });
  return found;
}

/** What instantiates these files; `load` imports the script. */
export async function made([script, ...cores], load) {
  const { instantiate } = await load(decoder.decode(script.bytes));
  const compiled = new Map(cores.map(({ name, bytes }) => [name, WebAssembly.compile(bytes)]));
  await Promise.all(compiled.values());
  return { instantiate, core: name => compiled.get(name) };
}

/** The name of a module that comes from this path or address. */
export const nameOf = source => source.split(/[\\/]/).pop().replace(/\.wasm$/, '') || 'module';

/** The names of stock modules have no dots and no slashes. */
export const isStock = source => /^[a-z][a-z0-9-]*$/.test(source);
