// A stream that is opened again where it broke: the effects around WatchRecovery.

import { chance } from './environment.js';
import { TelehealthError } from './error.js';
import { linkedController, sleep } from './signal.js';
import { WatchRecovery } from './watch-recovery.js';

/** About as long as a visit waits for people who have lost their connection. */
const patienceMs = 600_000;

/** Aborts with this are the page's doing: the next attempt is made at once. */
const interrupted = Symbol('interrupted');

/** One watch's stream. Its owner says what to ask for and reads the messages. */
export class RecoveringStream {
  #transport;
  #options;
  #recovery;
  #messages;
  #controller;
  #pause;
  #lastHeardAt = 0;
  #ended;
  #stopListening;

  /** @param options `signal`, `patienceMs` and `onBreak(error, delayMs)`, all optional. */
  constructor(transport, options) {
    const { environment } = transport;
    this.#transport = transport;
    this.#options = options;
    this.#ended = linkedController(options.signal);
    this.#recovery = new WatchRecovery({
      hasTokens: transport.hasTokens,
      patienceMs: options.patienceMs ?? patienceMs,
      backoff: (failures) => transport.backoff(failures),
      // Wider than that of calls: watches that broke together must not come back together.
      spread: () => 0.5 + chance(environment),
    });
  }

  /**
   * The next message, or what became of the stream: `{message}`, `{isOver}` when the service ended it, `{isBroken}`
   * when the next call opens it again, `{isExpired}` when that must begin anew.
   *
   * @param open Opens the stream with a signal.
   * @param heartbeatMs The heartbeat interval that a message announces.
   * @throws {TelehealthError} of a stream that cannot be resumed, and the last one when patience ends; the reason of
   *   the signal.
   */
  async next(open, resumes, heartbeatMs) {
    try {
      this.#ended.signal.throwIfAborted();
      const { done, value } = await this.#receive(open);
      if (done) return { isOver: true };
      this.#lastHeardAt = this.#transport.environment.now();
      this.#recovery.heard(heartbeatMs(value), this.#lastHeardAt);
      return { message: value };
    } catch (error) {
      this.#drop();
      return await this.#recover(error, resumes);
    }
  }

  /** Ends it. A pending `next` fails with `reason`. */
  close(reason) {
    this.#stopListening?.();
    this.#ended.abort(reason);
    this.#ended.unlink();
    this.#drop();
  }

  async #receive(open) {
    const { environment } = this.#transport;
    this.#stopListening ??= environment.onWake((cause) => this.#wake(cause));
    if (!this.#messages) {
      this.#controller = linkedController(this.#ended.signal);
      this.#messages = open(this.#controller.signal);
      this.#lastHeardAt = environment.now();
      this.#recovery.opened(this.#lastHeardAt);
    }
    const limitMs = this.#recovery.silenceMaxMs;
    // For this wait only: a slow reader must not take its stream for dead.
    const silence = environment.setTimeout(() => {
      this.#controller?.abort(TelehealthError.unreachable(`nothing was heard of the service for ${limitMs} ms`));
    }, limitMs);
    try {
      return await this.#messages.next();
    } finally {
      environment.clearTimeout(silence);
    }
  }

  async #recover(error, resumes) {
    const { environment } = this.#transport;
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason;
    if (error === interrupted) return { isBroken: true };
    const step = this.#recovery.failed(error, environment.now(), resumes);
    if (step.startsAnew) return { isExpired: true };
    if (step.resumeAfterMs === undefined) throw error;
    if (step.resumeAfterMs > 0) {
      this.#options.onBreak?.(error, step.resumeAfterMs);
      await this.#wait(step.resumeAfterMs);
    }
    return { isBroken: true };
  }

  /** Waits for the delay, or until the page wakes. */
  async #wait(delayMs) {
    this.#pause = linkedController(this.#ended.signal);
    try {
      await sleep(this.#transport.environment, delayMs, this.#pause.signal);
    } catch (reason) {
      if (reason !== interrupted) throw reason;
    } finally {
      this.#pause.unlink();
      this.#pause = undefined;
    }
  }

  #wake(cause) {
    const { environment } = this.#transport;
    if (this.#pause) {
      this.#recovery.woke();
      this.#pause.abort(interrupted);
      return;
    }
    if (!this.#controller) return;
    // `online` means another network: the connection over the old one is gone, although nothing says so. A page that is
    // seen again may have slept, with its timers: only its silence tells.
    const isStale = cause === 'online' || this.#recovery.isOverdue(this.#lastHeardAt, environment.now());
    if (!isStale) return;
    this.#recovery.woke();
    this.#controller.abort(interrupted);
  }

  #drop() {
    // Nobody waits for its end.
    this.#messages?.return?.().catch(() => {});
    this.#controller?.abort();
    this.#controller?.unlink();
    this.#messages = undefined;
    this.#controller = undefined;
  }
}
