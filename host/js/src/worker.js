// The package in workers of workerd (Cloudflare Workers): over `cloudflare:sockets`. Code is not compiled there but imported,
// so that modules are given as `{ instantiate, core }`.

import { instantiate } from '../generated/engine.js';
import { cores } from '../generated/worker.js';
import { tcp } from './driver/worker.js';
import { UnsupportedError } from './errors.js';
import { session } from './session.js';

export * from './exports.js';

async function module() {
  const text = 'a worker compiles no code: import the module made into JavaScript and its core modules, and give { instantiate, core }';
  throw new UnsupportedError(text, { code: 'unsupported' });
}

/** Starts a session with the cluster that these servers (`HOST:PORT`) belong to. Sessions live as long as one request. */
export function connect(addresses, options) {
  return session({ transport: tcp, module, instantiate: imports => instantiate(name => cores[name], imports) }, addresses, options);
}
