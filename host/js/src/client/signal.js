// Abort signals: a call that is given up rejects with the reason of the signal.

/** A promise that rejects when the signal aborts; `give` is then called to give the work up. */
export function abortable(signal, start, give) {
  if (!signal) return new Promise((resolve, reject) => start(resolve, reject));
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      give();
      reject(signal.reason);
    };
    const ended = call => value => {
      signal.removeEventListener('abort', abort);
      call(value);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      start(ended(resolve), ended(reject));
    } catch (error) {
      ended(reject)(error);
    }
  });
}
