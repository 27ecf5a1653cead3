internal import TelehealthModel
internal import TelehealthRules

/// Who may see which session, appointment, recording and consent: by identity, by the roster, and by what ties a caller
/// to somebody. What a caller may not see does not exist for them.
///
/// Isolation: the caller's.
final class CallerAccess: Sendable {
    let store: any TelehealthStore
    let contexts: RuleContextSource
    let audit: AuditRecorder

    init(store: any TelehealthStore, contexts: RuleContextSource, audit: AuditRecorder) {
        self.store = store
        self.contexts = contexts
        self.audit = audit
    }

    /// The session with the caller's standing in it.
    ///
    /// - Throws: as ``SessionState/standing(of:in:)``; `SESSION_NOT_FOUND` also when it does not exist.
    func visible(_ id: SessionID, in matter: SessionMatter = .visit, _ caller: Caller)
        async throws(TelehealthError) -> (SessionState, CallerMembership)
    {
        let state = try await reading(await store.session(id))
        return try await seen(state, in: matter, by: caller)
    }

    /// The rule of who may know of a session; `state` is nil for one that does not exist.
    func seen(_ state: SessionState?, in matter: SessionMatter = .visit, by caller: Caller)
        async throws(TelehealthError) -> (SessionState, CallerMembership)
    {
        guard let state else { throw TelehealthError(.sessionNotFound) }
        let standing = try state.standing(of: caller, in: matter)
        if standing == .participant(.guardian), try await !hasGuardian(state) {
            throw TelehealthError(.sessionNotFound)
        }
        return (state, standing)
    }

    /// The session with the caller's standing in it, for a call that only reads: both the access and its
    /// refusal are in the log when this returns.
    ///
    /// - Throws: as ``SessionState/standing(of:in:)``; `AUDIT_UNAVAILABLE`.
    func read(
        _ action: String, _ id: SessionID, in matter: SessionMatter = .visit, _ invocation: Invocation
    ) async throws(TelehealthError) -> (SessionState, CallerMembership) {
        let found: (state: SessionState, standing: CallerMembership)
        do { found = try await visible(id, in: matter, invocation.caller) } catch {
            try await audit.denial(error, action, id, invocation)
            throw error
        }
        try await audit.read(action, person: found.state.session.clientID, session: id, invocation)
        return found
    }

    func visible(_ id: AppointmentID, _ caller: Caller) async throws(TelehealthError) -> Appointment {
        guard let appointment = try await stored(id), let standing = CallerMembership.of(caller, in: appointment) else {
            throw TelehealthError(.appointmentNotFound)
        }
        if standing == .participant(.guardian), try await !hasGuardian(appointment) {
            throw TelehealthError(.appointmentNotFound)
        }
        return appointment
    }

    func stored(_ id: AppointmentID) async throws(TelehealthError) -> Appointment? {
        try await reading(await store.appointment(id))
    }

    /// - Throws: `RECORDING_NOT_FOUND` when it does not exist or the caller may not know of its session.
    func visible(_ id: RecordingID, _ caller: Caller) async throws(TelehealthError)
        -> (state: SessionState, standing: CallerMembership, recording: Recording)
    {
        let found = try await reading(await store.recording(id))
        guard let session = found?.sessionID else { throw TelehealthError(.recordingNotFound) }
        do throws(TelehealthError) {
            let (state, standing) = try await visible(session, caller)
            guard let recording = state.recording(id) else { throw TelehealthError(.recordingNotFound) }
            return (state, standing, recording)
        } catch {
            // Whose recording it is must not be told by another word.
            throw error.reason == .sessionNotFound ? TelehealthError(.recordingNotFound) : error
        }
    }

    func consent(_ id: ConsentID) async throws(TelehealthError) -> ConsentRecord {
        guard let record = try await reading(await store.consent(id))
        else {
            throw TelehealthError(.consentNotFound)
        }
        return record
    }

    func openSessions(of subject: SubjectID) async throws(TelehealthError) -> [SessionState] {
        let ids = try await reading(await store.openSessions(of: subject))
        var states: [SessionState] = []
        for id in ids {
            if let state = try await reading(await store.session(id)) {
                states.append(state)
            }
        }
        return states
    }
}
