internal import AWSClient
internal import HTTPSClient
public import TelehealthModel

extension ChimeGateway {
    public func createMeeting(
        _ request: MeetingRequest, timeout: Duration
    ) async throws(GatewayError) -> (meeting: ChimeMeeting, attendees: [AttendeeCredentials]) {
        try require(ChimeSyntax.isClientToken(request.clientRequestToken), "client_request_token")
        try require(ChimeSyntax.isExternalID(request.externalMeetingID), "external_meeting_id")
        try require(configuration.allowedMediaRegions.contains(request.mediaRegion), "media_region")
        try require(request.attendees.count <= Self.attendeesPerCreationMax, "attendee_count")
        try require(request.attendees.allSatisfy { isValid($0) }, "external_user_id")
        let deadline = deadline(after: timeout)
        let action: ChimeAction = request.attendees.isEmpty ? .createMeeting : .createMeetingWithAttendees
        let response = try await send(
            action, to: .meetings, .post, "/meetings",
            query: request.attendees.isEmpty ? [] : [.init("operation", "create-attendees")],
            body: WireMeetingRequest(request, configuration), timeout: timeout)
        let answer = try decode(WireMeetingAnswer.self, response, of: action)
        let meeting = answer.value
        var attendees: [AttendeeCredentials] = []
        for wanted in request.attendees {
            if let made = answer.attendees?.first(where: { $0.externalUserId == wanted.externalUserID }) {
                attendees.append(made.value)
            } else {
                // The call may succeed partially: attendees listed in `Errors` are requested one by one.
                attendees.append(
                    try await lateAttendee(wanted, meeting: meeting.meetingID, deadline: deadline))
            }
        }
        return (meeting, attendees)
    }

    /// An attendee that CreateMeetingWithAttendees left out. The meeting exists by now, whatever the result.
    private func lateAttendee(
        _ wanted: AttendeeRequest, meeting: String, deadline: ContinuousClock.Instant
    ) async throws(GatewayError) -> AttendeeCredentials {
        do {
            return try await createAttendee(wanted, meetingID: meeting, timeout: remaining(until: deadline))
        } catch {
            var error = error
            error.mayHaveTakenEffect = true
            throw error
        }
    }

    public func meeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) -> ChimeMeeting? {
        try require(ChimeSyntax.isGUID(meetingID), "meeting_id")
        return try await unlessGone { () async throws(GatewayError) in
            let response = try await send(
                .getMeeting, to: .meetings, .get, "/meetings/\(meetingID)", timeout: timeout)
            return try decode(WireMeetingAnswer.self, response, of: .getMeeting).value
        }
    }

    public func deleteMeeting(_ meetingID: String, timeout: Duration) async throws(GatewayError) {
        try require(ChimeSyntax.isGUID(meetingID), "meeting_id")
        _ = try await unlessGone { () async throws(GatewayError) in
            try await send(.deleteMeeting, to: .meetings, .delete, "/meetings/\(meetingID)", timeout: timeout)
        }
    }

    /// 404 is an outcome for reads and deletions, not a failure.
    func unlessGone<Value>(
        _ call: () async throws(GatewayError) -> Value
    ) async throws(GatewayError) -> Value? {
        do throws(GatewayError) {
            return try await call()
        } catch {
            guard error.kind == .gone else { throw error }
            return nil
        }
    }

    func isValid(_ attendee: AttendeeRequest) -> Bool {
        ChimeSyntax.isExternalID(attendee.externalUserID)
    }
}
