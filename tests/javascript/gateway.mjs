// A gateway for a test, in Deno: each WebSocket is a connection to the server that its address names, `gateway.mjs SERVER`. It
// cuts messages anywhere, as networks do.

const own = Deno.args[0];

function carry(socket, server) {
  const connection = Deno.connect({ hostname: server.split(':')[0], port: Number(server.split(':')[1]) });
  socket.binaryType = 'arraybuffer';
  let writing = connection;
  socket.onmessage = ({ data }) => {
    writing = writing.then(async to => {
      for (let at = 0, bytes = new Uint8Array(data); at < bytes.length;) at += await to.write(bytes.subarray(at));
      return to;
    });
    writing.catch(() => socket.close());
  };
  socket.onclose = () => connection.then(to => to.close()).catch(() => {});
  const read = async () => {
    const from = await connection;
    const buffer = new Uint8Array(3001);
    for (let length; (length = await from.read(buffer)) !== null;) socket.send(buffer.slice(0, length));
    socket.close();
  };
  socket.onopen = () => read().catch(error => socket.readyState === 1 && socket.close(4000, String(error.message).slice(0, 100)));
}

Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => console.log(port) }, request => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  carry(socket, new URL(request.url).searchParams.get('to') ?? own);
  return response;
});
