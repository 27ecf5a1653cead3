import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionEventKind } from '../../generated/web/index.js';
import { envelope } from './support/connect-server.mjs';
import { methods, withDesk } from './support/desk.mjs';
import { refusal } from './support/details.mjs';
import { event, heartbeat, open, snapshot, update } from './support/watching.mjs';

test('a watch gives a snapshot, then each event, and is over when the service ends it', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    assert.deepEqual(call.request, { sessionId: 's-1', presenceByHeartbeat: true });
    assert.equal(call.headers['connect-timeout-ms'], undefined);
    call.send(event(5));
    call.send(heartbeat(5));
    call.send(event(8));
    call.end();
    assert.equal(await update(watch), 'event 5');
    const { value } = await watch.next();
    assert.deepEqual(sessionEventKind(value.value), { case: 'participantWaiting', value: { participantId: 'p' } });
    assert.equal(watch.sequence, '8');
    assert.equal(await update(watch), 'over');
    assert.equal(await update(watch), 'over');
    assert.ok(desk.time.isIdle);
  }));

test('a watch of a session that has no event yet begins at 0', () =>
  withDesk({}, async ({ server, client }) => {
    const watch = client.watch({ sessionId: 's-1' });
    const first = update(watch);
    const call = await server.call(methods.watchSession);
    call.send(snapshot());
    assert.equal(await first, 'snapshot 0');
    call.send(event(1));
    assert.equal(await update(watch), 'event 1');
    await watch.return();
  }));

test('messages are read however the network cuts them', () =>
  withDesk({}, async ({ server, client }) => {
    const bytes = Buffer.concat([envelope(0, snapshot(1)), envelope(0, event(2)), envelope(0, event(3)), envelope(2, {})]);
    for (const size of [1, 7, 64, bytes.length]) {
      const watch = client.watch('s-1');
      const updates = [update(watch)];
      const call = await server.call(methods.watchSession);
      for (let start = 0; start < bytes.length; start += size) {
        call.write(bytes.subarray(start, start + size));
        await new Promise((resolve) => setImmediate(resolve));
      }
      call.response.end();
      assert.equal(await updates[0], 'snapshot 1');
      assert.equal(await update(watch), 'event 2');
      assert.equal(await update(watch), 'event 3');
      assert.equal(await update(watch), 'over');
    }
  }));

for (const reason of ['PARTICIPANT_REMOVED', 'SESSION_NOT_FOUND', 'DATA_DAMAGED']) {
  test(`${reason} ends the watch with its error`, () =>
    withDesk({}, async (desk) => {
      const { watch, call } = await open(desk);
      const pending = update(watch);
      call.end(refusal(reason === 'DATA_DAMAGED' ? 'internal' : 'permission_denied', reason));
      await assert.rejects(pending, { reason });
      assert.equal(await update(watch), 'over');
      assert.ok(desk.time.isIdle);
    }));
}

test('an aborted watch fails with the reason of its signal, and ends its call', () =>
  withDesk({}, async (desk) => {
    const controller = new AbortController();
    const { watch, call } = await open(desk, { signal: controller.signal });
    const pending = update(watch);
    const reason = new Error('the page was left');
    controller.abort(reason);
    await assert.rejects(pending, reason);
    await call.abandoned;
    assert.ok(desk.time.isIdle);
  }));

test('an abort ends the wait before the next attempt', () =>
  withDesk({}, async (desk) => {
    const controller = new AbortController();
    const { watch, call } = await open(desk, { signal: controller.signal });
    const pending = update(watch);
    call.breakOff();
    await desk.time.waitingFor(100);
    controller.abort();
    await assert.rejects(pending, { name: 'AbortError' });
    assert.ok(desk.time.isIdle);
  }));

test('leaving the loop ends the call', () =>
  withDesk({}, async ({ server, time, client }) => {
    const looped = (async () => {
      for await (const one of client.watch('s-1')) return one.case;
    })();
    const call = await server.call(methods.watchSession);
    call.send(snapshot(1));
    assert.equal(await looped, 'snapshot');
    await call.abandoned;
    assert.ok(time.isIdle);
  }));

test('return ends a watch that waits for its next update', () =>
  withDesk({}, async (desk) => {
    const { watch, call } = await open(desk);
    const pending = update(watch);
    await watch.return();
    await assert.rejects(pending, { name: 'AbortError' });
    await call.abandoned;
    assert.ok(desk.time.isIdle);
  }));

for (const [what, bytes, code] of [
  ['a flag that is not known', envelope(4, {}), 'internal'],
  ['a compressed message, which was not asked for', envelope(1, {}), 'internal'],
  ['text that is not JSON', envelope(0, Buffer.from('hm')), 'internal'],
  ['a length above the limit', Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 'resource_exhausted'],
]) {
  test(`a stream with ${what} is given up`, () =>
    withDesk({}, async ({ server, client }) => {
      const pending = client.sessions.watchSession({ sessionId: 's-1' }).next();
      const call = await server.call(methods.watchSession);
      call.write(bytes);
      await assert.rejects(pending, { code });
      await call.abandoned;
    }));
}

for (const [what, end, outcome] of [
  ['an error that is null is none', { error: null }, { done: true, value: undefined }],
  ['metadata is passed over', { metadata: { 'x-trailer': ['a', 'b'] } }, { done: true, value: undefined }],
  ['an error without a code is unknown', { error: { message: 'no room' } }, { code: 'unknown', message: 'no room' }],
  ['an error with a code that does not exist is unknown', { error: { code: 'odd', message: 'no room' } }, { code: 'unknown', message: 'no room' }],
  ['an error needs no message', { error: { code: 'unauthenticated' } }, { code: 'unauthenticated' }],
]) {
  test(`in the end of a stream ${what}`, () =>
    withDesk({}, async ({ server, client }) => {
      const stream = client.sessions.watchSession({ sessionId: 's-1' });
      const first = stream.next();
      const call = await server.call(methods.watchSession);
      call.send({});
      call.write(envelope(2, end));
      call.response.end();
      assert.deepEqual(await first, { done: false, value: {} });
      if (outcome.code) await assert.rejects(stream.next(), outcome);
      else assert.deepEqual(await stream.next(), outcome);
    }));
}

test('a stream without an end has failed, after the messages that came', () =>
  withDesk({}, async ({ server, client }) => {
    const stream = client.sessions.watchSession({ sessionId: 's-1' });
    const first = stream.next();
    const call = await server.call(methods.watchSession);
    call.send(event(1));
    call.response.end();
    assert.equal((await first).value.event.sequence, '1');
    await assert.rejects(stream.next(), { code: 'internal', isConnectionError: true });
  }));

test('an answer that is not a stream is an error', () =>
  withDesk({}, async ({ server, client }) => {
    for (const [type, code] of [['application/connect+proto', 'internal'], ['text/html', 'unknown']]) {
      const first = client.sessions.watchSession({ sessionId: 's-1' }).next();
      (await server.call(methods.watchSession)).raw(200, { 'content-type': type }, '');
      await assert.rejects(first, { code });
    }
  }));

test('a refusal by HTTP status, as a proxy makes it, is an error of the stream', () =>
  withDesk({}, async ({ server, client }) => {
    for (const [status, code] of [[401, 'unauthenticated'], [404, 'unimplemented']]) {
      const pending = update(client.watch('s-1'));
      (await server.call(methods.watchSession)).raw(status, { 'content-type': 'text/html' }, '<html>');
      await assert.rejects(pending, { code });
    }
  }));
