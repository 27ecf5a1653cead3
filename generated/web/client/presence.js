// The presence of somebody whose watch does not count as presence: calls Heartbeat in time.

import { chance } from './environment.js';

/** Bounds whatever interval a service asks for: not without pause, and not never. */
const boundsMs = { shortest: 1_000, longest: 3_600_000 };

/** Calls until it is stopped. */
export class Presence {
  #environment;
  #call;
  #timer;
  #dueAt;
  #withinMs;
  #isCalling = false;
  #isStopped = false;

  /**
   * @param call Calls Heartbeat; resolves to the time in milliseconds within which the next is due, undefined when it
   *   failed. A refusal needs no report: the watch has it too.
   */
  constructor(environment, call, withinMs) {
    this.#environment = environment;
    this.#call = call;
    this.#schedule(withinMs);
  }

  /** Something came from the service. Calls if it is time: in a hidden page timers may run once in a minute. */
  heard() {
    if (this.#environment.now() >= this.#dueAt) this.#beat();
  }

  stop() {
    this.#isStopped = true;
    this.#environment.clearTimeout(this.#timer);
  }

  #schedule(withinMs) {
    const boundedMs = Math.min(Math.max(withinMs, boundsMs.shortest), boundsMs.longest);
    // Up to a fifth earlier: people who joined together do not call together.
    const delayMs = boundedMs * (1 - 0.2 * chance(this.#environment));
    this.#dueAt = this.#environment.now() + delayMs;
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.#beat(), delayMs);
    this.#withinMs = withinMs;
  }

  async #beat() {
    if (this.#isCalling || this.#isStopped) return;
    this.#isCalling = true;
    const nextMs = await this.#call();
    this.#isCalling = false;
    if (!this.#isStopped) this.#schedule(nextMs ?? this.#withinMs);
  }
}
