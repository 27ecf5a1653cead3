internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    /// How soon to look again for a meeting that is being made.
    private static let meetingPoll: Duration = .milliseconds(500)

    /// Somebody was sent away: their devices fall out of the meeting, and the token they hold dies with the
    /// attendee.
    func deleteAttendee(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.participantID, let person = state.participant(id),
            let meeting = state.meeting(effect.generation ?? 0)
        else { return .done { _, _ in } }
        // Let in again meanwhile: the attendee is theirs once more.
        if person.state == .admitted { return .done { _, _ in } }
        switch meeting.state {
        case .intent: return .later(Self.meetingPoll)
        case .active: break
        // With the meeting all its tokens die.
        case .ending, .ended, .failed: return .done { _, _ in }
        }
        guard let meetingID = meeting.meetingID else { return .done { _, _ in } }
        let attendeeID: String
        do {
            attendeeID = try await self.attendeeID(of: person, meeting, meetingID)
            try await gateway.deleteAttendee(
                attendeeID, meetingID: meetingID, timeout: policy.gatewayTimeout)
        } catch {
            if error.kind != .gone { throw error }
            return .done { draft, _ in draft.meetingGone(meeting.generation) }
        }
        committer.credentials.forget(person.externalUserID, session: effect.sessionID)
        return .done { draft, _ in draft.attendeeDeleted(id, attendeeID) }
    }

    /// What the roster says now, whatever it said when this was asked for.
    func updateCapabilities(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        guard let id = effect.participantID, let person = state.participant(id), !person.isBarred,
            let meeting = state.liveMeeting
        else { return .done { _, _ in } }
        guard meeting.state == .active, let meetingID = meeting.meetingID else {
            return .later(Self.meetingPoll)
        }
        guard person.state == .admitted || person.attendeeGeneration == meeting.generation else {
            return .done { _, _ in }
        }
        do {
            try await gateway.updateCapabilities(
                person.capabilities, attendeeID: try await attendeeID(of: person, meeting, meetingID),
                meetingID: meetingID, timeout: policy.gatewayTimeout)
        } catch {
            // No such attendee (any more): the next one is made with the right capabilities.
            if error.kind != .gone { throw error }
        }
        return .done { _, _ in }
    }

    /// An attendee whose id was never noted is found by asking for it again: the same ExternalUserId gives the
    /// same attendee, and one made just for this is not told to anybody.
    private func attendeeID(of person: Participant, _ meeting: MeetingGeneration, _ meetingID: String)
        async throws(GatewayError) -> String
    {
        if person.attendeeGeneration == meeting.generation, let known = person.attendeeID { return known }
        return try await gateway.createAttendee(
            AttendeeRequest(externalUserID: person.externalUserID, capabilities: person.capabilities),
            meetingID: meetingID, timeout: policy.gatewayTimeout
        ).attendeeID
    }
}
