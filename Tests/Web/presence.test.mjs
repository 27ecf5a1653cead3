import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methods, withDesk } from './support/desk.mjs';
import { refusal } from './support/details.mjs';

// The first message of a participant's watch asks for a heartbeat within 10 s; the delay is up to a fifth less, here a
// tenth.
const asked = { snapshot: { sequence: '4' }, heartbeatInterval: '100s', callHeartbeatWithin: '10s' };
const delayMs = 9_000;

async function present({ server, client }, options) {
  const watch = client.watch('s-1', options);
  const first = watch.next();
  const call = await server.call(methods.watchSession);
  call.send(asked);
  await first;
  return { watch, call };
}

test('whoever watches as a participant counts as present by heartbeats, as often as the service asks', () =>
  withDesk({}, async (desk) => {
    const { watch } = await present(desk, { headers: { 'telehealth-emergency-reason': 'found unconscious' } });
    const pending = watch.next();
    desk.time.pass(delayMs);
    const beat = await desk.server.call(methods.heartbeat);
    assert.equal(beat.request.sessionId, 's-1');
    assert.equal(beat.headers['telehealth-emergency-reason'], 'found unconscious');
    beat.answer({ sequence: '4', nextWithin: '20s' });
    await desk.time.waitingFor(18_000);
    desk.time.pass(18_000);
    (await desk.server.call(methods.heartbeat)).answer({ nextWithin: '20s' });
    await desk.time.freshly(18_000);
    watch.return();
    await assert.rejects(pending, { name: 'AbortError' });
    assert.ok(desk.time.isIdle);
  }));

test('a heartbeat that fails is followed by the next one in time', () =>
  withDesk({}, async (desk) => {
    const { watch } = await present(desk);
    desk.time.pass(delayMs);
    (await desk.server.call(methods.heartbeat)).fail(refusal('permission_denied', 'ROLE_NOT_ALLOWED'));
    await desk.time.freshly(delayMs);
    desk.time.pass(delayMs);
    (await desk.server.call(methods.heartbeat)).answer({ nextWithin: '10s' });
    await desk.time.freshly(delayMs);
    await watch.return();
    assert.ok(desk.time.isIdle);
  }));

test('in a hidden page, where timers rest, what comes on the stream reminds of the heartbeat', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await present(desk);
    const pending = watch.next();
    desk.time.sleep(delayMs);
    call.send({ heartbeat: { sequence: '4' } });
    (await desk.server.call(methods.heartbeat)).answer({ nextWithin: '10s' });
    await desk.time.freshly(delayMs);
    call.send({ event: { sequence: '5' } });
    assert.equal((await pending).value.value.sequence, '5');
    await watch.return();
  }));

test('one heartbeat is open at a time, and what comes meanwhile asks for no other', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await present(desk);
    desk.time.pass(delayMs);
    const beat = await desk.server.call(methods.heartbeat);
    for (const sequence of ['5', '6']) {
      // Longer than the heartbeats' interval, which would ask for another one.
      desk.time.sleep(delayMs);
      call.send({ event: { sequence } });
      assert.equal((await watch.next()).value.value.sequence, sequence);
    }
    beat.answer({ nextWithin: '10s' });
    await desk.time.waitingFor(delayMs);
    await watch.return();
    assert.ok(desk.time.isIdle);
  }));

test('with the watch ends the heartbeat that is still open', () =>
  withDesk({}, async (desk) => {
    const { watch } = await present(desk);
    desk.time.pass(delayMs);
    const beat = await desk.server.call(methods.heartbeat);
    await watch.return();
    await beat.abandoned;
    assert.ok(desk.time.isIdle);
  }));

test('while the stream is broken no heartbeat is called: the next stream begins anew', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await present(desk);
    const pending = watch.next();
    call.breakOff();
    await desk.time.waitingFor(100);
    // An unexpected call would fail the test at its end.
    desk.time.sleep(10 * delayMs);
    desk.time.pass(100);
    const second = await desk.server.call(methods.watchSession);
    second.send({ heartbeat: { sequence: '4' }, callHeartbeatWithin: '10s' });
    await desk.time.waitingFor(delayMs);
    desk.time.pass(delayMs);
    (await desk.server.call(methods.heartbeat)).answer({ nextWithin: '10s' });
    second.end();
    assert.deepEqual(await pending, { done: true, value: undefined });
    assert.ok(desk.time.isIdle);
  }));

test('a watch that is not a participant\'s calls no heartbeat', () =>
  withDesk({}, async ({ server, time, client }) => {
    const watch = client.watch('s-1');
    const first = watch.next();
    const call = await server.call(methods.watchSession);
    call.send({ snapshot: {}, heartbeatInterval: '100s' });
    await first;
    time.pass(90_000);
    await watch.return();
    assert.ok(time.isIdle);
  }));
