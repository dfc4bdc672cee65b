// The types of the package in Node, Deno and Bun.

import type { Client, ConnectOptions } from './types.js';

export * from './types.js';

/** Starts a session with the cluster that these servers (`HOST:PORT`) belong to. */
export function connect(addresses: string | string[], options?: ConnectOptions): Promise<Client>;
