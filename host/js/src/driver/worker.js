// Connections of a worker of workerd, over `cloudflare:sockets`.

import { connect as dial } from 'cloudflare:sockets';

/** Connections over TCP. */
export const tcp = {
  connect(address, { open, bytes, lost }) {
    const socket = dial(address, { allowHalfOpen: false });
    const writer = socket.writable.getWriter();
    const failed = error => lost(String(error?.message ?? error));
    socket.opened.then(open, failed);
    socket.closed.then(() => lost('the server closed the connection'), failed);
    const read = async () => {
      const reader = socket.readable.getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return lost('the server closed the connection');
        bytes(value);
      }
    };
    read().catch(failed);
    return {
      send(pieces) {
        for (const piece of pieces) writer.write(piece).catch(failed);
      },
      close() {
        socket.close().catch(() => {});
      },
    };
  },
};
