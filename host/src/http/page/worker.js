// A module in a thread of its own: loaded from its JavaScript, opened, called. The page ends the thread when a call takes too long.

let transform;

/** What a thrown value says: the payload of a `result`, or why there is none. */
function problem(error) {
  const payload = error?.payload;
  if (payload?.tag) {
    const text = Array.isArray(payload.val) ? payload.val.join(': ') : String(payload.val);
    return { refused: payload, text };
  }
  return { text: String(error?.message ?? error) };
}

const log = { write() {} };

async function load(entry) {
  const { instantiate } = await import(entry);
  const core = async name => WebAssembly.compileStreaming(fetch(new URL(name, new URL(entry, location.href))));
  const exports = await instantiate(core, { 'thalweg:module/log': log, 'thalweg:module/log@1.0.0': log });
  transform = exports.transform ?? exports['thalweg:module/transform@1.0.0'] ?? exports['thalweg:module/transform'];
  if (!transform) throw new Error('it is no module: it does not export thalweg:module/transform');
}

const calls = {
  load,
  describe: () => transform.describe(),
  open: context => transform.open(context),
  apply: batch => transform.apply(batch),
};

addEventListener('message', async ({ data: { id, call, value } }) => {
  try {
    postMessage({ id, value: await calls[call](value) });
  } catch (error) {
    postMessage({ id, error: problem(error) });
  }
});
