// The single-component example on Node 24, through jco: the component as JavaScript, WASI 0.3 by its shim.
//
//   npm install @bytecodealliance/jco@1.35.0 @bytecodealliance/preview2-shim@0.26.1 @bytecodealliance/preview3-shim@0.7.0
//   npx jco transpile ../../../target/wasm32-wasip2/release/thalweg_example_single.wasm -o gen --name single --async-mode jspi \
//     -M 'wasi:sockets/*@0.3.2=@bytecodealliance/preview3-shim/sockets#*' \
//     -M 'wasi:clocks/*@0.3.2=@bytecodealliance/preview3-shim/clocks#*' \
//     -M 'wasi:random/*@0.3.2=@bytecodealliance/preview3-shim/random#*'
//   node run.mjs 127.0.0.1:9123
//
// The three -M are needed: without them jco takes the shims of WASI 0.2. It works, and is slow: the wasmtime CLI is an order
// of magnitude faster. A program for Node embeds engine.wasm instead (the package `thalweg`).
import { run } from './gen/single.js';

try {
  await run.run();
} catch (error) {
  console.error(error);
  process.exit(1);
}
process.exit(0);
