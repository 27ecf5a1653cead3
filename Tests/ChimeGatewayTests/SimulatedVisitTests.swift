import ChimeGateway
import HTTPSClient
import LoopbackHTTP
import TelehealthModel
import Testing

/// The gateway against the simulated account, which checks every signature and field as AWS does.
@Suite("A visit against the simulated account") struct SimulatedVisitTests {
    private static let timeout = Duration.seconds(5)

    /// Both ends read one clock that stands still but for what a test adds.
    private func visit(
        _ body: (ChimeGateway, SimulatedAccount) async throws -> Void
    ) async throws {
        let account = SimulatedAccount(wallSeconds: { VirtualTime.defaultWallSeconds })
        let harness = try GatewayHarness { account.answer($0) }
        defer { harness.server.stop() }
        try await body(harness.gateway, account)
    }

    private static let people = [
        AttendeeRequest(externalUserID: "p-1"), AttendeeRequest(externalUserID: "p-2"),
    ]

    @Test("meeting, people, recording and playback, from the first call to the end")
    func wholeVisit() async throws {
        try await visit { gateway, account in
            let made = try await gateway.createMeeting(
                GatewayHarness.meetingRequest(attendees: Self.people), timeout: Self.timeout)
            let id = made.meeting.meetingID
            #expect(made.attendees.map(\.externalUserID) == ["p-1", "p-2"])
            #expect(try await gateway.meeting(id, timeout: Self.timeout) == made.meeting)
            let again = try await gateway.createAttendee(Self.people[0], meetingID: id, timeout: Self.timeout)
            #expect(again == made.attendees[0])
            try await gateway.updateCapabilities(
                .init(audio: .receive, video: .receive, content: .none), attendeeID: again.attendeeID,
                meetingID: id,
                timeout: Self.timeout)
            #expect(try await gateway.attendees(meetingID: id, timeout: Self.timeout)?.count == 2)

            let capture = try await gateway.startCapture(
                meetingARN: made.meeting.meetingARN, prefix: "rec/1", clientRequestToken: "rec-1",
                timeout: Self.timeout)
            account.steer("clock/advance", #"{"seconds":5}"#)
            #expect(try await gateway.capture(capture.id, timeout: Self.timeout)?.status == .inProgress)
            let found = try await gateway.findCapture(
                meetingARN: made.meeting.meetingARN, prefix: "rec/1", timeout: Self.timeout)
            #expect(found?.id == capture.id)
            let joined = try await gateway.startConcatenation(
                capturePipelineARN: capture.arn, prefix: "rec/1", clientRequestToken: "cat-1",
                timeout: Self.timeout)
            let key = gateway.playableKey(prefix: "rec/1", concatenationPipelineID: joined.id)
            #expect(try await gateway.object(key, timeout: Self.timeout) == nil)
            try await gateway.stopCapture(capture.id, timeout: Self.timeout)
            account.steer("clock/advance", #"{"seconds":30}"#)
            #expect(try await gateway.concatenation(joined.id, timeout: Self.timeout)?.status == .stopped)
            #expect(try #require(await gateway.object(key, timeout: Self.timeout)).bytes > 0)
            let url = try await gateway.playbackURL(key, validity: .seconds(60))
            let playback = try await HTTPSClient().send(
                HTTPSRequest(.get, HTTPSURL(url), deadline: .now + .seconds(20)))
            #expect(playback.status == 200)

            try await gateway.deleteAttendee(again.attendeeID, meetingID: id, timeout: Self.timeout)
            try await gateway.deleteMeeting(id, timeout: Self.timeout)
            try await gateway.deleteMeeting(id, timeout: Self.timeout)
            #expect(try await gateway.meeting(id, timeout: Self.timeout) == nil)
        }
    }

    @Test("an answer lost after the effect is asked for again and gives the same meeting")
    func lostAnswer() async throws {
        try await visit { gateway, account in
            account.steer(
                "faults",
                #"{"operation":"CreateMeetingWithAttendees","dropConnection":true,"afterEffect":true}"#)
            let request = GatewayHarness.meetingRequest(attendees: Self.people)
            let first = try await gateway.createMeeting(request, timeout: Self.timeout)
            let second = try await gateway.createMeeting(request, timeout: Self.timeout)
            #expect(first.meeting == second.meeting)
            #expect(first.attendees == second.attendees)
        }
    }

    @Test("a dead meeting is nil to read and gone to join, though its token still gives it back")
    func deadMeeting() async throws {
        try await visit { gateway, account in
            let made = try await gateway.createMeeting(GatewayHarness.meetingRequest(), timeout: Self.timeout)
            account.steer("meetings/\(made.meeting.meetingID)/end", "{}")
            #expect(try await gateway.meeting(made.meeting.meetingID, timeout: Self.timeout) == nil)
            let error = await #expect(throws: GatewayError.self) {
                try await gateway.createAttendee(
                    Self.people[0], meetingID: made.meeting.meetingID, timeout: Self.timeout)
            }
            #expect(error?.kind == .gone)
        }
    }

    @Test("throttles and failures that pass are not seen by the caller")
    func passingFaults() async throws {
        try await visit { gateway, account in
            account.steer("faults", #"{"operation":"CreateMeeting","status":429,"retryAfter":1}"#)
            account.steer("faults", #"{"operation":"CreateMeeting","status":503}"#)
            _ = try await gateway.createMeeting(GatewayHarness.meetingRequest(), timeout: Self.timeout)
        }
    }
}
