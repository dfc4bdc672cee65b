// The types of the package in browsers.

import type { Client, ConnectOptions } from './types.js';

export * from './types.js';

export interface WebOptions extends ConnectOptions {
  /** Servers (`HOST:PORT`) that the gateway lets through. Default: the one that it belongs to. */
  servers?: string | string[];
  /** Gives the engine's core modules by name, where they are not beside the package. */
  core?(name: string): WebAssembly.Module | Promise<WebAssembly.Module>;
}

/** Starts a session through the gateway at this `ws:` or `wss:` address. */
export function connect(address: string | URL, options?: WebOptions): Promise<Client>;
