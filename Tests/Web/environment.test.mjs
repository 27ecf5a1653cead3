import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TelehealthClient, browserEnvironment, durationMs } from '../../generated/web/index.js';

/** As much of a window as the client looks at. */
function fakeWindow() {
  const scope = new EventTarget();
  scope.crypto = crypto;
  scope.document = new EventTarget();
  scope.document.visibilityState = 'visible';
  return scope;
}

test('the network that is back and the page that is seen again wake a client', () => {
  const scope = fakeWindow();
  const causes = [];
  const stop = browserEnvironment(scope).onWake((cause) => causes.push(cause));
  scope.dispatchEvent(new Event('online'));
  scope.document.visibilityState = 'hidden';
  scope.document.dispatchEvent(new Event('visibilitychange'));
  scope.document.visibilityState = 'visible';
  scope.document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(causes, ['online', 'visible']);
  stop();
  scope.dispatchEvent(new Event('online'));
  scope.document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(causes.length, 2);
});

test('without a page there is nothing to listen to, and everything else works', () => {
  const environment = browserEnvironment({ crypto });
  environment.onWake(() => assert.fail())();
  assert.equal(environment.randomBytes(5).length, 5);
  assert.ok(Math.abs(environment.now() - Date.now()) < 60_000);
});

test('a timer of the browser calls back, unless it is cleared', async () => {
  const environment = browserEnvironment();
  environment.clearTimeout(environment.setTimeout(() => assert.fail(), 0));
  await new Promise((resolve) => environment.setTimeout(resolve, 1));
});

test('request ids of the browser\'s chance are valid and differ', async () => {
  const ids = new Set();
  const fetch = async (url, request) => {
    ids.add(JSON.parse(request.body).requestId);
    return new Response('{}', { headers: { 'content-type': 'application/json' } });
  };
  const client = new TelehealthClient({ baseUrl: '', fetch });
  for (let round = 0; round < 50; round += 1) await client.sessions.create({});
  assert.equal(ids.size, 50);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('fetch is called without a receiver, as a browser demands', async () => {
  async function strict() {
    assert.equal(this, undefined);
    return new Response('{}', { headers: { 'content-type': 'application/json' } });
  }
  await new TelehealthClient({ baseUrl: '', fetch: strict }).sessions.get({});
});

for (const [text, ms] of [
  ['15s', 15_000], ['0.001s', 1], ['3.5s', 3500], ['-1s', -1000], ['', undefined], ['15', undefined], [undefined, undefined],
  ['1e9s', undefined], ['Infinitys', undefined],
]) {
  test(`the duration ${text} is ${ms} ms`, () => assert.equal(durationMs(text), ms));
}
