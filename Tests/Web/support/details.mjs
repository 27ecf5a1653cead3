// Details of errors in protobuf's binary form, encoded by hand (protobuf.dev, "Encoding").

function varint(number) {
  let rest = BigInt.asUintN(64, BigInt(number));
  const bytes = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** A field with a number in it. */
export const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);

/** A field with text or a message in it. */
export function bytes(field, value) {
  const content = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

/** A detail as it is in the body of an error, with a `debug` that is wrong: nobody may rely on it. */
export function detail(type, ...fields) {
  const value = Buffer.concat(fields).toString('base64').replace(/=+$/, '');
  return { type, value, debug: { reason: 'WRONG', retryDelay: '99s', missing: [{ type: 'wrong' }] } };
}

/** google/rpc/error_details.proto */
export const errorInfo = (reason, metadata = {}, domain = 'telehealth.v1') => detail(
  'google.rpc.ErrorInfo', bytes(1, reason), bytes(2, domain),
  ...Object.entries(metadata).map(([key, value]) => bytes(3, Buffer.concat([bytes(1, key), bytes(2, value)]))));

export const retryInfo = (seconds, nanos = 0) => detail(
  'google.rpc.RetryInfo', bytes(1, Buffer.concat([number(1, seconds), number(2, nanos)])));

export const badRequest = (...violations) => detail(
  'google.rpc.BadRequest',
  ...violations.map(([field, text]) => bytes(1, Buffer.concat([bytes(1, field), bytes(2, text)]))));

/** An error of the service. */
export const refusal = (code, reason, { metadata, more = [] } = {}) => ({
  code, message: `refused: ${reason}`, details: [errorInfo(reason, metadata), ...more],
});
