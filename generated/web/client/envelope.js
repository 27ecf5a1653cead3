// The framing of Connect's streams: flags (1 byte), length (4 bytes, big endian), then as many bytes.

/** The last envelope of a stream: its outcome instead of a message. */
export const flagEnd = 0x02;

const headLength = 5;

/** One message in its envelope. */
export function envelope(bytes, flags = 0) {
  const framed = new Uint8Array(headLength + bytes.length);
  framed[0] = flags;
  new DataView(framed.buffer).setUint32(1, bytes.length);
  framed.set(bytes, headLength);
  return framed;
}

/** Splits the bytes of a stream into envelopes, wherever they are cut. */
export class EnvelopeReader {
  #pending = new Uint8Array(0);
  #lengthMax;

  /** @param lengthMax Bytes of the longest message that is taken. */
  constructor(lengthMax) {
    this.#lengthMax = lengthMax;
  }

  /**
   * The envelopes that end with this chunk, as `{flags, bytes}`.
   *
   * @throws {RangeError} for a length above the limit, as soon as it is announced: the peer's fault.
   */
  push(chunk) {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const envelopes = [];
    let start = 0;
    while (bytes.length - start >= headLength) {
      const length = new DataView(bytes.buffer, start).getUint32(1);
      if (length > this.#lengthMax) throw new RangeError(`a message of ${length} bytes, more than ${this.#lengthMax}`);
      const end = start + headLength + length;
      if (end > bytes.length) break;
      envelopes.push({ flags: bytes[start], bytes: bytes.subarray(start + headLength, end) });
      start = end;
    }
    this.#pending = bytes.subarray(start);
    return envelopes;
  }
}
