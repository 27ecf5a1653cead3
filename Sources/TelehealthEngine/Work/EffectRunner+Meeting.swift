internal import TelehealthModel
internal import TelehealthRules

extension EffectRunner {
    func createMeeting(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        let generation = effect.generation ?? 0
        guard let row = state.meeting(generation) else { return .done { _, _ in } }
        switch row.state {
        case .active, .ended, .failed: return .done { _, _ in }
        case .ending where !mayHaveBeenAsked(effect):
            return .done { draft, _ in draft.meetingFailed(generation, .notNeeded, reason: "NOT_NEEDED") }
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
            return .done { draft, _ in
                draft.meetingCreated(generation, meeting, attendees: [])
                draft.meetingGone(generation)
            }
        }
        // Before the commit: whoever hears of the meeting finds the credentials.
        committer.credentials.remember(attendees, session: effect.sessionID, generation: generation)
        return .done { draft, _ in draft.meetingCreated(generation, meeting, attendees: attendees) }
    }

    func deleteMeeting(_ effect: Effect, _ state: SessionState) async throws -> Ending {
        let generation = effect.generation ?? 0
        guard let row = state.meeting(generation), row.state == .ending else { return .done { _, _ in } }
        if let meetingID = row.meetingID {
            do {
                try await gateway.deleteMeeting(meetingID, timeout: policy.gatewayTimeout)
            } catch {
                // Already over is what was wanted.
                if error.kind != .gone { throw error }
            }
        }
        return .done { draft, _ in draft.meetingDeleted(generation) }
    }
}
