// What a watch does when its stream breaks or becomes silent: events and times in, steps out. It holds no timer.

/** Missed heartbeats after which a stream counts as broken; the half tolerates a late one. */
const missedHeartbeats = 2.5;
/** The assumed interval of a service that has not announced one. */
const heartbeatMs = 15_000;
/** Bounds whatever interval a service announces: no stream is dead at once, or alive forever. */
const heartbeatBoundsMs = { shortest: 10, longest: 3_600_000 };

/** Codes that something between client and service makes up when it breaks a stream, unless the service says why. */
const madeUp = new Set(['internal', 'unknown', 'canceled']);

/**
 * | state | ends with |
 * |---|---|
 * | well: the last event was a message | a failure |
 * | in trouble since the first failure after it | a message, a wake, or the end of its patience |
 */
export class WatchRecovery {
  #settings;
  #openedAt;
  #troubleSince;
  #failures = 0;
  #lastWaitMs = 0;
  #isHeard = false;
  #hasReplacedToken = false;
  #heartbeatMs = heartbeatMs;

  /** @param settings `patienceMs`; `backoff(failures)` and `spread()`, a delay in milliseconds and its factor. */
  constructor(settings) {
    this.#settings = settings;
  }

  /** The longest silence before a stream counts as broken, in milliseconds. */
  get silenceMaxMs() {
    return this.#heartbeatMs * missedHeartbeats;
  }

  /** A stream was asked for. */
  opened(now) {
    this.#openedAt = now;
    this.#isHeard = false;
  }

  /** A message came; `announcedMs` is the heartbeat interval in it, if any. */
  heard(announcedMs, now) {
    this.#troubleSince = undefined;
    this.#hasReplacedToken = false;
    this.#isHeard = true;
    if (announcedMs > 0) {
      this.#heartbeatMs = Math.min(Math.max(announcedMs, heartbeatBoundsMs.shortest), heartbeatBoundsMs.longest);
    }
    // A service that accepts each stream and then fails must not be asked ever faster.
    if (now - this.#openedAt >= this.#lastWaitMs) this.#failures = 0;
  }

  /** Whether a stream that was heard at this time must have sent something since: a heartbeat is overdue. */
  isOverdue(lastHeardAt, now) {
    return now - lastHeardAt > this.#heartbeatMs;
  }

  /** The network is back, or somebody looks: what failed before says nothing about now. */
  woke() {
    this.#troubleSince = undefined;
    this.#failures = 0;
    this.#lastWaitMs = 0;
  }

  /**
   * The stream failed, or could not be opened.
   *
   * @param canStartAnew The request asked for what comes after a position.
   * @returns `{resumeAfterMs}`; `{startsAnew: true}`: what comes after that position is no longer kept, so ask for a
   *   snapshot at once; or `{}` to give up.
   */
  failed(error, now, canStartAnew) {
    // Once until a message comes: a fresh token that is refused too would be replaced without end.
    if (error.isStaleToken && this.#settings.hasTokens && !this.#hasReplacedToken) {
      this.#hasReplacedToken = true;
      return { resumeAfterMs: 0 };
    }
    if (error.reason === 'RESUME_EXPIRED' && canStartAnew) return { startsAnew: true };
    // The reader was slow, and what it missed is kept. Without any message, waiting protects the service.
    if (error.reason === 'WATCH_LAGGING' && this.#isHeard) return { resumeAfterMs: 0 };
    if (!isWorthRepeating(error)) return {};
    this.#troubleSince ??= now;
    this.#failures += 1;
    const spread = this.#settings.backoff(this.#failures) * this.#settings.spread();
    const waitMs = Math.max(spread, error.retryAfterMs ?? 0);
    if (now - this.#troubleSince + waitMs > this.#settings.patienceMs) return {};
    this.#lastWaitMs = waitMs;
    return { resumeAfterMs: waitMs };
  }
}

function isWorthRepeating(error) {
  if (error.isConnectionError || error.code === 'unavailable' || error.retryAfterMs !== undefined) return true;
  return error.reason === undefined && madeUp.has(error.code);
}
