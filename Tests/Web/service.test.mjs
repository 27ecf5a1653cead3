// What the client and a real service do together. It needs no script, so it runs against any service: see
// support/service.mjs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TelehealthClient, int64, sessionEventKind } from '../../generated/web/index.js';
import { openService } from './support/service.mjs';

let service;
let client;

before(async () => {
  service = await openService();
  client = new TelehealthClient({ baseUrl: service.baseUrl, token: () => service.token });
});
after(() => service.stop());

const hour = 3_600_000;
const inHours = (hours) => new Date(Date.now() + hours * hour).toISOString();

/** An appointment in an hour and its session, which nobody else has. */
async function scheduled() {
  const appointmentId = `web-${crypto.randomUUID()}`;
  await client.appointments.put({
    appointmentId, clientId: 'web-client', clinicianId: 'web-clinician', scheduledStartTime: inHours(1),
    scheduledEndTime: inHours(2), timeZone: 'America/New_York', sourceVersion: int64(1),
  });
  const { session } = await client.sessions.create({ appointmentId });
  assert.equal(session.status, 'SESSION_STATUS_SCHEDULED');
  assert.equal(session.appointmentId, appointmentId);
  return session;
}

test('a session is created for an appointment, and read', async () => {
  const { sessionId } = await scheduled();
  assert.equal((await client.sessions.get({ sessionId })).session.sessionId, sessionId);
});

test('the same request id creates one session, another one is refused with its id', async () => {
  const { sessionId, appointmentId } = await scheduled();
  await assert.rejects(client.sessions.create({ appointmentId }), {
    code: 'already_exists', reason: 'SESSION_EXISTS', metadata: { session_id: sessionId },
  });
  const requestId = crypto.randomUUID();
  const reason = 'CANCEL_REASON_OTHER';
  const [first, second] = [
    await client.sessions.cancel({ requestId, sessionId, reason }), await client.sessions.cancel({ requestId, sessionId, reason }),
  ];
  assert.equal(first.session.status, 'SESSION_STATUS_CANCELLED');
  assert.equal(second.session.version, first.session.version);
});

test('an id that does not exist is not found', () =>
  assert.rejects(client.sessions.get({ sessionId: 'nobody-has-this' }), {
    name: 'TelehealthError', code: 'not_found', reason: 'SESSION_NOT_FOUND',
  }));

test('a field at fault is named by its path', () =>
  assert.rejects(client.sessions.get({ sessionId: 'no such characters!' }), (error) => {
    assert.equal(error.code, 'invalid_argument');
    assert.equal(error.reason, 'INVALID_FIELD');
    assert.deepEqual(error.fieldViolations.map((violation) => violation.field), ['session_id']);
    return true;
  }));

test('who has no token is unauthenticated', () =>
  assert.rejects(new TelehealthClient({ baseUrl: service.baseUrl, credentials: 'omit' }).sessions.get({ sessionId: 's' }), {
    code: 'unauthenticated',
  }));

test('a watch begins with a snapshot, gives what happens, and ends with the session', async () => {
  const { sessionId } = await scheduled();
  const updates = [];
  for await (const update of client.watch(sessionId)) {
    updates.push(update);
    if (update.case === 'snapshot') await client.sessions.cancel({ sessionId, reason: 'CANCEL_REASON_OTHER' });
  }
  assert.equal(updates[0].case, 'snapshot');
  assert.equal(updates[0].value.session.sessionId, sessionId);
  const last = updates.at(-1).value;
  assert.equal(last.status, 'SESSION_STATUS_CANCELLED');
  assert.equal(sessionEventKind(last).case, 'statusChanged');
  assert.ok(BigInt(last.sequence) > BigInt(updates[0].value.sequence ?? 0));
});

test('a watch of a session that does not exist fails', () =>
  assert.rejects(client.watch('nobody-has-this').next(), { code: 'not_found', reason: 'SESSION_NOT_FOUND' }));

test('a watch of a day has what is there, then what is new', async () => {
  const early = await scheduled();
  const watch = client.watchSessions({ startTime: inHours(-1), endTime: inHours(12) });
  const { value: snapshot } = await watch.next();
  assert.equal(snapshot.case, 'snapshot');
  assert.ok(snapshot.value.some((summary) => summary.sessionId === early.sessionId));
  const late = await scheduled();
  for await (const update of watch) {
    if (update.case === 'changed' && update.value.sessionId === late.sessionId) break;
  }
  assert.ok(watch.resumeToken);
});
