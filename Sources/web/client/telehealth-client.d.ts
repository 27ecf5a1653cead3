import type { TelehealthServices } from '../services.js';
import type { Session } from '../types/telehealth/v1/session.js';
import type { SessionEvent, SessionGone, SessionSnapshot, SessionSummary } from '../types/telehealth/v1/watch.js';
import type { TelehealthError } from './error.js';
import type { Int64, Timestamp } from './json.js';
import type { Transport, TransportOptions } from './transport.js';

/** How to watch. */
export interface WatchOptions<Position> {
  /** Ends the watch, whose loop then fails with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Resume after this position of an earlier watch, without a snapshot. */
  after?: Position | undefined;
  /** Further request headers, such as `telehealth-emergency-reason`. */
  headers?: { readonly [name: string]: string } | undefined;
  /** How long to try without a word from the service before the loop fails; 10 minutes if not set, in milliseconds. */
  patienceMs?: number | undefined;
  /** The stream broke, and is opened again after the delay: what a page shows as "connecting". */
  onBreak?: ((error: TelehealthError, delayMs: number) => void) | undefined;
}

/** An update of one session. */
export type SessionUpdate =
  /** The whole session: first, and again when events between were no longer kept. */
  | { case: 'snapshot'; value: SessionSnapshot }
  /** Each event once, in order. */
  | { case: 'event'; value: SessionEvent };

/** The updates of one session. Iterate it once; leaving the loop ends it. */
export interface SessionWatch extends AsyncIterableIterator<SessionUpdate> {
  /** The number of the last event given; undefined before the first snapshot. */
  readonly sequence: Int64 | undefined;
  /** Ends the watch: a pending `next` fails with an AbortError. */
  return(): Promise<IteratorResult<SessionUpdate>>;
}

/** An update of many visits. */
export type SessionsUpdate =
  /** All current visits, by scheduled start; replaces everything before. */
  | { case: 'snapshot'; value: SessionSummary[] }
  /** A visit is new or has changed. */
  | { case: 'changed'; value: SessionSummary }
  /** A visit that the caller can no longer see in this range. */
  | { case: 'gone'; value: SessionGone };

/** The updates of many visits. Iterate it once; leaving the loop ends it. */
export interface SessionsWatch extends AsyncIterableIterator<SessionsUpdate> {
  /** Everything up to here was given; undefined before the first snapshot. */
  readonly resumeToken: string | undefined;
  /** Ends the watch: a pending `next` fails with an AbortError. */
  return(): Promise<IteratorResult<SessionsUpdate>>;
}

/**
 * The telehealth service: its calls by service, and watches that survive broken connections.
 *
 * ```js
 * const client = new TelehealthClient({ baseUrl: '' });
 * const { session } = await client.sessions.create({ appointmentId: 'appointment-1' });
 * for await (const update of client.watch(session)) {
 *   if (update.case === 'event') console.log(update.value.sequence, update.value.status);
 * }
 * ```
 */
export declare class TelehealthClient extends TelehealthServices {
  constructor(transport: Transport | TransportOptions);

  /**
   * The events of a session, from a snapshot on or after `options.after`, until it ends.
   *
   * Resumes by itself after the last event, so nothing is missed and nothing comes twice: when the connection breaks,
   * when nothing is heard for 2.5 heartbeats, when the reader was too slow, when the token has expired (if the
   * transport has `token`); at once when the network is back or the page is seen again. If the service no longer keeps
   * the events in between, a new snapshot gives the current state. While it is iterated, the caller counts as present,
   * by Heartbeat calls. Roles and errors as WatchSession.
   *
   * @param session A session or its id.
   */
  watch(session: string | Session, options?: WatchOptions<Int64>): SessionWatch;

  /**
   * Summaries of the caller's visits that are scheduled to start in a range: the current ones, then every change.
   *
   * Resumes by itself like `watch`. Does not count as presence, and does not end by itself. Roles and errors as
   * WatchSessions.
   *
   * @param range From `startTime` up to, but without, `endTime`, at most 31 days later.
   */
  watchSessions(range: { startTime: Timestamp; endTime: Timestamp }, options?: WatchOptions<string>): SessionsWatch;
}
