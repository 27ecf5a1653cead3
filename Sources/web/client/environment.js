// What the client needs of its surroundings, in one place, so that tests bring their own.

/**
 * Time, chance and the page's events as a browser has them. Works without a page too, in Node or a worker.
 *
 * @param scope The global object; another one in tests.
 */
export function browserEnvironment(scope = globalThis) {
  return {
    // Not performance.now(), which stops in some browsers while a laptop sleeps.
    now: () => Date.now(),
    setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimeout: (timer) => clearTimeout(timer),
    randomBytes: (count) => scope.crypto.getRandomValues(new Uint8Array(count)),
    onWake: (listener) => listenForWake(scope, listener),
  };
}

/** @returns a function that ends it. */
function listenForWake(scope, listener) {
  const page = scope.document;
  const online = () => listener('online');
  const visible = () => {
    if (page.visibilityState === 'visible') listener('visible');
  };
  scope.addEventListener?.('online', online);
  page?.addEventListener('visibilitychange', visible);
  return () => {
    scope.removeEventListener?.('online', online);
    page?.removeEventListener('visibilitychange', visible);
  };
}

/** A random number in 0..<1. */
export function chance(environment) {
  const [a, b, c, d] = environment.randomBytes(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
}

/** A random UUID (version 4, RFC 9562 section 5.4). `crypto.randomUUID` is missing on pages without TLS. */
export function randomUUID(environment) {
  const bytes = Uint8Array.from(environment.randomBytes(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [0, 8, 12, 16, 20].map((start, index, all) => digits.slice(start, all[index + 1])).join('-');
}
