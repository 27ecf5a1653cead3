internal import TelehealthModel
internal import TelehealthRules

/// A session after a change: as it was committed or, for a repeated request, as it is now.
struct SessionChange<Made: RequestResult> {
    var state: SessionState
    var standing: CallerMembership
    /// What the change made, if anything.
    var made: Made

    /// The session as its caller may see it.
    var visible: SessionState { Visibility.redact(state, for: standing) }
}

extension CommandPipeline {
    /// A change of one stored session.
    ///
    /// The caller's ``Invocation/expectedVersion`` is judged with the rule, on the state that the rule saw, and so
    /// again whenever a commit came between: after the caller's rights, before what the rule says of the state.
    /// - Parameter rule: changes the draft; returns the id of what it made, if anything.
    func changeSession<Made: RequestResult>(
        _ method: String, _ id: SessionID, _ invocation: Invocation,
        rule: (inout SessionDraft, CallerMembership) async throws(TelehealthError) -> Made
    ) async throws(TelehealthError) -> SessionChange<Made> {
        try await change(method, session: id, invocation) { _, made throws(TelehealthError) in
            let (state, standing) = try await access.visible(id, invocation.caller)
            return SessionChange(state: state, standing: standing, made: made)
        } decide: { () throws(TelehealthError) in
            let (state, standing) = try await access.visible(id, invocation.caller)
            var draft = SessionDraft(state, context())
            let mismatch = state.session.mismatch(invocation.expectedVersion)
            let made: Made
            do throws(TelehealthError) { made = try await rule(&draft, standing) } catch {
                throw error.reason.isOfState ? mismatch ?? error : error
            }
            if let mismatch, !draft.isRepetition { throw mismatch }
            var decision = draft.seal(by: .caller(invocation.caller), action: method, target: made.storedText)
            if invocation.expectedVersion != nil, decision.changes.isEmpty, !draft.isRepetition {
                // Also where the rule found nothing to do, the version holds until the commit.
                decision.expectations.append(.session(id, version: state.session.version))
            }
            // Participant, recording, share or invitation.
            for index in decision.audit.indices { decision.audit[index].hasOwnTarget = true }
            return CommandResult(
                decision: decision, outcome: SessionChange(state: draft.state, standing: standing, made: made),
                sessionID: id, made: made)
        }
    }
}

extension Session {
    /// Why a change that is meant for a version is refused; nil when it has that version, or any will do.
    fileprivate func mismatch(_ expected: Int64?) -> TelehealthError? {
        guard let expected, expected != version else { return nil }
        return .versionMismatch(current: version)
    }
}
