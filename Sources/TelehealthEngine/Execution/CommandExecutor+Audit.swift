// Reads and denials in the audit log. Changes stand there through their decisions.
// Reads and denials in the audit log. Changes stand there through their decisions.

public import TelehealthModel
public import TelehealthRules

extension CommandExecutor {
    /// The session with the caller's standing in it, for a call that only reads: both the access and its
    /// refusal are in the log when this returns.
    ///
    /// - Throws: as ``SessionState/standing(of:in:)``; `AUDIT_UNAVAILABLE`.
    func read(
        _ action: String, _ id: SessionID, in matter: SessionMatter = .visit, _ invocation: Invocation
    ) async throws(TelehealthError) -> (SessionState, CallerMembership) {
        let found: (state: SessionState, standing: CallerMembership)
        do { found = try await visible(id, in: matter, invocation.caller) } catch {
            try await auditDenial(error, action, id, invocation)
            throw error
        }
        try await auditRead(action, person: found.state.session.clientID, session: id, invocation)
        return found
    }

    /// ``auditRead(_:person:session:target:reason:_:)`` for calls about the service and no person.
    public func recordRead(_ action: String, _ invocation: Invocation) async throws(TelehealthError) {
        try await auditRead(action, invocation)
    }

    /// Keeps that a caller read something, before it is answered.
    ///
    /// - Throws: `AUDIT_UNAVAILABLE`: what cannot be recorded is not shown.
    func auditRead(
        _ action: String, person: SubjectID? = nil, session: SessionID? = nil, target: String? = nil,
        reason: String? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) {
        guard policy.auditsReads, !invocation.skipsOwnAuditRow else { return }
        try await auditAlways(
            action, person: person, session: session, target: target, reason: reason, invocation)
    }

    /// ``auditRead(_:person:session:target:reason:_:)`` for what is recorded whatever the policy says: the
    /// log's own readers, and bearer secrets.
    func auditAlways(
        _ action: String, person: SubjectID? = nil, session: SessionID? = nil, target: String? = nil,
        reason: String? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) {
        try await record(
            Principal.caller(invocation.caller).audit(
                action, at: time.now, person: person, session: session, target: target, reason: reason))
    }

    /// A refusal that says something about the caller's rights is kept; one about the visit's state is not.
    func auditDenial(
        _ error: TelehealthError, _ method: String, _ session: SessionID?, _ invocation: Invocation
    ) async throws(TelehealthError) {
        switch error.category {
        case .notFound, .permissionDenied, .unauthenticated:
            try await recordDenial(
                action: method, sessionID: session, invocation, reason: error.reason.rawValue)
        case .aborted, .unavailable, .resourceExhausted, .internalFault, .dataLoss:
            await noteFailure(of: method, error)
        case .invalidArgument, .alreadyExists, .failedPrecondition, .outOfRange, .cancelled:
            break
        }
    }

    /// Keeps that a caller was refused, before the refusal goes out.
    ///
    /// - Throws: `AUDIT_UNAVAILABLE`, to be answered in place of the refusal.
    public func recordDenial(
        action: String, sessionID: SessionID?, person: SubjectID? = nil, target: String? = nil,
        _ invocation: Invocation, reason: String
    ) async throws(TelehealthError) {
        try await record(
            Principal.caller(invocation.caller).audit(
                action, at: time.now, outcome: .denied, person: person, session: sessionID, target: target,
                reason: reason))
    }

    /// ``recordDenial(action:sessionID:person:target:_:reason:)`` for a call whose bearer is not known, or whose
    /// role may not use it.
    public func recordRefusal(action: String, caller: Caller?, source: String?, reason: String)
        async throws(TelehealthError)
    {
        try await record(
            AuditEntry(
                at: time.now, subject: caller?.subject ?? "unauthenticated", role: caller?.role,
                actor: caller?.actor, source: source, action: action, outcome: .denied, reason: reason))
    }

    private func record(_ entry: AuditEntry) async throws(TelehealthError) {
        do { try await store.record(entry) } catch {
            throw TelehealthError(.auditUnavailable, retryAfter: .seconds(1))
        }
    }
}

extension SessionReference {
    var sessionID: SessionID? { if case .session(let id) = self { id } else { nil } }
    var appointmentID: AppointmentID? { if case .appointment(let id) = self { id } else { nil } }
}
