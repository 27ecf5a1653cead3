// Values whose form in JSON is not that of JavaScript (protobuf.dev, "ProtoJSON Format").

/**
 * A 64-bit integer in the form that JSON has for it: decimal digits in a string, because a number holds 53 bits.
 * Back: `BigInt(value)`, or `Number(value)` where precision does not matter.
 *
 * @throws {RangeError} for what is not an integer of 64 bits: the caller's fault.
 */
export function int64(value) {
  const whole = BigInt(value);
  if (whole < -(2n ** 63n) || whole >= 2n ** 64n) throw new RangeError(`${value} does not fit into 64 bits`);
  return whole.toString();
}

/** A `Duration` such as `3.5s` in milliseconds; undefined for an absent one and for text of another form. */
export function durationMs(duration) {
  const match = /^(-?\d{1,12}(?:\.\d{1,9})?)s$/.exec(duration ?? '');
  return match ? Number(match[1]) * 1000 : undefined;
}

/** Makes the function that says which of these members a message has. Generated code calls it for each oneof. */
export const oneof = (...members) => (message) => {
  for (const member of members) {
    // null is JSON's other form of an absent field.
    if (message[member] != null) return { case: member, value: message[member] };
  }
  return { case: undefined, value: undefined };
};
