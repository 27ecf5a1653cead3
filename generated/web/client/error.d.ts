import type { Reason } from '../errors.js';
import type { MissingConsent } from '../types/telehealth/v1/consent.js';
import type { SessionStatus } from '../types/telehealth/v1/session.js';

/** The codes of the Connect protocol, which are gRPC's. */
export type Code =
  | 'canceled' | 'unknown' | 'invalid_argument' | 'deadline_exceeded' | 'not_found' | 'already_exists'
  | 'permission_denied' | 'resource_exhausted' | 'failed_precondition' | 'aborted' | 'out_of_range'
  | 'unimplemented' | 'internal' | 'unavailable' | 'data_loss' | 'unauthenticated';

/** A field of the request that the service refused (`google.rpc.BadRequest`). */
export interface FieldViolation {
  /** Its path, in the names of the schema: `pre_visit_check.location_state`. */
  field?: string;
  description?: string;
  reason?: string;
}

/** `google.rpc.PreconditionFailure`. */
export interface PreconditionViolation {
  type?: string;
  subject?: string;
  description?: string;
}

/** Why a call failed. An aborted call fails with the reason of its signal instead. */
export declare class TelehealthError extends Error {
  readonly name: 'TelehealthError';
  readonly code: Code;
  /** The word to branch on; undefined for errors that did not come from the service. */
  readonly reason: Reason | undefined;
  /** What the reason says in addition, such as `session_id` of `SESSION_EXISTS`; docs/api.md lists the keys. */
  readonly metadata: { readonly [key: string]: string };
  /** Of `CONSENT_MISSING`, `RECORDING_CONSENT_MISSING` and `THIRD_PARTY_CONSENT_MISSING`: the missing consents. */
  readonly missing: readonly MissingConsent[];
  /** Of `INVALID_STATE`: the status of the visit. */
  readonly sessionStatus: SessionStatus | undefined;
  /** Of `INVALID_FIELD`: the fields at fault. */
  readonly fieldViolations: readonly FieldViolation[];
  readonly preconditionViolations: readonly PreconditionViolation[];
  /** How long to wait before the call is made again, at most a day; undefined when the service does not say. */
  readonly retryAfterMs: number | undefined;
  /** The service could not be reached, or its answer broke off: the call may have happened or not. */
  readonly isConnectionError: boolean;
  /** Another token could help: TOKEN_EXPIRED, TOKEN_KEY_UNKNOWN. */
  readonly isStaleToken: boolean;

  constructor(
    code: Code, message: string,
    from?: {
      details?: readonly { type: string; value: string }[];
      retryAfterMs?: number;
      isConnectionError?: boolean;
      cause?: unknown;
    });
}
