import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TelehealthError } from '../../generated/web/index.js';
import { methods, withDesk } from './support/desk.mjs';
import { badRequest, bytes, detail, errorInfo, number, refusal, retryInfo } from './support/details.mjs';

/** The error that a call fails with when the service refuses it so. */
async function failure(error, headers) {
  let caught;
  await withDesk({ maxAttempts: 1 }, async ({ server, client }) => {
    const answered = client.sessions.join({ sessionId: 's-1' });
    (await server.call(methods.joinSession)).fail(error, headers);
    await assert.rejects(answered, (thrown) => {
      caught = thrown;
      return thrown instanceof TelehealthError && thrown instanceof Error;
    });
  });
  return caught;
}

test('an error has its code, its reason and what the reason says', async () => {
  const error = await failure(refusal('failed_precondition', 'TOO_EARLY', {
    metadata: { open_time: '2026-11-30T12:15:00Z', 'über': 'größer' },
  }));
  assert.equal(error.name, 'TelehealthError');
  assert.equal(error.code, 'failed_precondition');
  assert.equal(error.message, 'refused: TOO_EARLY');
  assert.equal(error.reason, 'TOO_EARLY');
  assert.deepEqual(error.metadata, { open_time: '2026-11-30T12:15:00Z', 'über': 'größer' });
  assert.equal(error.retryAfterMs, undefined);
  assert.equal(error.isConnectionError, false);
});

test('the missing consents are those of the details', async () => {
  const missing = Buffer.concat([
    number(1, 1), bytes(2, 'hipaa_telehealth'), bytes(3, 'person-7'), number(4, 1), number(5, 7), bytes(6, 'v2'),
    // A remedy: types, methods (packed), a guardian, a text with its hash.
    bytes(7, Buffer.concat([
      bytes(1, 'hipaa_telehealth'), bytes(1, 'hipaa_all'), bytes(2, Buffer.from([1, 2])), number(5, 1),
      bytes(6, Buffer.concat([bytes(1, 'hipaa_telehealth'), bytes(4, Buffer.from([0xfb, 0xff]))])),
    ])),
  ]);
  const error = await failure(refusal('failed_precondition', 'CONSENT_MISSING', {
    more: [detail('telehealth.v1.MissingConsentDetail', bytes(1, missing), bytes(1, number(5, 99)))],
  }));
  assert.deepEqual(error.missing, [
    {
      action: 'CONSENT_ACTION_JOIN', type: 'hipaa_telehealth', personId: 'person-7',
      personRole: 'CONSENT_PERSON_ROLE_CLIENT', cause: 'MISSING_CONSENT_CAUSE_OUTDATED_VERSION', documentVersion: 'v2',
      remedy: {
        types: ['hipaa_telehealth', 'hipaa_all'], methods: ['CONSENT_METHOD_ELECTRONIC', 'CONSENT_METHOD_PAPER'],
        guardianSigns: true, documents: [{ type: 'hipaa_telehealth', textSha256: '+/8=' }],
      },
    },
    // A value of a later version of the service.
    { cause: 99 },
  ]);
});

test('the fields at fault are those of the details', async () => {
  const error = await failure(refusal('invalid_argument', 'INVALID_FIELD', {
    more: [badRequest(['session_id', 'must not be empty'], ['pre_visit_check.location_state', 'must be two letters'])],
  }));
  assert.deepEqual(error.fieldViolations, [
    { field: 'session_id', description: 'must not be empty' },
    { field: 'pre_visit_check.location_state', description: 'must be two letters' },
  ]);
});

test('the status of the visit and failed preconditions are those of the details', async () => {
  const violation = Buffer.concat([bytes(1, 'CAPACITY'), bytes(2, 'clinic'), bytes(3, 'full')]);
  const error = await failure(refusal('failed_precondition', 'INVALID_STATE', {
    metadata: { status: 'COMPLETED' },
    more: [
      detail('telehealth.v1.SessionStateDetail', number(1, 4)),
      detail('google.rpc.PreconditionFailure', bytes(1, violation)),
    ],
  }));
  assert.equal(error.sessionStatus, 'SESSION_STATUS_COMPLETED');
  assert.deepEqual(error.preconditionViolations, [{ type: 'CAPACITY', subject: 'clinic', description: 'full' }]);
});

for (const [what, details, headers, expected] of [
  ['RetryInfo', [retryInfo(1, 250_000_000)], {}, 1250],
  ['a day at most', [retryInfo(10_000_000)], {}, 86_400_000],
  ['no time before now', [retryInfo(-5)], {}, 0],
  ['Retry-After', [], { 'retry-after': '7' }, 7000],
]) {
  test(`the delay that the service asks for is known: ${what}`, async () => {
    const error = await failure({ code: 'resource_exhausted', details }, headers);
    assert.equal(error.retryAfterMs, expected);
  });
}

test('a reason of another domain is not one of the service', async () => {
  const error = await failure({ code: 'unauthenticated', details: [errorInfo('TOKEN_EXPIRED', { a: 'b' }, 'proxy.example')] });
  assert.equal(error.reason, undefined);
  assert.deepEqual(error.metadata, {});
  assert.equal(error.isStaleToken, false);
});

test('details with padding, of the other alphabet, or with a type URL are read all the same', async () => {
  const info = errorInfo('SESSION_EXISTS', { session_id: 'ÿþ?' });
  const url = info.value.replaceAll('+', '-').replaceAll('/', '_');
  const padded = info.value.padEnd(Math.ceil(info.value.length / 4) * 4, '=');
  for (const value of [url, padded]) {
    const error = await failure({ code: 'already_exists', details: [{ type: `type.googleapis.com/${info.type}`, value }] });
    assert.equal(error.reason, 'SESSION_EXISTS');
    assert.equal(error.metadata.session_id, 'ÿþ?');
  }
});

const good = errorInfo('SESSION_NOT_FOUND');
const base64 = (...content) => Buffer.from(content).toString('base64');
for (const [what, bad] of [
  ['text that is not base64', { type: 'google.rpc.RetryInfo', value: '!!!' }],
  ['a field that ends early', { type: 'google.rpc.RetryInfo', value: base64(10, 200) }],
  ['a number without an end', { type: 'google.rpc.RetryInfo', value: base64(8, ...Array(11).fill(255)) }],
  ['a length above all bounds', { type: 'google.rpc.RetryInfo', value: base64(10, 255, 255, 255, 255, 255, 255, 255, 127) }],
  ['the field number 0', { type: 'google.rpc.RetryInfo', value: base64(0, 0) }],
  ['a group', { type: 'google.rpc.RetryInfo', value: base64(11, 12) }],
  ['a number where a message is due', { type: 'google.rpc.RetryInfo', value: base64(8, 1) }],
  ['text that is not UTF-8', { type: 'google.rpc.BadRequest', value: base64(10, 3, 10, 1, 255) }],
  ['a type that is not known', { type: 'example.v1.Other', value: base64(10, 0) }],
  ['a type named like a member of every object', { type: 'constructor', value: base64(10, 0) }],
  ['no value', { type: 'google.rpc.RetryInfo' }],
  ['nothing', null],
]) {
  test(`a detail that is damaged takes nothing from the others: ${what}`, async () => {
    const error = await failure({ code: 'not_found', details: [bad, good] });
    assert.equal(error.reason, 'SESSION_NOT_FOUND');
    assert.equal(error.retryAfterMs, undefined);
    assert.deepEqual(error.fieldViolations, []);
  });
}

test('fields that are not known are passed over, whatever their wire type', async () => {
  const strange = Buffer.concat([
    number(90, 1), Buffer.from([0x99, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]), Buffer.from([0x9d, 0x06, 1, 2, 3, 4]),
  ]);
  const info = detail('google.rpc.ErrorInfo', strange, bytes(1, 'NOT_JOINED'), bytes(2, 'telehealth.v1'));
  assert.equal((await failure({ code: 'failed_precondition', details: [info] })).reason, 'NOT_JOINED');
});

test('of two details of one type the first counts', async () => {
  const error = await failure({ code: 'not_found', details: [good, errorInfo('PERSON_NOT_FOUND'), retryInfo(1), retryInfo(2)] });
  assert.equal(error.reason, 'SESSION_NOT_FOUND');
  assert.equal(error.retryAfterMs, 1000);
});

test('details of another form than a list are none', async () => {
  for (const details of [{ 0: good }, 'x', 3]) {
    assert.equal((await failure({ code: 'not_found', details })).reason, undefined);
  }
});
