// Values whose form in JSON is not that of JavaScript (protobuf.dev, "ProtoJSON Format").

declare const int64Brand: unique symbol;

/** A 64-bit integer as decimal digits; make one by `int64`, read one by `BigInt(value)`. */
export type Int64 = string & { readonly [int64Brand]: true };

/** A time in UTC, RFC 3339: `2026-11-30T12:00:00Z`, with up to 9 digits after the second; `Date.toISOString()`. */
export type Timestamp = string;

/** A span of time in seconds: `3.5s`. */
export type Duration = string;

/** Bytes in base64. */
export type Base64 = string;

/** A floating-point number; JSON has strings for those that are not finite. */
export type Float = number | 'NaN' | 'Infinity' | '-Infinity';

/**
 * A 64-bit integer in the form that JSON has for it.
 *
 * @throws {RangeError} for what is not an integer of 64 bits, and {SyntaxError} for text that is not a number.
 */
export declare function int64(value: bigint | number | string): Int64;

/** A duration in milliseconds; undefined for an absent one and for text of another form. */
export declare function durationMs(duration: Duration | undefined): number | undefined;
