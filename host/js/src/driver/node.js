// TCP in Node, and in Deno and Bun, which have Node's.

import { Socket } from 'node:net';

/** `HOST:PORT`, `[::1]:PORT`. */
export function parse(address) {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const port = parts ? Number(parts[3]) : 0;
  if (port < 1 || port > 65535) throw new Error(`${address} is not HOST:PORT`);
  return { hostname: parts[1] ?? parts[2], port };
}

/** Whether an address that was connected to is of this machine. */
export function isLoopback(address) {
  return address === '::1' || /^(::ffff:)?127\./i.test(address);
}

/** Connections over TCP. */
export const tcp = {
  connect(address, { open, bytes, lost }) {
    const { hostname, port } = parse(address);
    const socket = new Socket();
    socket.setNoDelay(true);
    socket.on('connect', () => open({ exposed: !isLoopback(socket.remoteAddress ?? '') }));
    socket.on('data', bytes);
    socket.on('error', error => lost(error.message || error.code || 'it broke'));
    socket.on('close', () => lost('the server closed the connection'));
    socket.connect({ host: hostname, port });
    return {
      send(pieces) {
        if (pieces.length === 1) return void socket.write(pieces[0]);
        socket.cork();
        for (const piece of pieces) socket.write(piece);
        socket.uncork();
      },
      close() {
        socket.removeAllListeners();
        socket.on('error', () => {});
        socket.destroy();
      },
    };
  },
};
