// Sending people away and putting them back, by a lead clinician.

package import TelehealthModel

extension SessionDraft {
    /// - Parameter own: the caller's own place; nil for an administrator.
    /// - Throws: `NOT_ALLOWED` for who does not lead, for oneself and for the appointment's clinician (who is
    ///   reassigned instead); `INVALID_STATE` after the end, `PARTICIPANT_NOT_FOUND`,
    ///   `PARTICIPANT_NOT_WAITING`, `PARTICIPANT_NOT_ADMITTED`, `INVALID_FIELD`.
    package mutating func treat(
        _ id: ParticipantID, _ command: ModerationAction, by standing: CallerMembership, own: ParticipantID?
    ) throws(TelehealthError) {
        guard standing.leadsVisit else { throw TelehealthError(.notAllowed) }
        try requireOpen()
        guard let participant = state.participant(id), state.isRostered(participant) else {
            throw TelehealthError(.participantNotFound)
        }
        if case .setCapabilities(let capabilities) = command {
            return try setCapabilities(capabilities, of: participant)
        }
        if id == own || participant.role == .clinician { throw TelehealthError(.notAllowed) }
        switch command {
        case .deny: try deny(participant)
        case .remove: dismiss(id, reason: nil)
        case .returnToWaitingRoom: try returnToWaitingRoom(participant)
        case .setCapabilities: break
        }
    }

    /// Not let in: the wait is over, and joining is refused until somebody lets them in after all.
    private mutating func deny(_ participant: Participant) throws(TelehealthError) {
        switch participant.state {
        case .denied: return
        case .waiting: break
        case .expected, .admitted, .left, .removed: throw TelehealthError(.participantNotWaiting)
        }
        change(participant.id) { [now] in
            $0.state = .denied
            $0.leftAt = now
            $0.waitingSince = nil
        }
        leaveWaitingRoom { $0.emit(.participantDenied, participant: participant.id) }
        endAttendee(of: participant)
    }

    /// Off the visit, whatever they were in it. Their attendee is deleted, so their devices fall out, and their
    /// token is invalid here: every call looks at this state.
    ///
    /// - Parameter reason: for the event, when no participant decided it.
    mutating func dismiss(_ id: ParticipantID, reason: RemovalReason?) {
        guard let participant = state.participant(id), participant.state != .removed else { return }
        stopShares(of: id)
        change(id) { [now] in
            if $0.isHere { $0.leftAt = now }
            $0.state = .removed
            $0.waitingSince = nil
            $0.isHeld = false
        }
        leaveWaitingRoom {
            $0.emit(.participantRemoved, participant: id, reason: reason.map(SessionEvent.Reason.removed))
        }
        endAttendee(of: participant)
    }

    /// Out of the visit, but not away: no rule lets them in again before somebody does so by name.
    private mutating func returnToWaitingRoom(_ participant: Participant) throws(TelehealthError) {
        switch participant.state {
        case .waiting: return change(participant.id) { $0.isHeld = true }
        case .admitted: break
        case .expected, .left, .removed, .denied: throw TelehealthError(.participantNotAdmitted)
        }
        putBack(participant, isHeld: true, reason: nil)
    }

    /// - Parameter reason: for the event, when no participant decided it.
    mutating func putBack(_ participant: Participant, isHeld: Bool, reason: ReturnReason?) {
        stopShares(of: participant.id)
        change(participant.id) { [now] in
            $0.state = .waiting
            $0.isHeld = isHeld
            $0.firstWaitingAt = $0.firstWaitingAt ?? now
            $0.waitingSince = now
        }
        emit(.participantReturned, participant: participant.id, reason: reason.map(SessionEvent.Reason.returned))
        endAttendee(of: participant)
    }

    private mutating func setCapabilities(_ capabilities: MediaCapabilities, of participant: Participant)
        throws(TelehealthError)
    {
        guard capabilities.areConsistent else {
            throw .invalid("capabilities.content", "can be received only together with video")
        }
        if participant.isBarred { throw TelehealthError(.participantNotFound) }
        if participant.capabilities == capabilities { return }
        change(participant.id) { $0.capabilities = capabilities }
        emit(.capabilitiesChanged, participant: participant.id)
        guard let meeting = state.liveMeeting, mayHaveAttendee(participant, in: meeting) else { return }
        enqueue(.attendee(.updateCapabilities, participant.id, generation: meeting.generation))
    }

    /// Deletes the attendee that somebody may have in the live meeting; which one that is, the worker finds out.
    mutating func endAttendee(of former: Participant) {
        guard let meeting = state.liveMeeting, mayHaveAttendee(former, in: meeting) else { return }
        enqueue(.attendee(.delete, former.id, generation: meeting.generation))
    }

    private func mayHaveAttendee(_ participant: Participant, in meeting: MeetingGeneration) -> Bool {
        participant.state == .admitted || participant.attendeeGeneration == meeting.generation
            || participant.role.rights.isOfAppointment
    }

    /// Chime gave this attendee to somebody who asked as `asked`; what was decided meanwhile is made good.
    package mutating func attendeeFetched(
        _ credentials: AttendeeCredentials, asked: Participant, generation: Int
    ) {
        guard let person = state.participant(asked.id), !state.session.status.isTerminal else { return }
        if person.attendeeID != credentials.attendeeID || person.attendeeGeneration != generation {
            noteAttendee(credentials, generation: generation)
            if person.state != .admitted {
                enqueue(.attendee(.delete, person.id, generation: generation))
            }
        }
        // Also one that an earlier call made whose caller died before noting it.
        if person.capabilities != credentials.capabilities ?? asked.capabilities {
            enqueue(.attendee(.updateCapabilities, person.id, generation: generation))
        }
    }

    /// The attendee no longer exists; a later admission creates another.
    mutating func attendeeDeleted(_ id: ParticipantID, _ attendeeID: String) {
        guard state.participant(id)?.attendeeID == attendeeID else { return }
        change(id) {
            $0.attendeeID = nil
            $0.attendeeGeneration = nil
        }
    }
}
