// The three ways a session is over by somebody's word.
//
// Repeating it is allowed: a caller who may use the verb, on a session that this verb ended (or the clock
// in its stead), gets OK and changes nothing, not even the reason or note. Each verb's rights are judged first, so a
// repetition tells nobody more than the first call would have; and it is one whatever version it was meant for.

package import TelehealthModel

extension SessionDraft {
    /// Longest note in bytes.
    static let noteBytesMax = 1000

    /// - Throws: `NOT_ALLOWED` for others than the clinician and administrators, `INVALID_STATE` unless
    ///   IN_PROGRESS or COMPLETED, `INVALID_FIELD`.
    package mutating func end(_ reason: EndReason, note: String?, by standing: CallerMembership, _ principal: Principal)
        throws(TelehealthError)
    {
        guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
        try Self.validate(note: note)
        if state.session.status == .completed { return repeats() }
        guard state.session.status == .inProgress else { throw .invalidState(state.session.status) }
        state.session.endReason = reason
        state.session.endNote = note
        close(.completed, at: now, by: principal, reason: .end(reason))
    }

    /// - Throws: `NOT_ALLOWED`, `TOO_LATE` for a client after the cut-off, `INVALID_STATE` after the end (also when it
    ///   was the appointment that was cancelled) and once a client was admitted, `INVALID_FIELD`.
    package mutating func cancel(
        _ reason: CancelReason, note: String?, by standing: CallerMembership, _ principal: Principal
    )
        throws(TelehealthError)
    {
        try Self.validate(note: note)
        try requireMayCancel(standing)
        if state.session.status == .cancelled, state.session.cancelReason != .appointmentCancelled { return repeats() }
        try requireNoVisitYet()
        if case .participant(let role) = standing, !role.rights.leads {
            let cutoff = state.session.startsAt - policy.clientCancelCutoff
            if now > cutoff { throw .tooLate(closedAt: cutoff) }
        }
        state.session.endNote = note
        close(cancelled: reason, by: principal)
    }

    /// Cancelling is asked for again, of a session that is cancelled for whatever reason.
    ///
    /// - Throws: `NOT_ALLOWED`.
    package mutating func repeatCancellation(by standing: CallerMembership) throws(TelehealthError) {
        try requireMayCancel(standing)
        repeats()
    }

    /// - Throws: `NOT_ALLOWED` for who neither is of the clinic, nor leads, nor is of the client's side.
    private func requireMayCancel(_ standing: CallerMembership) throws(TelehealthError) {
        guard case .participant(let role) = standing else { return }
        if !role.rights.leads && !role.rights.isClientParty { throw TelehealthError(.notAllowed) }
    }

    /// Open, and no client was ever admitted.
    func requireNoVisitYet() throws(TelehealthError) {
        try requireOpen()
        if state.session.startedAt != nil { throw .invalidState(state.session.status) }
    }

    mutating func close(cancelled reason: CancelReason, by principal: Principal) {
        state.session.cancelReason = reason
        close(.cancelled, at: now, by: principal, reason: .cancel(reason))
    }

    mutating func close(noShow party: NoShowParty, by principal: Principal) {
        state.session.noShowParty = party
        close(.noShow, at: now, by: principal, reason: .noShow(party))
    }

    /// Everybody is out; the capture is stopped before the meeting is deleted.
    mutating func close(
        _ status: SessionStatus, at instant: Timestamp, by principal: Principal, reason: SessionEvent.Reason
    ) {
        for share in state.screenShares where share.stoppedAt == nil { stopShare(share.id) }
        for participant in state.participants where participant.isHere {
            change(participant.id) { [now] in
                $0.state = .left
                $0.leftAt = now
                $0.waitingSince = nil
            }
        }
        if let recording = state.activeRecording {
            stopCapture(of: recording.id, cause: .sessionEnded, by: principal.name)
        }
        closeMeeting()
        state.session.endedAt = max(instant, state.session.startedAt ?? instant)
        setStatus(status, reason: reason)
    }

    static func validate(note: String?) throws(TelehealthError) {
        if let note, note.utf8.count > noteBytesMax {
            throw .invalid("note", "must have at most \(noteBytesMax) bytes")
        }
    }
}
