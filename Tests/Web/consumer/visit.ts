// A stranger's program: every shape of the package in use, under the strictest checks, and what must not compile.

import {
  Environment, Int64, Reason, SessionEventKind, TelehealthClient, TelehealthError, Transport, browserEnvironment, int64,
  sessionEventKind,
} from 'telehealth-rpc-client';
import { SessionsClient } from 'telehealth-rpc-client/services/sessions';

/** A page that waits for its visit: the exhaustive use of a oneof and of an enum's known values. */
export async function follow(client: TelehealthClient, sessionId: string, signal: AbortSignal): Promise<Int64 | undefined> {
  const watch = client.watch(sessionId, {
    signal, after: int64(4), onBreak: (error, delayMs) => console.log(error.code, delayMs.toFixed()),
  });
  for await (const update of watch) {
    if (update.case === 'snapshot') {
      const names: string[] = (update.value.session?.participants ?? []).map((one) => one.participantId ?? '');
      console.log(names.join());
      continue;
    }
    console.log(words(sessionEventKind(update.value)));
    switch (update.value.status) {
      case 'SESSION_STATUS_COMPLETED':
      case 'SESSION_STATUS_CANCELLED':
        return update.value.sequence;
      default:
        // What a later version of the service says is text as well.
        console.log(update.value.status?.toLowerCase());
    }
  }
  // What is not known may be handed on.
  return client.watch(sessionId, { after: watch.sequence, signal: undefined }).sequence;
}

function words(kind: SessionEventKind): string {
  switch (kind.case) {
    case 'statusChanged': return kind.value.cancelReason ?? 'changed';
    case 'meetingReady': return `meeting ${(kind.value.generation ?? 0) + 1}`;
    case 'recordingFailed': return kind.value.reason ?? '';
    case undefined: return 'unknown: read the session again';
    default: return kind.case;
  }
}

/** Every property of an error, and the type of each. */
export function explain(error: unknown): string {
  if (!(error instanceof TelehealthError)) throw error;
  const reason: Reason | undefined = error.reason;
  if (reason === 'CONSENT_MISSING') return error.missing.map((one) => `${one.type ?? ''}: ${one.cause ?? ''}`).join();
  if (reason === 'INVALID_FIELD') return error.fieldViolations.map((one) => one.field ?? '').join();
  if (reason === 'TOO_EARLY') return new Date(error.metadata['open_time'] ?? 0).toISOString();
  return `${error.code} ${error.sessionStatus ?? ''} ${((error.retryAfterMs ?? 0) / 1000).toFixed()} s`;
}

export async function misuses(client: TelehealthClient, sessions: SessionsClient): Promise<void> {
  // @ts-expect-error a number has too few digits for 64 bits
  await sessions.end({ sessionId: 's', expectedVersion: 3 });
  // @ts-expect-error text is not known to be a number
  await sessions.end({ sessionId: 's', expectedVersion: '3' });
  // @ts-expect-error names are those of JSON
  await sessions.end({ session_id: 's' });
  // @ts-expect-error a time is text
  client.watchSessions({ startTime: new Date(), endTime: '2026-12-01T00:00:00Z' });
  // @ts-expect-error a stream is not a promise
  (await client.people.exportRecord({ personId: 'p' })).then();
  // @ts-expect-error an error's reason may be unknown
  explain(new TelehealthError('internal', 'x')).concat(new TelehealthError('internal', 'x').reason.length);
  // @ts-expect-error codes are a closed set
  throw new TelehealthError('no_such_code', 'x');
}

const environment: Environment = { ...browserEnvironment(), randomBytes: (count) => new Uint8Array(count).fill(7) };
const asked: unknown[] = [];
const transport = new Transport({
  baseUrl: 'https://visits.example',
  environment,
  token: async (refused?: string) => refused ?? 'token',
  fetch: async (_, init) => {
    asked.push(JSON.parse(String(init?.body)));
    return new Response('{"session":{"sessionId":"s-1","version":"2"}}', { headers: { 'content-type': 'application/json' } });
  },
});
const { session } = await new SessionsClient(transport).create({ appointmentId: 'appointment-1' });
const version: bigint = BigInt(session?.version ?? 0);
if (version !== 2n || asked.length !== 1) throw new Error('the package does not work');
const client = new TelehealthClient(transport);
const { sessions: more = [], nextPageToken } = await client.sessions.list({ statuses: ['SESSION_STATUS_SCHEDULED'], pageSize: 3 });
console.log(more.length, nextPageToken, client.consentDocuments.constructor.name);
