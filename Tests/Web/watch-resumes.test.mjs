import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope } from './support/connect-server.mjs';
import { methods, withDesk } from './support/desk.mjs';
import { refusal, retryInfo } from './support/details.mjs';
import { event, heartbeat, open, resumed, silenceMs, snapshot, update } from './support/watching.mjs';

for (const [what, stop] of [
  ['the connection breaks', (call) => call.breakOff()],
  ['the stream ends without an end', (call) => call.response.end()],
  ['the stream ends within a message', (call) => call.response.end(envelope(0, event(5)).subarray(0, 9))],
  ['the service stops', (call) => call.end({ code: 'unavailable' })],
  ['a proxy makes up an error', (call) => call.end({ code: 'internal', message: 'upstream reset' })],
]) {
  test(`when ${what}, the watch resumes after the last event`, () => {
    const breaks = [];
    return withDesk({}, async (desk) => {
      const { watch, call } = await open(desk, { onBreak: (error, delayMs) => breaks.push([error.code, delayMs]) });
      const pending = update(watch);
      stop(call);
      await desk.time.waitingFor(100);
      assert.equal(breaks.length, 1);
      assert.equal(breaks[0][1], 100);
      desk.time.pass(100);
      await resumed(desk, watch, pending, 4);
    });
  });
}

test('an event that comes a second time is given once', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    call.send(event(5));
    assert.equal(await update(watch), 'event 5');
    const pending = update(watch);
    call.breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    const second = await desk.server.call(methods.watchSession);
    assert.equal(second.request.afterSequence, '5');
    for (const sequence of [4, 5, 6]) second.send(event(sequence));
    assert.equal(await pending, 'event 6');
    await watch.return();
  }));

test('after 2.5 heartbeats of silence the watch gives the stream up and resumes', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    desk.time.pass(silenceMs - 1);
    await desk.time.waitingFor(silenceMs);
    desk.time.pass(1);
    await call.abandoned;
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await resumed(desk, watch, pending, 4);
  }));

test('a heartbeat keeps the stream for another 2.5 heartbeats', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    for (let beat = 0; beat < 3; beat += 1) {
      desk.time.pass(silenceMs - 1);
      call.send(heartbeat(4));
      // The timer of the next wait is set when the heartbeat was read.
      await desk.time.freshly(silenceMs);
    }
    call.send(event(5));
    assert.equal(await pending, 'event 5');
    await watch.return();
  }));

test('before the first message the silence is that of 15 s heartbeats', () =>
  withDesk({}, async ({ server, time, client }) => {
    const watch = client.watch('s-1');
    const pending = update(watch);
    const call = await server.call(methods.watchSession);
    call.open();
    await time.waitingFor(37_500);
    time.pass(37_500);
    await call.abandoned;
    await time.waitingFor(100);
    time.pass(100);
    (await server.call(methods.watchSession)).send(snapshot(1));
    assert.equal(await pending, 'snapshot 1');
    await watch.return();
  }));

test('a slow reader does not take its stream for dead', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    call.send(event(5));
    desk.time.pass(10 * silenceMs);
    assert.equal(await update(watch), 'event 5');
    await watch.return();
  }));

test('after RESUME_EXPIRED the watch begins with a fresh snapshot, at once', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('out_of_range', 'RESUME_EXPIRED'));
    const second = await desk.server.call(methods.watchSession);
    assert.equal(second.request.afterSequence, undefined);
    second.send(snapshot(2));
    assert.equal(await pending, 'snapshot 2');
    second.send(event(3));
    assert.equal(await update(watch), 'event 3');
    await watch.return();
  }));

test('RESUME_EXPIRED of a watch that did not resume is an error', () =>
  withDesk({}, async ({ server, time, client }) => {
    const pending = update(client.watch('s-1'));
    (await server.call(methods.watchSession)).end(refusal('out_of_range', 'RESUME_EXPIRED'));
    await assert.rejects(pending, { reason: 'RESUME_EXPIRED' });
    assert.ok(time.isIdle);
  }));

test('after WATCH_LAGGING the watch resumes at once', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk, { onBreak: () => assert.fail('it waits') });
    const pending = update(watch);
    call.end(refusal('unavailable', 'WATCH_LAGGING'));
    await resumed(desk, watch, pending, 4);
  }));

test('a service that lags without a message is not asked without pause', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('unavailable', 'WATCH_LAGGING'));
    (await desk.server.call(methods.watchSession)).end(refusal('unavailable', 'WATCH_LAGGING'));
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await resumed(desk, watch, pending, 4);
  }));

test('after TOKEN_EXPIRED the watch gets another token and resumes at once', () => {
  const asked = [];
  const token = async (refused) => {
    asked.push(refused);
    return `token-${asked.length}`;
  };
  return withDesk({ token }, async (desk) => {
    const { watch, call } = await open(desk);
    assert.equal(call.headers.authorization, 'Bearer token-1');
    const pending = update(watch);
    call.end(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    const second = await desk.server.call(methods.watchSession);
    assert.equal(second.headers.authorization, 'Bearer token-2');
    assert.equal(second.request.afterSequence, '4');
    second.send(event(5));
    assert.equal(await pending, 'event 5');
    assert.deepEqual(asked, [undefined, 'token-1']);
    await watch.return();
  });
});

test('a fresh token that is refused too is an error', () =>
  withDesk({ token: () => 'always this' }, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    (await desk.server.call(methods.watchSession)).end(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    await assert.rejects(pending, { reason: 'TOKEN_EXPIRED' });
    assert.ok(desk.time.isIdle);
  }));

test('with cookies TOKEN_EXPIRED is an error, after which another watch resumes', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    await assert.rejects(pending, { reason: 'TOKEN_EXPIRED' });
    const later = desk.client.watch('s-1', { after: watch.sequence });
    await resumed(desk, later, update(later), 4);
  }));

test('a token provider that cannot be reached is asked again', () => {
  let isReachable = true;
  const token = async () => {
    if (!isReachable) throw new Error('offline');
    return 'token';
  };
  return withDesk({ token }, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    isReachable = false;
    call.breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await desk.time.waitingFor(200);
    isReachable = true;
    desk.time.pass(200);
    await resumed(desk, watch, pending, 4);
  });
});

for (const cause of ['online', 'visible']) {
  test(`when the page is ${cause} again, a watch that waits resumes at once`, () =>
    withDesk({}, async (desk) => {
      const { watch, call } = await open(desk);
      const pending = update(watch);
      call.breakOff();
      await desk.time.waitingFor(100);
      desk.time.wake(cause);
      await resumed(desk, watch, pending, 4);
    }));
}

test('when the network changed, the stream over the old one is given up at once', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk, { onBreak: () => assert.fail('it waits') });
    const pending = update(watch);
    desk.time.wake('online');
    await call.abandoned;
    await resumed(desk, watch, pending, 4);
  }));

test('so it is when the reader is busy meanwhile, who then misses nothing', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    desk.time.wake('online');
    await call.abandoned;
    await resumed(desk, watch, update(watch), 4);
  }));

test('a page that slept gives up a stream whose heartbeat is overdue at once, and keeps one that is not', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    desk.time.sleep(9_000);
    desk.time.wake('visible');
    desk.time.sleep(2_000);
    desk.time.wake('visible');
    await call.abandoned;
    await resumed(desk, watch, pending, 4);
  }));

test('delays grow until a message comes, and then begin anew', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    let pending = update(watch);
    call.breakOff();
    for (const delay of [100, 200, 400, 800, 1600, 3200, 5000]) {
      await desk.time.waitingFor(delay);
      desk.time.pass(delay);
      const next = await desk.server.call(methods.watchSession);
      if (delay < 5000) {
        next.breakOff();
        continue;
      }
      // Lived longer than the wait before it, so the service is well.
      next.open();
      desk.time.pass(5000);
      next.send(event(5));
      assert.equal(await pending, 'event 5');
      pending = update(watch);
      next.breakOff();
    }
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await resumed(desk, watch, pending, 5);
  }));

test('a service that takes each stream and fails soon is asked less and less often', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.breakOff();
    for (const delay of [100, 200, 400]) {
      await desk.time.waitingFor(delay);
      desk.time.pass(delay);
      const next = await desk.server.call(methods.watchSession);
      next.send(heartbeat(4));
      await desk.time.freshly(silenceMs);
      next.breakOff();
    }
    await desk.time.waitingFor(800);
    desk.time.pass(800);
    await resumed(desk, watch, pending, 4);
  }));

test('a service that asks for a delay is asked again after it', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    call.end(refusal('resource_exhausted', 'RATE_LIMITED', { more: [retryInfo(12)] }));
    await desk.time.waitingFor(12_000);
    desk.time.pass(12_000);
    await resumed(desk, watch, pending, 4);
  }));

test('without a word from the service, patience ends with the last error', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk, { patienceMs: 250 });
    const pending = update(watch);
    call.breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    (await desk.server.call(methods.watchSession)).end({ code: 'unavailable', message: 'still down' });
    await assert.rejects(pending, { code: 'unavailable', message: 'still down' });
    assert.ok(desk.time.isIdle);
  }));

test('patience is for one outage: a message begins it anew', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk, { patienceMs: 250 });
    const pending = update(watch);
    call.breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    const second = await desk.server.call(methods.watchSession);
    desk.time.pass(1000);
    second.send(heartbeat(4));
    await desk.time.freshly(silenceMs);
    second.breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await resumed(desk, watch, pending, 4);
  }));

test('a page that wakes begins its delays and its patience anew', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk, { patienceMs: 1000 });
    const pending = update(watch);
    call.breakOff();
    for (const delay of [100, 200]) {
      await desk.time.waitingFor(delay);
      desk.time.pass(delay);
      (await desk.server.call(methods.watchSession)).breakOff();
    }
    await desk.time.waitingFor(400);
    desk.time.sleep(60_000);
    desk.time.wake('visible');
    (await desk.server.call(methods.watchSession)).breakOff();
    await desk.time.waitingFor(100);
    desk.time.pass(100);
    await resumed(desk, watch, pending, 4);
  }));

test('each token that expires is replaced, however many there are', () => {
  let count = 0;
  const token = () => `token-${(count += 1)}`;
  return withDesk({ token }, async (desk) => {
    let { watch, call } = await open(desk);
    const pending = update(watch);
    for (const expected of ['Bearer token-2', 'Bearer token-3', 'Bearer token-4']) {
      call.end(refusal('unauthenticated', 'TOKEN_EXPIRED'));
      call = await desk.server.call(methods.watchSession);
      assert.equal(call.headers.authorization, expected);
      call.send(heartbeat(4));
      await desk.time.freshly(silenceMs);
    }
    call.send(event(5));
    assert.equal(await pending, 'event 5');
    await watch.return();
  });
});

test('a service that announces an interval of nothing is not taken for dead at once', () =>
  withDesk({}, async ({ server, time, client }) => {
    const watch = client.watch('s-1');
    const first = update(watch);
    const call = await server.call(methods.watchSession);
    call.send({ ...snapshot(1), heartbeatInterval: '0.000001s' });
    assert.equal(await first, 'snapshot 1');
    const pending = update(watch);
    await time.waitingFor(25);
    call.send(event(2));
    assert.equal(await pending, 'event 2');
    await watch.return();
  }));
