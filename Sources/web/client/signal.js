// Waiting that an AbortSignal ends. AbortSignal.any and AbortSignal.timeout are missing in browsers of 2022.

/** A controller that is aborted with `signal`, until `unlink` is called. */
export function linkedController(signal) {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  controller.unlink = () => signal?.removeEventListener('abort', abort);
  return controller;
}

/** The promise's outcome, or the signal's reason when that comes first: also when what was asked ignores the signal. */
export function aborting(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    const done = (settle) => (value) => {
      signal.removeEventListener('abort', abort);
      settle(value);
    };
    promise.then(done(resolve), done(reject));
  });
}

/** Waits; rejects with the signal's reason. */
export async function sleep(environment, delayMs, signal) {
  let timer;
  try {
    await aborting(new Promise((resolve) => { timer = environment.setTimeout(resolve, delayMs); }), signal);
  } finally {
    environment.clearTimeout(timer);
  }
}
