// The client that a page makes once.

import { TelehealthServices } from '../services.js';
import { Transport } from './transport.js';
import { SessionWatch, SessionsWatch } from './watch.js';

/** The telehealth service: its calls by service, and watches that survive broken connections. */
export class TelehealthClient extends TelehealthServices {
  #transport;

  constructor(transport) {
    const shared = Transport.of(transport);
    super(shared);
    this.#transport = shared;
  }

  /** The events of a session, given or by id, from a snapshot on or after `options.after`, until it ends. */
  watch(session, options = {}) {
    const id = typeof session === 'string' ? session : session.sessionId;
    return new SessionWatch(this.#transport, this.sessions, id, options);
  }

  /** Summaries of the caller's visits that start in a range: the current ones, then every change. */
  watchSessions(range, options = {}) {
    return new SessionsWatch(this.#transport, this.sessions, range, options);
  }
}
