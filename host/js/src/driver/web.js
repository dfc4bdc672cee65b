// Connections over WebSockets, one each, to a gateway that carries their bytes to a server (`thalweg serve --http`).

/** How many bytes may wait in a WebSocket before more are held back; browsers close one whose buffer is full. */
const HELD = 8 << 20;
/** The longest message to the gateway, in bytes. */
const MESSAGE = 1 << 20;

/** The name of the server that the gateway belongs to, where no other is named. */
export const OWN = 'gateway:1';

/** Connections through the gateway at this `ws:` or `wss:` address; a server but its own is given as the parameter `to`. */
export function gateway(address) {
  return {
    connect(server, { open, bytes, lost }) {
      const url = new URL(address);
      if (server !== OWN) url.searchParams.set('to', server);
      const socket = new WebSocket(url);
      socket.binaryType = 'arraybuffer';
      const waiting = [];
      let timer;
      const push = () => {
        timer = undefined;
        while (waiting.length > 0 && socket.readyState === 1 && socket.bufferedAmount < HELD) socket.send(waiting.shift());
        if (waiting.length > 0 && socket.readyState === 1) timer = setTimeout(push, 5);
      };
      // What a page loads from its own machine does not leave it.
      const exposed = url.protocol !== 'wss:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
      socket.onopen = () => open({ exposed });
      socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) bytes(new Uint8Array(data));
        else lost('the gateway sent a text');
      };
      socket.onclose = ({ reason, code }) => lost(reason || `the gateway closed the connection (${code})`);
      socket.onerror = () => {};
      return {
        send(pieces) {
          const whole = join(pieces);
          for (let at = 0; at < whole.length; at += MESSAGE) waiting.push(whole.subarray(at, at + MESSAGE));
          if (timer === undefined) push();
        },
        close() {
          clearTimeout(timer);
          socket.onopen = socket.onmessage = socket.onclose = null;
          socket.close();
        },
      };
    },
  };
}

function join(pieces) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
