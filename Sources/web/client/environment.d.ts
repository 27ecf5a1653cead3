/** What the client needs of its surroundings. A test brings its own, and then needs no real time. */
export interface Environment {
  /** Milliseconds since 1970, as `Date.now`. Must go on while the machine sleeps. */
  now(): number;
  /** Calls back once, after at least this many milliseconds. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Random bytes, for request ids and jitter. */
  randomBytes(count: number): Uint8Array;
  /**
   * Calls the listener when a waiting client should try again at once: the network is back (`online`), or the page is
   * seen again (`visible`).
   *
   * @returns a function that ends it.
   */
  onWake(listener: (cause: 'online' | 'visible') => void): () => void;
}

/** Time, chance and the page's events as a browser has them. */
export declare function browserEnvironment(scope?: typeof globalThis): Environment;
