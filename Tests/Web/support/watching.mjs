// Watches under test: what the service sends them, and what they give.

import assert from 'node:assert/strict';
import { methods } from './desk.mjs';

export const interval = '10s';
export const silenceMs = 25_000;

export const snapshot = (sequence) => ({
  snapshot: { session: { sessionId: 's-1' }, ...(sequence ? { sequence: String(sequence) } : {}) },
  heartbeatInterval: interval,
});
export const event = (sequence) => ({
  event: { sequence: String(sequence), status: 'SESSION_STATUS_WAITING_ROOM', participantWaiting: { participantId: 'p' } },
});
export const heartbeat = (sequence) => ({ heartbeat: { sequence: String(sequence) }, heartbeatInterval: interval });

/** The next update of a watch, as a word and a number: `event 7`. */
export async function update(watch) {
  const { done, value } = await watch.next();
  return done ? 'over' : `${value.case} ${value.value.sequence ?? 0}`;
}

/** A watch that has its snapshot at event 4, and the call that gave it. */
export async function open({ server, client }, options) {
  const watch = client.watch('s-1', options);
  const first = update(watch);
  const call = await server.call(methods.watchSession);
  call.send(snapshot(4));
  assert.equal(await first, 'snapshot 4');
  return { watch, call };
}

/** The request by which a watch resumes after an event, answered by the next one. */
export async function resumed({ server, time }, watch, pending, after) {
  const call = await server.call(methods.watchSession);
  assert.equal(call.request.afterSequence, String(after));
  call.send(heartbeat(after));
  call.send(event(after + 1));
  assert.equal(await pending, `event ${after + 1}`);
  await watch.return();
  await call.abandoned;
  assert.ok(time.isIdle, 'a watch that ended waits for something');
}
