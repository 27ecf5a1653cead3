// Binary details of errors: just enough of protobuf's wire format (protobuf.dev, "Encoding") to read small messages.

/**
 * The fields of a message, in order, as pairs of number and value: a bigint for a varint, bytes for what has a length.
 * Fixed-width values are left out, since no detail has any.
 *
 * @throws {RangeError} for bytes that are not a message: the peer's fault.
 */
export function fields(bytes) {
  const found = [];
  let offset = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (offset >= bytes.length) throw new RangeError('a message that ends within a number');
      const byte = bytes[offset++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number of more than ten bytes');
  };
  const take = (count) => {
    if (count > bytes.length - offset) throw new RangeError('a message that ends within a field');
    offset += count;
    return bytes.subarray(offset - count, offset);
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) throw new RangeError(`a field with the number ${number}`);
    switch (tag % 8) {
      case 0: found.push([number, varint()]); break;
      case 1: take(8); break;
      case 2: found.push([number, take(Number(varint()))]); break;
      case 5: take(4); break;
      default: throw new RangeError(`a field of wire type ${tag % 8}`);
    }
  }
  return found;
}

/**
 * A message in its JSON form.
 *
 * @param shape For each field number: the name, the type, and whether it repeats. A type is `string`, `bytes`, `bool`,
 *   `number` (32 bits), `int64`, an enum as an object of names by number, or a function that returns a message's shape.
 *   Fields that are not in the shape are left out.
 * @throws {RangeError} for bytes that are not such a message, {TypeError} for text that is not UTF-8.
 */
export function decode(bytes, shape) {
  const message = {};
  for (const [number, raw] of fields(bytes)) {
    const [name, type, isRepeated] = shape[number] ?? [];
    if (!name) continue;
    const isPacked = isRepeated && raw instanceof Uint8Array && !hasLength(type);
    const values = (isPacked ? packed(raw) : [raw]).map((one) => value(one, type));
    if (isRepeated) (message[name] ??= []).push(...values);
    else message[name] = values[0];
  }
  return message;
}

/** The varints of a packed field. */
function packed(bytes) {
  const values = [];
  let start = 0;
  bytes.forEach((byte, index) => {
    if (byte >= 0x80) return;
    // As a field of its own, so that there is one reader of numbers.
    values.push(fields(Uint8Array.of(8, ...bytes.subarray(start, index + 1)))[0][1]);
    start = index + 1;
  });
  if (start < bytes.length) throw new RangeError('a packed field that ends within a number');
  return values;
}

function hasLength(type) {
  return type === 'string' || type === 'bytes' || typeof type === 'function';
}

function value(raw, type) {
  if (hasLength(type) !== raw instanceof Uint8Array) throw new RangeError('a field of another wire type than declared');
  if (typeof type === 'function') return decode(raw, type());
  switch (type) {
    case 'string': return new TextDecoder('utf-8', { fatal: true }).decode(raw);
    case 'bytes': return btoa(String.fromCharCode(...raw));
    case 'bool': return raw !== 0n;
    case 'number': return Number(BigInt.asIntN(32, raw));
    case 'int64': return BigInt.asIntN(64, raw).toString();
    default: {
      const number = Number(BigInt.asIntN(32, raw));
      return type[number] ?? number;
    }
  }
}
