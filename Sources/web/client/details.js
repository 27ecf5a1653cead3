// The details of errors: what they carry beyond a code, as protobuf bytes in base64. A server may show the same as JSON
// in `debug`, which the Connect protocol forbids clients to rely on.

import { details as ownDetails } from '../errors.js';
import { decode } from './protobuf.js';

const Entry = { 1: ['key', 'string'], 2: ['value', 'string'] };
const ErrorInfo = { 1: ['reason', 'string'], 2: ['domain', 'string'], 3: ['metadata', () => Entry, true] };
const FieldViolation = { 1: ['field', 'string'], 2: ['description', 'string'], 3: ['reason', 'string'] };
const BadRequest = { 1: ['fieldViolations', () => FieldViolation, true] };
const PreconditionViolation = { 1: ['type', 'string'], 2: ['subject', 'string'], 3: ['description', 'string'] };
const PreconditionFailure = { 1: ['violations', () => PreconditionViolation, true] };
const Duration = { 1: ['seconds', 'int64'], 2: ['nanos', 'number'] };
const RetryInfo = { 1: ['retryDelay', () => Duration] };

/** google/rpc/error_details.proto, and the services' own. */
const shapes = {
  'google.rpc.ErrorInfo': ErrorInfo,
  'google.rpc.BadRequest': BadRequest,
  'google.rpc.PreconditionFailure': PreconditionFailure,
  'google.rpc.RetryInfo': RetryInfo,
  ...ownDetails,
};

/** An error has a handful of details; what comes after these is not looked at. */
const countMax = 32;

/**
 * The details of a Connect error by type, the first of each, in their JSON form. What cannot be decoded, or has a type
 * that is not known here, is left out: the error counts without it.
 */
export function decodeDetails(details) {
  const decoded = {};
  for (const detail of Array.isArray(details) ? details.slice(0, countMax) : []) {
    if (typeof detail?.type !== 'string' || typeof detail.value !== 'string') continue;
    const type = detail.type.slice(detail.type.lastIndexOf('/') + 1);
    if (!Object.hasOwn(shapes, type) || Object.hasOwn(decoded, type)) continue;
    try {
      decoded[type] = decode(bytes(detail.value), shapes[type]);
    } catch {
      continue;
    }
  }
  return decoded;
}

/** @throws {DOMException} for text that is not base64, of either alphabet, padded or not. */
function bytes(base64) {
  const text = atob(base64.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, ''));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
