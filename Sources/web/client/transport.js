// Connect over fetch, with JSON: what makes calls, with their tokens, time limits and repetitions.

import { browserEnvironment, chance, randomUUID } from './environment.js';
import { TelehealthError } from './error.js';
import { hasType, parsed } from './response.js';
import { aborting, linkedController, sleep } from './signal.js';
import { openStream } from './stream.js';

const timeoutMs = 20_000;
const attemptsMax = 6;
const backoffMs = { first: 100, longest: 5_000 };

/** Makes the calls of one service address. Its declaration describes the options. */
export class Transport {
  #options;
  #fetch;
  #refusedToken;

  constructor(options) {
    this.#options = { ...options, baseUrl: String(options.baseUrl).replace(/\/+$/, '') };
    this.environment = options.environment ?? browserEnvironment();
    // Called without a receiver: a browser's fetch refuses any other than its window.
    const fetchOnce = options.fetch ?? globalThis.fetch;
    this.#fetch = (...request) => fetchOnce(...request);
  }

  /** Whether a token that was refused can be replaced. */
  get hasTokens() {
    return this.#options.token !== undefined;
  }

  /** The transport itself, or one with these options. */
  static of(transport) {
    return transport instanceof Transport ? transport : new Transport(transport);
  }

  /** A call that changes something: every attempt has the same request id, so that it happens once. */
  change(method, request, options) {
    return this.call(method, this.identified(request), options);
  }

  /** The request, with a request id. */
  identified(request) {
    return request?.requestId ? request : { ...request, requestId: randomUUID(this.environment) };
  }

  /** One call, with as many attempts as its time and the options allow. */
  async call(method, request, options = {}) {
    options.signal?.throwIfAborted();
    const { environment } = this;
    const limitMs = options.timeoutMs ?? this.#options.timeoutMs ?? timeoutMs;
    const deadline = environment.now() + limitMs;
    const controller = linkedController(options.signal);
    const timer = environment.setTimeout(() => {
      controller.abort(new TelehealthError('deadline_exceeded', `no answer within ${limitMs} ms`));
    }, limitMs);
    try {
      const body = JSON.stringify(request);
      return await this.#attempts(deadline, controller.signal, () =>
        this.#attempt(method, body, deadline, options, controller.signal));
    } finally {
      environment.clearTimeout(timer);
      controller.unlink();
    }
  }

  async #attempts(deadline, signal, attempt) {
    const { environment } = this;
    let hasReplacedToken = false;
    for (let failures = 1; ; failures += 1) {
      try {
        return await aborting(attempt(), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (failures >= (this.#options.maxAttempts ?? attemptsMax)) throw error;
        // Once: when a fresh token is refused too, the tokens or a clock are wrong.
        if (error.isStaleToken && this.hasTokens && !hasReplacedToken) {
          hasReplacedToken = true;
          continue;
        }
        if (error.code !== 'unavailable') throw error;
        const wait = Math.max(this.backoff(failures) * (0.8 + 0.4 * chance(environment)), error.retryAfterMs ?? 0);
        if (environment.now() + wait >= deadline) throw error;
        await sleep(environment, wait, signal);
      }
    }
  }

  /** The delay in milliseconds after so many failures, before jitter. */
  backoff(failures) {
    return Math.min(backoffMs.first * 2 ** Math.min(failures - 1, 20), backoffMs.longest);
  }

  async #attempt(method, body, deadline, options, signal) {
    const { environment } = this;
    const restMs = Math.max(1, Math.ceil(deadline - environment.now()));
    const headers = { 'content-type': 'application/json', 'connect-timeout-ms': String(restMs) };
    const { response, token } = await this.send(method, headers, body, options, signal);
    let text;
    try {
      text = await response.text();
    } catch (cause) {
      throw TelehealthError.unreachable('the answer broke off', cause);
    }
    if (response.status !== 200) {
      throw this.refused(TelehealthError.fromResponse(response, text, environment.now()), token);
    }
    if (!hasType(response, 'application/json')) throw TelehealthError.ofAnotherType(response);
    const message = parsed(text);
    if (message === null || typeof message !== 'object') {
      throw new TelehealthError('internal', 'the answer is not a JSON object');
    }
    return message;
  }

  /**
   * Sends a request with this transport's token or cookies.
   *
   * @returns the response and the token it was asked with.
   * @throws {TelehealthError} `unavailable` when it cannot be reached, `unauthenticated` without a token.
   */
  async send(method, headers, body, options, signal) {
    const token = await this.#token();
    const request = {
      method: 'POST',
      // Here, since text that is not a header's is a fault of the caller, and must not pass for a broken network.
      headers: new Headers({
        ...options.headers, ...headers, 'connect-protocol-version': '1',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }),
      body,
      signal,
      credentials: this.#options.credentials ?? (this.#options.token ? 'omit' : 'same-origin'),
      cache: 'no-store',
      // A call has no other address; a proxy that sends to its login page is not the service.
      redirect: 'manual',
      referrerPolicy: 'no-referrer',
    };
    try {
      return { response: await this.#fetch(`${this.#options.baseUrl}/${method}`, request), token };
    } catch (cause) {
      throw TelehealthError.unreachable('the service cannot be reached', cause);
    }
  }

  async #token() {
    if (!this.#options.token) return undefined;
    try {
      return await this.#options.token(this.#refusedToken);
    } catch (cause) {
      // Often out of reach in the same outages: a watch tries again.
      throw new TelehealthError('unauthenticated', 'no token to call with', { cause, isConnectionError: true });
    }
  }

  /** Remembers a token that was refused as stale, so that another one is asked for. */
  refused(error, token) {
    if (error.isStaleToken) this.#refusedToken = token;
    return error;
  }

  /** A call that is answered by a stream of messages; it has no time limit and is not repeated. */
  stream(method, request, options = {}) {
    return openStream(this, method, request, options);
  }
}
