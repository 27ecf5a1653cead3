internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    /// How soon to look again for a meeting that is being made.
    private static let meetingPoll: Duration = .milliseconds(500)

    /// Somebody was sent away: their devices fall out of the meeting, and the token they hold dies with the
    /// attendee.
    func deleteAttendee(
        of person: Participant, _ meeting: MeetingGeneration?
    ) async throws(GatewayError) -> EffectOutcome {
        // Let in again meanwhile: the attendee is theirs once more.
        guard let meeting, person.state != .admitted else { return .done([]) }
        switch meeting.state {
        case .intent: return .later(Self.meetingPoll)
        case .active: break
        // With the meeting all its tokens die.
        case .ending, .ended, .failed: return .done([])
        }
        guard let meetingID = meeting.meetingID else { return .done([]) }
        let attendeeID: String
        do throws(GatewayError) {
            attendeeID = try await self.attendeeID(of: person, meeting, meetingID)
            try await gateway.deleteAttendee(
                attendeeID, meetingID: meetingID, timeout: policy.gatewayTimeout)
        } catch {
            if error.kind != .gone { throw error }
            return .done([.meetingGone(generation: meeting.generation)])
        }
        credentials.forget(person.externalUserID, session: person.sessionID)
        return .done([.attendeeDeleted(person.id, attendeeID: attendeeID)])
    }

    /// What the roster says now, whatever it said when this was asked for.
    func updateCapabilities(
        of person: Participant, _ live: MeetingGeneration?
    ) async throws(GatewayError) -> EffectOutcome {
        guard !person.isBarred, let meeting = live else { return .done([]) }
        guard meeting.state == .active, let meetingID = meeting.meetingID else {
            return .later(Self.meetingPoll)
        }
        guard person.state == .admitted || person.attendeeGeneration == meeting.generation else {
            return .done([])
        }
        do throws(GatewayError) {
            try await gateway.updateCapabilities(
                person.capabilities, attendeeID: try await attendeeID(of: person, meeting, meetingID),
                meetingID: meetingID, timeout: policy.gatewayTimeout)
        } catch {
            // No such attendee (any more): the next one is made with the right capabilities.
            if error.kind != .gone { throw error }
        }
        return .done([])
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
