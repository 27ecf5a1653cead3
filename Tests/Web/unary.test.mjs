import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionsClient, TelehealthError, int64 } from '../../generated/web/index.js';
import { methods, withDesk } from './support/desk.mjs';
import { refusal, retryInfo } from './support/details.mjs';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a call is a POST of JSON, and its answer is the JSON of the service', () =>
  withDesk({}, async ({ server, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    const call = await server.call(methods.getSession);
    assert.deepEqual(call.request, { sessionId: 's-1' });
    assert.equal(call.headers['content-type'], 'application/json');
    assert.equal(call.headers.authorization, undefined);
    call.answer({ session: { sessionId: 's-1', version: '9007199254740993' } });
    const { session } = await answered;
    assert.equal(session.version, '9007199254740993');
    assert.equal(BigInt(session.version), 2n ** 53n + 1n);
  }));

test('a client of one service needs no other', () =>
  withDesk({}, async ({ server, time }) => {
    const sessions = new SessionsClient({ baseUrl: `${server.baseUrl}/`, environment: time });
    const answered = sessions.get({ sessionId: 's-1' });
    (await server.call(methods.getSession)).answer({});
    assert.deepEqual(await answered, {});
  }));

test('a change gets a request id of its own, and one that has an id keeps it', () =>
  withDesk({}, async ({ server, client }) => {
    const ids = [];
    for (const request of [{ appointmentId: 'a' }, { appointmentId: 'a' }, { appointmentId: 'a', requestId: 'mine' }]) {
      const answered = client.sessions.create(request);
      const call = await server.call(methods.createSession);
      ids.push(call.request.requestId);
      call.answer({});
      await answered;
    }
    assert.match(ids[0], uuid);
    assert.match(ids[1], uuid);
    assert.notEqual(ids[0], ids[1]);
    assert.equal(ids[2], 'mine');
  }));

test('a read has no request id', () =>
  withDesk({}, async ({ server, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    const call = await server.call(methods.getSession);
    assert.equal('requestId' in call.request, false);
    call.answer({});
    await answered;
  }));

for (const trouble of ['unavailable', 'a broken connection', 'an answer that breaks off', 'a proxy without a server']) {
  test(`after ${trouble} a change is repeated with its request id`, () =>
    withDesk({}, async ({ server, time, client }) => {
      const answered = client.sessions.create({ appointmentId: 'a' });
      const first = await server.call(methods.createSession);
      switch (trouble) {
        case 'unavailable': first.fail({ code: 'unavailable' }); break;
        case 'a broken connection': first.breakOff(); break;
        case 'a proxy without a server': first.raw(502, { 'content-type': 'text/html' }, '<html>'); break;
        default:
          first.response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
          first.response.write('{');
          first.response.socket.end();
      }
      await time.waitingFor(100);
      time.pass(100);
      const second = await server.call(methods.createSession);
      assert.equal(second.request.requestId, first.request.requestId);
      second.answer({ session: { sessionId: 's-1' } });
      assert.equal((await answered).session.sessionId, 's-1');
      assert.ok(time.isIdle);
    }));
}

for (const code of ['failed_precondition', 'aborted', 'resource_exhausted', 'internal', 'unknown', 'not_found']) {
  test(`${code} is not repeated`, () =>
    withDesk({}, async ({ server, time, client }) => {
      const answered = client.sessions.create({ appointmentId: 'a' });
      (await server.call(methods.createSession)).fail({ code, message: 'no' });
      await assert.rejects(answered, { name: 'TelehealthError', code, message: 'no' });
      assert.ok(time.isIdle);
    }));
}

test('delays double from 100 ms, and the last of six attempts fails', () =>
  withDesk({}, async ({ server, time, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    for (const delay of [100, 200, 400, 800, 1600]) {
      (await server.call(methods.getSession)).fail({ code: 'unavailable' });
      await time.waitingFor(delay);
      time.pass(delay);
    }
    (await server.call(methods.getSession)).fail({ code: 'unavailable' });
    await assert.rejects(answered, { code: 'unavailable' });
  }));

const unavailable = (more, headers) => ({
  error: refusal('unavailable', 'STORE_OVERLOADED', { more }), headers,
});
for (const [said, { error, headers }, delay] of [
  ['Retry-After in seconds', unavailable([], { 'retry-after': '3' }), 3000],
  ['Retry-After as a date', unavailable([], { 'retry-after': 'Mon, 30 Nov 2026 12:00:04 GMT' }), 4000],
  ['RetryInfo', unavailable([retryInfo(2, 500_000_000)]), 2500],
  ['both, where the longer counts', unavailable([retryInfo(1)], { 'retry-after': '5' }), 5000],
  ['a time that is over', unavailable([], { 'retry-after': 'Mon, 30 Nov 2026 11:00:00 GMT' }), 100],
  ['nonsense', unavailable([], { 'retry-after': 'soon' }), 100],
]) {
  test(`the next attempt waits as long as the service says, by ${said}`, () =>
    withDesk({}, async ({ server, time, client }) => {
      const answered = client.sessions.get({ sessionId: 's-1' });
      (await server.call(methods.getSession)).fail(error, headers);
      await time.waitingFor(delay);
      time.pass(delay);
      (await server.call(methods.getSession)).answer({});
      await answered;
    }));
}

test('a wait beyond the time of the call is not begun', () =>
  withDesk({ timeoutMs: 5000 }, async ({ server, time, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    (await server.call(methods.getSession)).fail({ code: 'unavailable' }, { 'retry-after': '5' });
    await assert.rejects(answered, { code: 'unavailable', retryAfterMs: 5000 });
    assert.ok(time.isIdle);
  }));

test('a call that is not answered in time fails, and its connection is given up', () =>
  withDesk({ timeoutMs: 7000 }, async ({ server, time, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    const call = await server.call(methods.getSession);
    assert.equal(call.headers['connect-timeout-ms'], '7000');
    time.pass(7000);
    await assert.rejects(answered, { code: 'deadline_exceeded' });
    await call.abandoned;
    assert.ok(time.isIdle);
  }));

test('later attempts have the rest of the time', () =>
  withDesk({}, async ({ server, time, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' }, { timeoutMs: 1000 });
    (await server.call(methods.getSession)).fail({ code: 'unavailable' });
    await time.waitingFor(100);
    time.pass(100);
    const second = await server.call(methods.getSession);
    assert.equal(second.headers['connect-timeout-ms'], '900');
    second.answer({});
    await answered;
  }));

test('an aborted call fails with the reason of its signal', () =>
  withDesk({}, async ({ server, time, client }) => {
    const controller = new AbortController();
    const answered = client.sessions.get({ sessionId: 's-1' }, { signal: controller.signal });
    const call = await server.call(methods.getSession);
    const reason = new Error('the page was left');
    controller.abort(reason);
    await assert.rejects(answered, reason);
    await call.abandoned;
    assert.ok(time.isIdle);
    await assert.rejects(client.sessions.get({}, { signal: controller.signal }), reason);
  }));

test('an abort ends the wait between attempts', () =>
  withDesk({}, async ({ server, time, client }) => {
    const controller = new AbortController();
    const answered = client.sessions.get({ sessionId: 's-1' }, { signal: controller.signal });
    (await server.call(methods.getSession)).fail({ code: 'unavailable' });
    await time.waitingFor(100);
    controller.abort();
    await assert.rejects(answered, { name: 'AbortError' });
    assert.ok(time.isIdle);
  }));

test('a token that is refused as expired is replaced once', () => {
  const asked = [];
  const token = (refused) => {
    asked.push(refused);
    return `token-${asked.length}`;
  };
  return withDesk({ token }, async ({ server, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    for (const expected of ['Bearer token-1', 'Bearer token-2']) {
      const call = await server.call(methods.getSession);
      assert.equal(call.headers.authorization, expected);
      call.fail(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    }
    await assert.rejects(answered, { reason: 'TOKEN_EXPIRED' });
    assert.deepEqual(asked, [undefined, 'token-1']);
  });
});

test('with cookies, an expired session is an error at once', () =>
  withDesk({}, async ({ server, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    (await server.call(methods.getSession)).fail(refusal('unauthenticated', 'TOKEN_EXPIRED'));
    await assert.rejects(answered, { code: 'unauthenticated', reason: 'TOKEN_EXPIRED', isStaleToken: true });
  }));

test('without a token nothing is sent', () => {
  const cause = new Error('signed out');
  return withDesk({ token: () => Promise.reject(cause) }, async ({ client }) => {
    await assert.rejects(client.sessions.get({}), { code: 'unauthenticated', cause });
  });
});

test('cookies go along by the options: to the own origin, or none beside a token', async () => {
  const sent = [];
  const fetch = async (url, request) => {
    sent.push(request.credentials);
    return new Response('{}', { headers: { 'content-type': 'application/json' } });
  };
  for (const options of [{}, { token: () => 't' }, { credentials: 'include' }]) {
    await new SessionsClient({ baseUrl: '', fetch, ...options }).get({});
  }
  assert.deepEqual(sent, ['same-origin', 'omit', 'include']);
});

test('further headers go along, but replace none of the protocol', () =>
  withDesk({}, async ({ server, client }) => {
    const headers = { 'telehealth-emergency-reason': 'found unconscious', 'content-type': 'text/plain' };
    const answered = client.sessions.get({ sessionId: 's-1' }, { headers });
    const call = await server.call(methods.getSession);
    assert.equal(call.headers['telehealth-emergency-reason'], 'found unconscious');
    assert.equal(call.headers['content-type'], 'application/json');
    call.answer({});
    await answered;
  }));

test('a header that cannot be sent is a fault of the caller, not of the network', () =>
  withDesk({}, async ({ client }) => {
    const headers = { 'telehealth-emergency-reason': 'ohnmächtig — gefunden' };
    await assert.rejects(client.sessions.get({}, { headers }), TypeError);
  }));

for (const [what, status, headers, body, code] of [
  ['a login page', 200, { 'content-type': 'text/html' }, '<html>', 'unknown'],
  ['a redirect', 302, { location: '/login' }, '', 'unknown'],
  ['JSON of another kind', 200, { 'content-type': 'application/json' }, '3', 'internal'],
  ['JSON that breaks off', 200, { 'content-type': 'application/json' }, '{"session":', 'internal'],
  ['an answer in the other codec', 200, { 'content-type': 'application/proto' }, '', 'internal'],
  ['a stream for a unary call', 200, { 'content-type': 'application/connect+json' }, '', 'internal'],
  ['an answer without a type', 200, {}, '{}', 'unknown'],
  ['a bare 401', 401, {}, '', 'unauthenticated'],
  ['a bare 403', 403, {}, '', 'permission_denied'],
  ['a bare 404', 404, {}, '', 'unimplemented'],
  ['a bare 400', 400, {}, '', 'internal'],
  ...[409, 412, 413, 415, 418, 431, 500, 505].map((status) => [`a bare ${status}`, status, {}, '', 'unknown']),
  ['an error of a code that does not exist', 409, { 'content-type': 'application/json' }, '{"code":"odd"}', 'unknown'],
  ['an error that is null', 401, { 'content-type': 'application/json' }, 'null', 'unauthenticated'],
  ['an error of another type', 403, { 'content-type': 'text/plain' }, '{"code":"aborted"}', 'permission_denied'],
]) {
  test(`what is not the service's is told apart: ${what} is ${code}`, () =>
    withDesk({}, async ({ server, client }) => {
      const answered = client.sessions.get({ sessionId: 's-1' });
      (await server.call(methods.getSession)).raw(status, headers, body);
      await assert.rejects(answered, (error) => {
        assert.ok(error instanceof TelehealthError);
        assert.equal(error.code, code);
        assert.equal(error.reason, undefined);
        return true;
      });
    }));
}

for (const status of [429, 502, 503, 504]) {
  test(`a bare ${status} is unavailable, and repeated`, () =>
    withDesk({}, async ({ server, time, client }) => {
      const answered = client.sessions.get({ sessionId: 's-1' });
      (await server.call(methods.getSession)).raw(status, {}, '');
      await time.waitingFor(100);
      time.pass(100);
      (await server.call(methods.getSession)).answer({});
      await answered;
    }));
}

for (const code of ['null', '"full"', '7', undefined]) {
  test(`an error with the code ${code} has that of its status, and its own message`, () =>
    withDesk({}, async ({ server, client }) => {
      const answered = client.sessions.get({ sessionId: 's-1' });
      const body = code === undefined ? '{"message":"no room"}' : `{"code":${code},"message":"no room"}`;
      (await server.call(methods.getSession)).raw(401, { 'content-type': 'application/json; charset=utf-8' }, body);
      await assert.rejects(answered, { code: 'unauthenticated', message: 'no room' });
    }));
}

test('an error needs no message, and may have fields that are not known', () =>
  withDesk({}, async ({ server, client }) => {
    const answered = client.sessions.get({ sessionId: 's-1' });
    (await server.call(methods.getSession)).raw(
      422, { 'content-type': 'application/json' }, '{"code":"out_of_range","more":"x"}');
    await assert.rejects(answered, { code: 'out_of_range' });
  }));

test('int64 keeps every digit, and refuses what does not fit', () => {
  assert.equal(int64(2n ** 63n - 1n), '9223372036854775807');
  assert.equal(int64('18446744073709551615'), '18446744073709551615');
  assert.equal(int64(-5), '-5');
  assert.throws(() => int64(2n ** 64n), RangeError);
  assert.throws(() => int64(1.5), RangeError);
});
