// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.
// The state machines of a visit as pure tables: which state may follow which. The rules lead along them; whatever
// else a rule would do is its fault, and `SessionState.illegalSteps(from:)` finds it.

public import TelehealthModel

extension SessionStatus {
    /// The three terminal states are never left, but for a no-show that somebody takes back.
    public func mayBecome(_ next: SessionStatus) -> Bool {
        switch self {
        case .scheduled: [.waitingRoom, .inProgress, .cancelled, .noShow].contains(next)
        // Back when nobody of the client's side waits any more. Somebody was here, so no no-show.
        case .waitingRoom: [.scheduled, .inProgress, .cancelled].contains(next)
        // Without an ended visit only while no client was ever admitted; back when the appointment is given another
        // clinician or time.
        case .inProgress: [.completed, .cancelled, .noShow, .scheduled, .waitingRoom].contains(next)
        case .completed, .cancelled: false
        case .noShow: next == .scheduled
        }
    }
}

extension ParticipantState {
    public func mayBecome(_ next: ParticipantState) -> Bool {
        switch self {
        case .expected: [.waiting, .admitted, .removed].contains(next)
        case .waiting: [.admitted, .left, .removed, .denied].contains(next)
        case .admitted: [.waiting, .left, .removed].contains(next)
        case .left: [.waiting, .admitted, .removed].contains(next)
        // Only by somebody's word: let in by name, invited or named by the appointment again.
        case .removed: [.admitted, .expected].contains(next)
        case .denied: [.admitted, .expected, .removed].contains(next)
        }
    }
}

extension MeetingGeneration.State {
    public func mayBecome(_ next: MeetingGeneration.State) -> Bool {
        switch self {
        case .intent: [.active, .ending, .ended, .failed].contains(next)
        case .active: [.ending, .ended].contains(next)
        case .ending: next == .ended
        case .ended, .failed: false
        }
    }
}

extension Recording.State {
    public func mayBecome(_ next: Recording.State) -> Bool {
        switch self {
        case .requested: [.starting, .recording, .stopping, .failed].contains(next)
        case .starting: [.recording, .stopping, .failed].contains(next)
        case .recording: next == .stopping
        case .stopping: [.processing, .failed].contains(next)
        case .processing: [.available, .failed].contains(next)
        // Kept until its time is over; the row stays as a tombstone.
        case .available, .failed: next == .deleting
        case .deleting: next == .deleted
        case .deleted: false
        }
    }
}

extension Invitation {
    /// Used and revoked are for ever, and never both.
    func mayBecome(_ next: Invitation) -> Bool {
        if redeemedAt != nil || revokedAt != nil { return self == next }
        let isRest =
            next.id == id && next.role == role && next.expiresAt == expiresAt && next.createdBy == createdBy
        return isRest && (next.redeemedAt == nil || next.revokedAt == nil)
            && (next.redeemedAt == nil) == (next.participantID == nil)
    }
}

extension ConsentRecord {
    /// The facts never change, and what ended stays ended.
    public func mayBecome(_ next: ConsentRecord) -> Bool {
        var closed = self
        closed.supersededBy = supersededBy ?? next.supersededBy
        if revokedAt == nil {
            closed.revokedAt = next.revokedAt
            closed.revokedBy = next.revokedBy
            closed.revocationReason = next.revocationReason
        }
        return closed == next
    }
}

extension SessionState {
    /// Steps from an earlier state of the same session that no machine allows; empty = all is in order.
    public func illegalSteps(from before: SessionState) -> [String] {
        var found: [String] = []
        if session.status != before.session.status, !before.session.status.mayBecome(session.status) {
            found.append("session: \(before.session.status) -> \(session.status)")
        }
        for old in before.participants {
            guard let new = participant(old.id) else {
                found.append("participant: lost")
                continue
            }
            if new.state != old.state, !old.state.mayBecome(new.state) {
                found.append("participant: \(old.state) -> \(new.state)")
            }
        }
        for old in before.meetings {
            guard let new = meeting(old.generation) else {
                found.append("meeting: lost")
                continue
            }
            if new.state != old.state, !old.state.mayBecome(new.state) {
                found.append("meeting: \(old.state) -> \(new.state)")
            }
        }
        for old in before.recordings {
            guard let new = recording(old.id) else {
                found.append("recording: lost")
                continue
            }
            if new.state != old.state, !old.state.mayBecome(new.state) {
                found.append("recording: \(old.state) -> \(new.state)")
            }
        }
        for old in before.invitations where invitation(old.id).map(old.mayBecome) != true {
            found.append("invitation: \(old.state(at: session.updatedAt)) left")
        }
        return found
    }
}
