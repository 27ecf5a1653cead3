import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methods, withDesk } from './support/desk.mjs';
import { refusal } from './support/details.mjs';

const range = { startTime: '2026-11-30T00:00:00Z', endTime: '2026-12-01T00:00:00Z' };
const part = (sessions, more) => ({ snapshotPart: { sessions: sessions.map((id) => ({ sessionId: id })), ...more } });

/** The next update as words: `snapshot a b`. */
async function update(watch) {
  const { done, value } = await watch.next();
  if (done) return 'over';
  return [value.case, ...[value.value].flat().map((one) => one.sessionId)].join(' ');
}

async function open({ server, client }, options) {
  const watch = client.watchSessions(range, options);
  const first = update(watch);
  const call = await server.call(methods.watchSessions);
  call.send(part(['a'], {}));
  call.send({ ...part(['b'], { complete: true }), resumeToken: 'r1', heartbeatInterval: '10s' });
  assert.equal(await first, 'snapshot a b');
  return { watch, call };
}

test('the parts of a snapshot are given as one, then every change', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    assert.deepEqual(call.request, range);
    call.send({ changed: { sessionId: 'b' }, resumeToken: 'r2' });
    call.send({ heartbeat: {}, resumeToken: 'r3' });
    call.send({ gone: { sessionId: 'a' }, resumeToken: 'r4' });
    assert.equal(await update(watch), 'changed b');
    assert.equal(watch.resumeToken, 'r2');
    assert.equal(await update(watch), 'gone a');
    assert.equal(watch.resumeToken, 'r4');
    await watch.return();
    await call.abandoned;
    assert.ok(desk.time.isIdle);
  }));

test('it resumes from the last token, which a heartbeat has too', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.send({ heartbeat: {}, resumeToken: 'r2', heartbeatInterval: '10s' });
    await desk.time.freshly(25_000);
    desk.time.pass(25_000);
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    const second = await desk.server.call(methods.watchSessions);
    assert.deepEqual(second.request, { ...range, resumeToken: 'r2' });
    second.send({ changed: { sessionId: 'c' }, resumeToken: 'r3' });
    assert.equal(await pending, 'changed c');
    await watch.return();
  }));

test('a snapshot that breaks off is not given, nor mixed with the next', () =>
  withDesk({}, async ({ server, time, client }) => {
    const watch = client.watchSessions(range);
    const pending = update(watch);
    const first = await server.call(methods.watchSessions);
    first.send({ ...part(['old'], {}), heartbeatInterval: '10s' });
    await time.waitingFor(25_000);
    first.breakOff();
    await time.waitingFor(100);
    time.pass(100);
    const second = await server.call(methods.watchSessions);
    assert.equal(second.request.resumeToken, undefined);
    second.send({ ...part([], { complete: true }), resumeToken: 'r1' });
    assert.equal(await pending, 'snapshot');
    await watch.return();
  }));

test('after RESUME_EXPIRED a fresh snapshot comes at once', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('out_of_range', 'RESUME_EXPIRED'));
    const second = await desk.server.call(methods.watchSessions);
    assert.equal(second.request.resumeToken, undefined);
    second.send({ ...part(['z'], { complete: true }), resumeToken: 'n1' });
    assert.equal(await pending, 'snapshot z');
    await watch.return();
  }));

test('a later watch resumes where an earlier one was left', () =>
  withDesk({}, async ({ server, client }) => {
    const watch = client.watchSessions(range, { after: 'r9' });
    const pending = update(watch);
    const call = await server.call(methods.watchSessions);
    assert.equal(call.request.resumeToken, 'r9');
    call.send({ heartbeat: {}, resumeToken: 'r9' });
    call.send({ changed: { sessionId: 'a' }, resumeToken: 'r10' });
    assert.equal(await pending, 'changed a');
    await watch.return();
  }));

test('a range with too many visits is an error', () =>
  withDesk({}, async ({ server, time, client }) => {
    const pending = update(client.watchSessions(range));
    (await server.call(methods.watchSessions)).end(refusal('resource_exhausted', 'WATCH_TOO_LARGE', { metadata: { visits_max: '20000' } }));
    await assert.rejects(pending, { reason: 'WATCH_TOO_LARGE', metadata: { visits_max: '20000' } });
    assert.ok(time.isIdle);
  }));
