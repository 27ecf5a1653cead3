// As much of a clinic's service as the tests of service.test.mjs need: appointments, their sessions, cancelling, and
// both watches, in memory. Where those tests run against the daemon, it is not used.

import { badRequest, refusal } from './details.mjs';

const identifier = /^[A-Za-z0-9._:-]{1,64}$/;

export class Clinic {
  #appointments = new Map();
  #sessions = new Map();
  /** First answers by request id: a repeat gets the same. */
  #answers = new Map();
  #watches = new Set();

  constructor(server, token) {
    const play = (method, handler) => server.play(method, (call) => {
      if (call.headers.authorization === undefined) return call.fail(refusal('unauthenticated', 'TOKEN_MISSING'));
      if (call.headers.authorization !== `Bearer ${token}`) return call.fail(refusal('unauthenticated', 'TOKEN_EXPIRED'));
      return handler(call);
    });
    play('AppointmentService/PutAppointment', (call) => this.#once(call, () => this.#put(call.request)));
    play('TelehealthService/CreateSession', (call) => this.#once(call, () => this.#create(call.request)));
    play('TelehealthService/CancelSession', (call) => this.#once(call, () => this.#cancel(call.request)));
    play('TelehealthService/GetSession', (call) => {
      const { error, answer } = this.#get(call.request);
      return error ? call.fail(error) : call.answer(answer);
    });
    play('TelehealthService/WatchSession', (call) => this.#watch(call));
    play('TelehealthService/WatchSessions', (call) => this.#watchAll(call));
  }

  #once(call, perform) {
    const key = `${call.method} ${call.request.requestId}`;
    if (!this.#answers.has(key)) this.#answers.set(key, perform());
    const { error, answer } = this.#answers.get(key);
    return error ? call.fail(error) : call.answer(answer);
  }

  #put(request) {
    const { requestId, ...appointment } = request;
    this.#appointments.set(appointment.appointmentId, appointment);
    return { answer: { appointment } };
  }

  #create({ appointmentId }) {
    if (!this.#appointments.has(appointmentId)) return { error: refusal('not_found', 'APPOINTMENT_NOT_FOUND') };
    const existing = [...this.#sessions.values()].find((session) => session.appointmentId === appointmentId);
    if (existing) {
      return { error: refusal('already_exists', 'SESSION_EXISTS', { metadata: { session_id: existing.sessionId } }) };
    }
    const session = {
      sessionId: `session-${this.#sessions.size + 1}`, appointmentId, status: 'SESSION_STATUS_SCHEDULED', version: '1',
    };
    this.#sessions.set(session.sessionId, session);
    this.#tell({ sequence: '1', sessionCreated: {} }, session);
    return { answer: { session } };
  }

  #get({ sessionId }) {
    if (!identifier.test(sessionId)) {
      return {
        error: refusal('invalid_argument', 'INVALID_FIELD', { more: [badRequest(['session_id', 'must be an identifier'])] }),
      };
    }
    const session = this.#sessions.get(sessionId);
    return session ? { answer: { session } } : { error: refusal('not_found', 'SESSION_NOT_FOUND') };
  }

  #cancel({ sessionId, reason }) {
    const session = this.#sessions.get(sessionId);
    if (!session) return { error: refusal('not_found', 'SESSION_NOT_FOUND') };
    if (session.status !== 'SESSION_STATUS_SCHEDULED') return { answer: { session } };
    const cancelled = { ...session, status: 'SESSION_STATUS_CANCELLED', version: '2' };
    this.#sessions.set(sessionId, cancelled);
    this.#tell({ sequence: '2', statusChanged: { cancelReason: reason } }, cancelled);
    return { answer: { session: cancelled } };
  }

  #watch(call) {
    const session = this.#sessions.get(call.request.sessionId);
    if (!session) return call.end(refusal('not_found', 'SESSION_NOT_FOUND'));
    call.send({ snapshot: { session, sequence: session.version }, heartbeatInterval: '15s' });
    return this.#keep(call, (event, changed) => {
      if (changed.sessionId !== session.sessionId) return;
      call.send({ event: { ...event, status: changed.status } });
      if (changed.status === 'SESSION_STATUS_CANCELLED') call.end();
    });
  }

  #watchAll(call) {
    call.send({ snapshotPart: { sessions: [...this.#sessions.values()], complete: true }, resumeToken: '0', heartbeatInterval: '15s' });
    this.#keep(call, (event, changed) => call.send({ changed, resumeToken: `${changed.sessionId} ${event.sequence}` }));
  }

  #keep(call, watch) {
    this.#watches.add(watch);
    call.response.on('close', () => this.#watches.delete(watch));
  }

  #tell(event, session) {
    for (const watch of [...this.#watches]) watch(event, session);
  }
}
