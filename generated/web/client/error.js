// What a call fails with.

import { decodeDetails } from './details.js';
import { hasType, parsed } from './response.js';

/** Only an ErrorInfo of the service's own domain has its reasons; a proxy may send others. */
const domain = 'telehealth.v1';

const retryAfterMaxMs = 24 * 3600 * 1000;

/** The Connect protocol's codes. */
const codes = new Set([
  'canceled', 'unknown', 'invalid_argument', 'deadline_exceeded', 'not_found', 'already_exists', 'permission_denied',
  'resource_exhausted', 'failed_precondition', 'aborted', 'out_of_range', 'unimplemented', 'internal', 'unavailable',
  'data_loss', 'unauthenticated',
]);

/** For a response without a valid error, made by something in between (Connect, "HTTP to Error Code"). */
const codesOfStatuses = {
  400: 'internal', 401: 'unauthenticated', 403: 'permission_denied', 404: 'unimplemented', 429: 'unavailable',
  502: 'unavailable', 503: 'unavailable', 504: 'unavailable',
};

/** Why a call failed. Its declaration describes each property. */
export class TelehealthError extends Error {
  /** @param from What is known besides: `details` as the Connect protocol has them, `retryAfterMs`, `cause`. */
  constructor(code, message, from = {}) {
    super(message, 'cause' in from ? { cause: from.cause } : undefined);
    const details = decodeDetails(from.details);
    const info = details['google.rpc.ErrorInfo'];
    const isOwn = info?.domain === domain;
    this.code = code;
    this.reason = isOwn ? info.reason : undefined;
    this.metadata = Object.fromEntries(
      (isOwn ? info.metadata ?? [] : []).map(({ key = '', value = '' }) => [key, value]));
    this.missing = details['telehealth.v1.MissingConsentDetail']?.missing ?? [];
    this.sessionStatus = details['telehealth.v1.SessionStateDetail']?.status;
    this.fieldViolations = details['google.rpc.BadRequest']?.fieldViolations ?? [];
    this.preconditionViolations = details['google.rpc.PreconditionFailure']?.violations ?? [];
    this.retryAfterMs = longer(retryDelayMs(details['google.rpc.RetryInfo']), from.retryAfterMs);
    this.isConnectionError = from.isConnectionError ?? false;
  }

  get name() {
    return 'TelehealthError';
  }

  /** Whether another token could help. */
  get isStaleToken() {
    return this.code === 'unauthenticated' && (this.reason === 'TOKEN_EXPIRED' || this.reason === 'TOKEN_KEY_UNKNOWN');
  }

  /** The service could not be reached, or its answer broke off: the call may have happened or not. */
  static unreachable(message, cause) {
    return new TelehealthError('unavailable', message, { cause, isConnectionError: true });
  }

  /** The error in a Connect error body, or in the end of a stream; `otherwise` for a body without one. */
  static fromJSON(json, otherwise, headers, now) {
    // Without a code that is known, its text still says more than ours.
    const code = codes.has(json?.code) ? json.code : otherwise;
    const message = typeof json?.message === 'string' ? json.message : `the call failed: ${code}`;
    return new TelehealthError(code, message, {
      details: json?.details,
      retryAfterMs: retryAfterMs(headers?.get('retry-after'), now),
    });
  }

  /** A response of another type than was asked for: `internal` for one of the protocol, `unknown` for any other. */
  static ofAnotherType(response) {
    const types = ['json', 'proto', 'connect+json', 'connect+proto'];
    const isOfProtocol = types.some((type) => hasType(response, `application/${type}`));
    return new TelehealthError(isOfProtocol ? 'internal' : 'unknown', 'the answer is not one of the service');
  }

  /** The error of a response other than 200. */
  static fromResponse(response, text, now) {
    const json = hasType(response, 'application/json') ? parsed(text) : undefined;
    return TelehealthError.fromJSON(json, codesOfStatuses[response.status] ?? 'unknown', response.headers, now);
  }
}

function retryDelayMs(info) {
  if (!info) return undefined;
  const { seconds = '0', nanos = 0 } = info.retryDelay ?? {};
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** `Retry-After` (RFC 9110 section 10.2.3), seconds or a date, in milliseconds. */
function retryAfterMs(text, now) {
  if (!text) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date - now;
}

/** The longer of two delays, each perhaps unknown, within bounds. */
function longer(a, b) {
  const known = [a, b].filter((delay) => delay !== undefined && !Number.isNaN(delay));
  return known.length === 0 ? undefined : Math.min(Math.max(0, ...known), retryAfterMaxMs);
}
