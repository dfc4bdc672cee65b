// How a session begins, whatever the host: an instance of the engine component, and a client around it.

import { Client } from './client/client.js';
import { UnsupportedError } from './errors.js';

const IMPORTS = {
  'thalweg:client/buffers': {
    read() {
      throw new Error('the driver hands over all bytes, so that the engine reads none');
    },
  },
};

/** Starts a session. `host` has `instantiate(imports)`, `transport`, `module(source)`. */
export async function session(host, addresses, options = {}) {
  const bootstrap = [addresses].flat();
  if (bootstrap.length === 0 || bootstrap.some(address => typeof address !== 'string')) {
    throw new TypeError("connect takes HOST:PORT, or a list of them, as '127.0.0.1:9123'");
  }
  options.signal?.throwIfAborted();
  const component = await host.instantiate(IMPORTS);
  const client = new Client(component, { ...host, arrow: () => arrow(options.arrow) }, bootstrap, options);
  try {
    // The first question to a server: whether one can be reached, and speaks the protocol.
    await client.databases({ signal: options.signal });
  } catch (error) {
    await client.close({ timeout: 0 });
    throw error;
  }
  return client;
}

async function arrow(given) {
  if (given) return given;
  try {
    return await import('apache-arrow');
  } catch (cause) {
    throw new UnsupportedError('Arrow tables need the package apache-arrow; install it, or give it to connect as { arrow }', {
      code: 'unsupported', cause,
    });
  }
}
