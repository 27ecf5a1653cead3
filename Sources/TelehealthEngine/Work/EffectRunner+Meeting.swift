internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func createMeeting(_ effect: Effect, _ row: MeetingGeneration, _ state: SessionState)
        async throws(GatewayError) -> EffectOutcome
    {
        let generation = row.generation
        switch row.state {
        case .active, .ended, .failed: return .done([])
        case .ending where !mayHaveBeenAsked(effect):
            return .done([.meetingFailed(generation: generation, .notNeeded, reason: "NOT_NEEDED")])
        case .intent, .ending: break
        }
        let (meeting, attendees) = try await gateway.createMeeting(
            MeetingRequest(
                clientRequestToken: row.clientRequestToken, externalMeetingID: row.clientRequestToken,
                mediaRegion: row.mediaRegion,
                attendees: state.participants.filter(\.isAwaited).prefix(MeetingRequest.attendeesMax)
                    .map { AttendeeRequest(externalUserID: $0.externalUserID, capabilities: $0.capabilities) }
            ),
            timeout: policy.gatewayTimeout)
        // The same token gives the same meeting, also when it has ended since: look before anybody joins it.
        if mayHaveBeenAsked(effect),
            try await gateway.meeting(meeting.meetingID, timeout: policy.gatewayTimeout) == nil
        {
            return .done([
                .meetingCreated(generation: generation, meeting, attendees: []),
                .meetingGone(generation: generation),
            ])
        }
        // Before the commit: whoever hears of the meeting finds the credentials.
        credentials.remember(attendees, session: effect.sessionID, generation: generation)
        return .done([.meetingCreated(generation: generation, meeting, attendees: attendees)])
    }

    func deleteMeeting(_ row: MeetingGeneration) async throws(GatewayError) -> EffectOutcome {
        guard row.state == .ending else { return .done([]) }
        if let meetingID = row.meetingID {
            do throws(GatewayError) {
                try await gateway.deleteMeeting(meetingID, timeout: policy.gatewayTimeout)
            } catch {
                // Already over is what was wanted.
                if error.kind != .gone { throw error }
            }
        }
        return .done([.meetingDeleted(generation: row.generation)])
    }
}
