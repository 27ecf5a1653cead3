package import TelehealthModel

/// A session being changed: rules write into it, ``seal(by:action:target:reason:)`` turns it into one
/// transaction.
///
/// Rows are only added or changed, never taken away. The verbs live in extensions, one file per family.
package struct SessionDraft {
    package private(set) var context: RuleContext
    private let original: SessionState
    package var state: SessionState
    private var events: [SessionEvent] = []
    private var effects: [Effect] = []
    /// What else the change stands on, besides the session's own version.
    package var expectations: [Decision.Expectation] = []
    /// The verb is said again of a session that it ended.
    package private(set) var isRepetition = false

    /// A stored session.
    package init(_ state: SessionState, _ context: RuleContext) {
        self.context = context.at(placeOf: state)
        original = state
        self.state = state
    }

    /// A session that is not stored yet.
    init(new session: Session, participants: [Participant], _ context: RuleContext) {
        self.init(SessionState(session: session), context)
        state.participants = participants
    }

    package var now: Timestamp { context.now }
    package var policy: Policy { context.policy }
    package var isChanged: Bool { state != original || !effects.isEmpty }

    mutating func repeats() { isRepetition = true }

    /// Judges by the policy of where the client is now.
    mutating func relocate() { context = context.at(placeOf: state) }

    mutating func change(_ id: ParticipantID, _ body: (inout Participant) -> Void) {
        guard let index = state.participants.firstIndex(where: { $0.id == id }) else { return }
        body(&state.participants[index])
    }

    mutating func change(_ id: RecordingID, _ body: (inout Recording) -> Void) {
        guard let index = state.recordings.firstIndex(where: { $0.id == id }) else { return }
        body(&state.recordings[index])
    }

    mutating func change(generation: Int, _ body: (inout MeetingGeneration) -> Void) {
        guard let index = state.meetings.firstIndex(where: { $0.generation == generation }) else { return }
        body(&state.meetings[index])
    }

    mutating func emit(
        _ kind: SessionEvent.Kind, participant: ParticipantID? = nil, recording: RecordingID? = nil,
        share: ScreenShareID? = nil, generation: Int? = nil, reason: SessionEvent.Reason? = nil
    ) {
        assert(reason?.fits(kind, state.session.status) ?? true, "such an event has no such reason")
        state.session.lastEventSequence += 1
        events.append(
            SessionEvent(
                sessionID: state.session.id, sequence: state.session.lastEventSequence, at: now, kind: kind,
                status: state.session.status, participantID: participant, recordingID: recording,
                screenShareID: share, generation: generation, reason: reason))
    }

    mutating func change(_ id: InvitationID, _ body: (inout Invitation) -> Void) {
        guard let index = state.invitations.firstIndex(where: { $0.id == id }) else { return }
        body(&state.invitations[index])
    }

    /// - Parameters:
    ///   - delay: not tried before.
    ///   - reason: not tried at all, until an operator says so.
    mutating func enqueue(_ kind: Effect.Kind, after delay: Duration = .zero, givenUp reason: String? = nil) {
        state.session.lastEffectSequence += 1
        var effect = Effect(
            id: EffectID(context.ids.uuid()), sessionID: state.session.id,
            sequence: state.session.lastEffectSequence, kind: kind, createdAt: now)
        effect.notBefore = now + delay
        if let reason {
            effect.state = .dead
            effect.lastError = reason
        }
        effects.append(effect)
    }

    mutating func setStatus(_ status: SessionStatus, reason: SessionEvent.Reason? = nil) {
        state.session.status = status
        state.session.statusUpdatedAt = now
        emit(.statusChanged, reason: reason)
    }

    /// The transaction, with the audit entry; ``state`` is then what the store will hold. An unchanged
    /// session gives only the audit entry, and one of which only something passing is told keeps its version.
    package mutating func seal(
        by principal: Principal, action: String, target: String? = nil, reason: String? = nil
    ) -> Decision {
        var decision = Decision()
        decision.audit = [
            principal.audit(
                action, at: now, person: state.session.clientID, session: state.session.id, target: target,
                reason: reason)
        ]
        decision.expectations = expectations
        guard isChanged else { return decision }
        assert(state.illegalSteps(from: original).isEmpty, "a rule left the state machines")
        let onlyTells = onlyTells
        enqueueWebhooks(events)
        decision.expectations.insert(
            .session(
                state.session.id, version: original.session.version, lastEvent: original.session.lastEventSequence),
            at: 0)
        if !onlyTells {
            state.session.version = original.session.version + 1
            state.session.updatedAt = now
            state.session.lastModifiedBy = principal.name
        }
        decision.changes = [.session(state.session)]
        append(state.participants, original.participants, Decision.Change.participant, to: &decision)
        append(state.meetings, original.meetings, Decision.Change.meeting, to: &decision)
        append(state.recordings, original.recordings, Decision.Change.recording, to: &decision)
        append(state.screenShares, original.screenShares, Decision.Change.screenShare, to: &decision)
        append(state.invitations, original.invitations, Decision.Change.invitation, to: &decision)
        decision.changes += effects.map(Decision.Change.effect)
        decision.events = events
        decision.departures = VisitDeparture.between(original, state, at: now)
        return decision
    }

    /// Nothing is another than before but what was told, and that is of the moment.
    private var onlyTells: Bool {
        guard effects.isEmpty, !events.isEmpty, events.allSatisfy(\.kind.isPassing) else { return false }
        var told = original
        told.session.lastEventSequence = state.session.lastEventSequence
        return told == state
    }

    private func append<Row: Equatable>(
        _ rows: [Row], _ before: [Row], _ change: (Row) -> Decision.Change, to decision: inout Decision
    ) {
        for (index, row) in rows.enumerated() where index >= before.count || before[index] != row {
            decision.changes.append(change(row))
        }
    }
}

extension Decision {
    /// Joins two changes into one transaction.
    mutating func merge(_ other: Decision) {
        expectations += other.expectations
        changes += other.changes
        events += other.events
        audit += other.audit
        departures += other.departures
    }
}
