// The two watches: what they ask for, what they give, and where they resume.

import { durationMs } from './json.js';
import { Presence } from './presence.js';
import { RecoveringStream } from './recovering-stream.js';

/** What the watches have in common: an async iterator over a stream that recovers. */
class Watch {
  #stream;
  #isOver = false;

  constructor(transport, options) {
    this.#stream = new RecoveringStream(transport, options);
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    try {
      while (!this.#isOver) {
        const value = await this.#step();
        if (value) return { done: false, value };
      }
    } catch (error) {
      this.#end(error);
      throw error;
    }
    return { done: true, value: undefined };
  }

  /** One message or change of the stream; an update, if it has one. */
  async #step() {
    const outcome = await this.#stream.next(
      (signal) => this.open(signal), this.resumes, (message) => durationMs(message.heartbeatInterval));
    if (outcome.message) return this.accept(outcome.message);
    if (outcome.isOver) this.#end();
    else this.broke(outcome.isExpired === true);
    return undefined;
  }

  async return() {
    this.#end(new DOMException('the watch was ended', 'AbortError'));
    return { done: true, value: undefined };
  }

  #end(reason) {
    this.#isOver = true;
    this.#stream.close(reason);
    this.broke(false);
  }
}

/** The updates of one session. */
export class SessionWatch extends Watch {
  #sessions;
  #environment;
  #sessionId;
  #options;
  #presence;
  #beats;

  constructor(transport, sessions, sessionId, options) {
    super(transport, options);
    this.#sessions = sessions;
    this.#environment = transport.environment;
    this.#sessionId = sessionId;
    this.#options = options;
    this.sequence = options.after;
  }

  get resumes() {
    return this.sequence !== undefined;
  }

  open(signal) {
    return this.#sessions.watchSession(
      { sessionId: this.#sessionId, afterSequence: this.sequence, presenceByHeartbeat: true },
      { headers: this.#options.headers, signal });
  }

  accept(message) {
    this.#keepPresent(message);
    const { snapshot, event } = message;
    if (snapshot) {
      this.sequence = snapshot.sequence ?? '0';
      return { case: 'snapshot', value: snapshot };
    }
    if (!event || BigInt(event.sequence ?? 0) <= BigInt(this.sequence ?? 0)) return undefined;
    this.sequence = event.sequence;
    return { case: 'event', value: event };
  }

  broke(isExpired) {
    this.#presence?.stop();
    this.#beats?.abort();
    this.#presence = undefined;
    if (isExpired) this.sequence = undefined;
  }

  #keepPresent(message) {
    const withinMs = durationMs(message.callHeartbeatWithin);
    if (withinMs !== undefined && !this.#presence) {
      this.#beats = new AbortController();
      const options = { headers: this.#options.headers, signal: this.#beats.signal };
      this.#presence = new Presence(this.#environment, () => this.#beat(options), withinMs);
    }
    this.#presence?.heard();
  }

  async #beat(options) {
    try {
      return durationMs((await this.#sessions.heartbeat({ sessionId: this.#sessionId }, options)).nextWithin);
    } catch {
      return undefined;
    }
  }
}

/** The updates of many visits. */
export class SessionsWatch extends Watch {
  #sessions;
  #range;
  #options;
  #parts = [];

  constructor(transport, sessions, range, options) {
    super(transport, options);
    this.#sessions = sessions;
    this.#range = { startTime: range.startTime, endTime: range.endTime };
    this.#options = options;
    this.resumeToken = options.after || undefined;
  }

  get resumes() {
    return this.resumeToken !== undefined;
  }

  open(signal) {
    return this.#sessions.watchSessions(
      { ...this.#range, resumeToken: this.resumeToken }, { headers: this.#options.headers, signal });
  }

  accept(message) {
    if (message.resumeToken) this.resumeToken = message.resumeToken;
    if (message.snapshotPart) {
      this.#parts.push(...(message.snapshotPart.sessions ?? []));
      if (!message.snapshotPart.complete) return undefined;
      const value = this.#parts;
      this.#parts = [];
      return { case: 'snapshot', value };
    }
    if (message.changed) return { case: 'changed', value: message.changed };
    if (message.gone) return { case: 'gone', value: message.gone };
    return undefined;
  }

  broke(isExpired) {
    this.#parts = [];
    if (isExpired) this.resumeToken = undefined;
  }
}
