// The surroundings of a client under test: time that passes when a test says so, chance without surprises, and the
// page's events by hand.

export class VirtualTime {
  #now = Date.UTC(2026, 10, 30, 12);
  #timers = new Map();
  #lastTimer = 0;
  #awaited = [];
  #listeners = new Set();
  #drawn = 0;

  // The client's Environment.

  now = () => this.#now;

  setTimeout = (callback, delayMs) => {
    this.#lastTimer += 1;
    this.#timers.set(this.#lastTimer, { at: this.#now + delayMs, delayMs, callback });
    this.#awaited = this.#awaited.filter(({ delayMs: wanted, resolve }) => {
      if (wanted !== delayMs) return true;
      resolve();
      return false;
    });
    return this.#lastTimer;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  /** Jitter from the first four bytes is in the middle of its range; the last ones make ids differ. */
  randomBytes = (count) => {
    const bytes = new Uint8Array(count);
    bytes[0] = 0x80;
    if (count > 4) new DataView(bytes.buffer).setUint32(count - 4, (this.#drawn += 1));
    return bytes;
  };

  onWake = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  // For the test.

  /** Whether anybody still waits for time or for the page's events: what ended must not. */
  get isIdle() {
    return this.#timers.size === 0 && this.#listeners.size === 0;
  }

  /** Resolves once a timer of exactly this delay is set. */
  waitingFor(delayMs) {
    if ([...this.#timers.values()].some((timer) => timer.delayMs === delayMs)) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ delayMs, resolve }));
  }

  /** Resolves when the next timer of exactly this delay is set. */
  freshly(delayMs) {
    return new Promise((resolve) => this.#awaited.push({ delayMs, resolve }));
  }

  /** Lets time pass, with all that is due, in order. */
  pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = due[1].at;
      due[1].callback();
    }
    this.#now = end;
  }

  /** Time that passes while the machine sleeps: no timer runs. */
  sleep(ms) {
    this.#now += ms;
    for (const timer of this.#timers.values()) timer.at += ms;
  }

  /** `online`, or `visible`. */
  wake(cause) {
    for (const listener of [...this.#listeners]) listener(cause);
  }
}
