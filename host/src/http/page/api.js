// What the page asks of the server that it came from.

const KEY = 'thalweg-token';

/** The token in the address, which then disappears from it, or the one of before. */
function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEY);
}

const shown = token();

/** The address of a connection to a server through the gateway. */
export function gateway(server) {
  const address = new URL('/gateway', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  if (server) address.searchParams.set('to', server);
  if (shown) address.searchParams.set('token', shown);
  return address.href;
}

async function ask(path, options = {}) {
  const headers = shown ? { authorization: `Bearer ${shown}` } : {};
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  throw new Error(error);
}

/** Asks for JSON. */
export const get = async path => (await ask(path)).json();

/** Sends something, and gives the answer's JSON. */
export const send = async (method, path, body) => (await ask(path, { method, body })).json();

/**
 * Reads a stream of events for as long as the page is open, and begins anew when it breaks off. (An EventSource cannot show a
 * token.)
 */
export async function events(path, take, lost) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
    try {
      const reader = (await ask(path)).body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        rest += value;
        const parts = rest.split('\n\n');
        rest = parts.pop();
        for (const part of parts) {
          const data = part.split('\n').filter(line => line.startsWith('data:')).map(line => line.slice(5)).join('\n');
          if (data) {
            wait = 500;
            take(JSON.parse(data));
          }
        }
      }
      lost('the node has stopped');
    } catch (error) {
      lost(error.message);
    }
    await new Promise(done => setTimeout(done, wait));
  }
}
