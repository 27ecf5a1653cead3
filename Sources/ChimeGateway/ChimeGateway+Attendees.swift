internal import AWSClient
internal import HTTPSClient
public import TelehealthModel

extension ChimeGateway {
    public func createAttendee(
        _ request: AttendeeRequest, meetingID: String, timeout: Duration
    ) async throws(GatewayError) -> AttendeeCredentials {
        try require(ChimeSyntax.isGUID(meetingID), "meeting_id")
        try require(isValid(request), "external_user_id")
        let response = try await send(
            .createAttendee, to: .meetings, .post, "/meetings/\(meetingID)/attendees",
            body: WireAttendeeRequest(request), timeout: timeout)
        return try decode(WireAttendeeAnswer.self, response, of: .createAttendee).attendee.value
    }

    public func attendee(
        _ attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError) -> AttendeeCredentials? {
        let path = try path(meetingID, attendeeID)
        return try await unlessGone { () async throws(GatewayError) in
            let response = try await send(.getAttendee, to: .meetings, .get, path, timeout: timeout)
            return try decode(WireAttendeeAnswer.self, response, of: .getAttendee).attendee.value
        }
    }

    /// Every attendee of a meeting, including the recording's own (its external id contains `aws:`).
    ///
    /// - Returns: nil when the meeting no longer exists.
    public func attendees(meetingID: String, timeout: Duration) async throws(GatewayError)
        -> [AttendeeCredentials]?
    {
        try require(ChimeSyntax.isGUID(meetingID), "meeting_id")
        let deadline = deadline(after: timeout)
        return try await unlessGone { () async throws(GatewayError) in
            var all: [AttendeeCredentials] = []
            var token: String?
            // A meeting has at most 250 attendees: more pages than that would be a fault of the server.
            for _ in 0..<8 {
                var query: [AWSRequest.QueryItem] = [.init("max-results", "100")]
                if let token { query.append(.init("next-token", token)) }
                let response = try await send(
                    .listAttendees, to: .meetings, .get, "/meetings/\(meetingID)/attendees", query: query,
                    timeout: remaining(until: deadline))
                let page = try decode(WireAttendeesAnswer.self, response, of: .listAttendees)
                all += (page.attendees ?? []).map(\.value)
                token = page.nextToken
                if token == nil { break }
            }
            return all
        }
    }

    public func deleteAttendee(
        _ attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError) {
        let path = try path(meetingID, attendeeID)
        _ = try await unlessGone { () async throws(GatewayError) in
            try await send(.deleteAttendee, to: .meetings, .delete, path, timeout: timeout)
        }
    }

    public func updateCapabilities(
        _ capabilities: MediaCapabilities, attendeeID: String, meetingID: String, timeout: Duration
    ) async throws(GatewayError) {
        let path = try path(meetingID, attendeeID)
        // A rule of Chime, which would otherwise answer with a bare 400.
        let needsVideo = capabilities.content == .sendReceive || capabilities.content == .receive
        let hasVideo = capabilities.video == .sendReceive || capabilities.video == .receive
        try require(!needsVideo || hasVideo, "capabilities")
        _ = try await send(
            .updateAttendeeCapabilities, to: .meetings, .put, path + "/capabilities",
            body: WireCapabilitiesBody(capabilities: WireCapabilities(capabilities)), timeout: timeout)
    }

    private func path(_ meetingID: String, _ attendeeID: String) throws(GatewayError) -> String {
        try require(ChimeSyntax.isGUID(meetingID), "meeting_id")
        try require(ChimeSyntax.isGUID(attendeeID), "attendee_id")
        return "/meetings/\(meetingID)/attendees/\(attendeeID)"
    }
}
