// A Connect server stream as an async iterator: one request in an envelope, messages in envelopes, and an end.

import { EnvelopeReader, envelope, flagEnd } from './envelope.js';
import { TelehealthError } from './error.js';
import { hasType, parsed } from './response.js';
import { aborting, linkedController } from './signal.js';

/** Far above any message of the service, which sends parts of at most 64 KiB and single records. */
const messageLengthMax = 8 * 1024 * 1024;
const mediaType = 'application/connect+json';

/**
 * The messages of a stream. Nothing is sent before the first is asked for; leaving the loop ends the call.
 *
 * @throws {TelehealthError} the error in the stream's end; `unavailable` when it breaks off before its end.
 */
export async function* openStream(transport, method, request, options) {
  options.signal?.throwIfAborted();
  const controller = linkedController(options.signal);
  const { signal } = controller;
  try {
    const body = envelope(new TextEncoder().encode(JSON.stringify(request)));
    const { response, token } = await aborting(
      transport.send(method, { 'content-type': mediaType }, body, options, signal), signal);
    const now = transport.environment.now();
    // The protocol answers every stream with 200: anything else comes from something in between.
    if (response.status !== 200) {
      throw transport.refused(TelehealthError.fromResponse(response, await textOf(response, signal), now), token);
    }
    if (!hasType(response, mediaType) || !response.body) throw TelehealthError.ofAnotherType(response);
    for await (const { flags, bytes } of envelopes(response.body, signal)) {
      const json = content(flags, bytes);
      if (!(flags & flagEnd)) {
        yield json;
        continue;
      }
      if (json.error) {
        throw transport.refused(TelehealthError.fromJSON(json.error, 'unknown', response.headers, now), token);
      }
      return;
    }
    // `internal` as other clients of Connect have it; something in between is at fault, so a watch resumes.
    throw new TelehealthError('internal', 'the stream ended without its outcome', { isConnectionError: true });
  } finally {
    controller.abort();
    controller.unlink();
  }
}

/** The JSON object of an envelope. */
function content(flags, bytes) {
  // No coding was offered, so none may be used; no other flag has a meaning.
  if (flags & ~flagEnd) throw new TelehealthError('internal', `an envelope with the flags ${flags}`);
  const json = parsed(new TextDecoder().decode(bytes));
  if (json === null || typeof json !== 'object') throw new TelehealthError('internal', 'a message that is not JSON');
  return json;
}

/** Until the body ends; whoever opened it aborts what is left of it. */
async function* envelopes(body, signal) {
  const envelopeReader = new EnvelopeReader(messageLengthMax);
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await read(reader, signal);
    if (done) return;
    let complete;
    try {
      complete = envelopeReader.push(value);
    } catch (cause) {
      throw new TelehealthError('resource_exhausted', cause.message, { cause });
    }
    yield* complete;
  }
}

async function read(reader, signal) {
  try {
    return await aborting(reader.read(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw TelehealthError.unreachable('the stream broke off', cause);
  }
}

/** The body of a refusal, empty when it breaks off: its status says enough. */
async function textOf(response, signal) {
  try {
    return await aborting(response.text(), signal);
  } catch {
    signal.throwIfAborted();
    return '';
  }
}
