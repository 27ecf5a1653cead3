import type { Environment } from './environment.js';

/** Where the service is, and how to call it. */
export interface TransportOptions {
  /** Scheme, host and perhaps a path: `https://visits.example`. Empty for the page's own origin. */
  baseUrl: string;
  /** In place of the global one. */
  fetch?: typeof fetch | undefined;
  /** Whether cookies are sent: `same-origin` without `token`, `omit` with it. */
  credentials?: RequestCredentials | undefined;
  /**
   * A bearer token, asked for before every attempt, so it should keep one. Without this function calls rely on cookies.
   *
   * @param refused The token that the service refused as expired or unknown, until another one is given; undefined
   *   otherwise.
   */
  token?: ((refused?: string) => string | Promise<string>) | undefined;
  /** The limit of one call with all its attempts, in milliseconds; 20,000 if not set. Streams have none. */
  timeoutMs?: number | undefined;
  /** The most attempts of one call, the first included; 6 if not set. */
  maxAttempts?: number | undefined;
  /** Time, chance and events; the browser's if not set. */
  environment?: Environment | undefined;
}

/** How to make one call. */
export interface CallOptions {
  /** Ends the call, which then fails with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** In place of the transport's. */
  timeoutMs?: number | undefined;
  /** Further request headers, such as `telehealth-emergency-reason`. */
  headers?: { readonly [name: string]: string } | undefined;
}

/**
 * The messages of a streaming call. Iterate once. Nothing is sent before the first message is asked for, and leaving
 * the loop ends the call. Fails with `TelehealthError`, and is not repeated.
 */
export type MessageStream<Message> = AsyncGenerator<Message, void, undefined>;

/**
 * Makes the calls of one address, by the Connect protocol with JSON.
 *
 * A call is repeated while the service is `unavailable` or out of reach, with growing delays, jitter, and no sooner
 * than the service asks for; always with one request id, so a change happens once. A token that is refused as stale is
 * replaced once.
 */
export declare class Transport {
  constructor(options: TransportOptions);
  readonly environment: Environment;
  /** The transport itself, or one with these options. */
  static of(transport: Transport | TransportOptions): Transport;
}
