// Reads and denials in the audit log. Changes are written there through their decisions.

public import TelehealthModel
public import TelehealthRules

/// Keeps in the audit log who read what and who was refused, before the answer goes out.
///
/// Isolation: the caller's.
public struct AuditRecorder: Sendable {
    let store: any TelehealthStore
    let contexts: RuleContextSource

    /// ``read(_:person:session:target:reason:_:)`` for calls about the service and no person.
    public func recordRead(_ action: String, _ invocation: Invocation) async throws(TelehealthError) {
        try await read(action, invocation)
    }

    /// Keeps that a caller read something, before it is answered: by waiting, or by holding the answer back
    /// (``Invocation/answer``), which then is `AUDIT_UNAVAILABLE` if the row cannot be written.
    ///
    /// - Throws: `AUDIT_UNAVAILABLE`: what cannot be recorded is not shown.
    func read(
        _ action: String, person: SubjectID? = nil, session: SessionID? = nil, target: String? = nil,
        reason: String? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) {
        guard contexts.policy.auditsReads, !invocation.skipsOwnAuditRow else { return }
        let entry = Principal.caller(invocation.caller).audit(
            action, at: contexts.time.now, person: person, session: session, target: target, reason: reason)
        guard let answer = invocation.answer else { return try await record(entry) }
        answer.hold()
        store.record(entry) { answer.release($0.map { _ in Self.unavailable }) }
    }

    /// ``read(_:person:session:target:reason:_:)`` for what is recorded whatever the policy says: the
    /// log's own readers, and bearer secrets.
    func always(
        _ action: String, person: SubjectID? = nil, session: SessionID? = nil, target: String? = nil,
        reason: String? = nil, _ invocation: Invocation
    ) async throws(TelehealthError) {
        try await record(
            Principal.caller(invocation.caller).audit(
                action, at: contexts.time.now, person: person, session: session, target: target, reason: reason))
    }

    /// A refusal that says something about the caller's rights is kept; one about the visit's state is not.
    func denial(
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
                action, at: contexts.time.now, outcome: .denied, person: person, session: sessionID, target: target,
                reason: reason))
    }

    /// ``recordDenial(action:sessionID:person:target:_:reason:)`` for a call whose bearer is not known, or whose
    /// role may not use it.
    public func recordRefusal(action: String, caller: Caller?, source: String?, reason: String)
        async throws(TelehealthError)
    {
        try await record(
            AuditEntry(
                at: contexts.time.now, subject: caller?.subject ?? "unauthenticated", role: caller?.role,
                actor: caller?.actor, source: source, action: action, outcome: .denied, reason: reason))
    }

    private func record(_ entry: AuditEntry) async throws(TelehealthError) {
        do { try await store.record(entry) } catch { throw Self.unavailable }
    }

    private static let unavailable = TelehealthError(.auditUnavailable, retryAfter: .seconds(1))

    /// Writes down that a caller got in by an emergency alone, before anything is shown: when that cannot be
    /// kept, nothing is shown. Nothing is written for a caller who is of the visit anyway.
    ///
    /// - Throws: `STORE_UNAVAILABLE` and its kin.
    func noteEmergency(_ action: String, _ state: SessionState, _ invocation: Invocation)
        async throws(TelehealthError)
    {
        let caller = invocation.caller
        guard let reason = caller.emergencyReason, CallerMembership.of(caller.withoutEmergency, in: state) == nil
        else {
            return
        }
        let access = EmergencyAccess(
            id: contexts.ids.uuid(), at: contexts.time.now, subject: caller.subject, role: caller.role,
            sessionID: state.session.id,
            action: action, reason: reason)
        var decision = Decision()
        decision.emergencies = [access]
        decision.audit = [
            Principal.caller(caller).audit(
                EmergencyAccess.auditAction, at: access.at, session: access.sessionID, target: access.id,
                reason: action)
        ]
        _ = try await store.applying(decision)
    }

    /// Keeps that the service itself was at fault, for its report. What cannot be written is in the log only.
    func noteFailure(of method: String, _ error: TelehealthError) async {
        guard method == "CreateSession" else { return }
        var decision = Decision()
        decision.changes = [
            .serviceFailure(ServiceFailure(at: contexts.time.now, action: method, reason: error.reason.rawValue))
        ]
        do { _ = try await store.apply(decision) } catch { return }
    }
}
