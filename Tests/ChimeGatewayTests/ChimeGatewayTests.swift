import ChimeGateway
import Foundation
import LoopbackHTTP
import Synchronization
import TelehealthModel
import Testing

@Suite("Chime gateway") struct ChimeGatewayTests {
    private static let timeout = Duration.seconds(5)

    @Test(
        "each of Chime's errors has one meaning",
        arguments: [
            (400, "BadRequestException", GatewayError.Kind.rejected),
            (401, "UnauthorizedException", .notAuthorised),
            (403, "ForbiddenException", .notAuthorised), (409, "ConflictException", .conflict),
            (422, "UnprocessableEntityException", .rejected), (429, "ThrottlingException", .throttled),
            (429, "ThrottledClientException", .throttled), (400, "LimitExceededException", .quotaExceeded),
            (400, "ResourceLimitExceededException", .quotaExceeded),
            (500, "ServiceFailureException", .unavailable),
            (503, "ServiceUnavailableException", .unavailable), (404, "NotFoundException", .gone),
        ])
    func errors(status: Int, code: String, kind: GatewayError.Kind) async throws {
        let harness = try GatewayHarness { _ in .answer(status: status, headers: ["x-amzn-ErrorType": code]) }
        defer { harness.server.stop() }
        let error = await #expect(throws: GatewayError.self) {
            try await harness.gateway.createAttendee(
                .init(externalUserID: "p-1"), meetingID: GatewayHarness.meetingID, timeout: Self.timeout)
        }
        #expect(error?.kind == kind)
        #expect(error?.code == code)
        #expect(error?.mayHaveTakenEffect == (status == 500))
        #expect(harness.server.requests.count == (error?.isWorthRetrying == true ? 3 : 1))
    }

    @Test("what is gone is success for deletions and nil for reads")
    func gone() async throws {
        let harness = try GatewayHarness { _ in
            .answer(status: 404, body: #"{"Code":"NotFound","Message":"The meeting has ended"}"#)
        }
        defer { harness.server.stop() }
        let gateway = harness.gateway
        let meeting = GatewayHarness.meetingID
        let other = GatewayHarness.attendeeID
        try await gateway.deleteMeeting(meeting, timeout: Self.timeout)
        try await gateway.deleteAttendee(other, meetingID: meeting, timeout: Self.timeout)
        try await gateway.stopCapture(other, timeout: Self.timeout)
        #expect(try await gateway.meeting(meeting, timeout: Self.timeout) == nil)
        #expect(try await gateway.attendee(other, meetingID: meeting, timeout: Self.timeout) == nil)
        #expect(try await gateway.attendees(meetingID: meeting, timeout: Self.timeout) == nil)
        #expect(try await gateway.capture(other, timeout: Self.timeout) == nil)
        #expect(try await gateway.concatenation(other, timeout: Self.timeout) == nil)
        #expect(try await gateway.object("rec/1/a.mp4", timeout: Self.timeout) == nil)
        await #expect(throws: GatewayError(kind: .gone, code: "NotFound")) {
            try await gateway.updateCapabilities(
                .init(), attendeeID: other, meetingID: meeting, timeout: Self.timeout)
        }
    }

    @Test(
        "attendees whom CreateMeetingWithAttendees left out are asked for one by one, and the order is kept")
    func partialCreation() async throws {
        let partly = """
            {"Meeting":\(GatewayHarness.meetingJSON),"Attendees":[\(GatewayHarness.attendeeJSON("p-2"))],
             "Errors":[{"ExternalUserId":"p-1","ErrorCode":"ServiceFailure","ErrorMessage":"x"}]}
            """
        let harness = try GatewayHarness { request in
            request.target.hasPrefix("/meetings?")
                ? .answer(status: 200, body: partly)
                : .answer(status: 201, body: #"{"Attendee":\#(GatewayHarness.attendeeJSON("p-1"))}"#)
        }
        defer { harness.server.stop() }
        let made = try await harness.gateway.createMeeting(
            GatewayHarness.meetingRequest(attendees: [
                .init(externalUserID: "p-1"), .init(externalUserID: "p-2"),
            ]),
            timeout: Self.timeout)
        #expect(made.attendees.map(\.externalUserID) == ["p-1", "p-2"])
        #expect(harness.server.requests.count == 2)
    }

    @Test("when such a late attendee fails, the caller learns that the meeting may exist")
    func partialCreationFailure() async throws {
        let harness = try GatewayHarness { request in
            request.target.hasPrefix("/meetings?")
                ? .answer(status: 200, body: #"{"Meeting":\#(GatewayHarness.meetingJSON),"Attendees":[]}"#)
                : .answer(status: 400, headers: ["x-amzn-ErrorType": "LimitExceededException"])
        }
        defer { harness.server.stop() }
        await #expect(
            throws: GatewayError(
                kind: .quotaExceeded, code: "LimitExceededException", mayHaveTakenEffect: true)
        ) {
            try await harness.gateway.createMeeting(
                GatewayHarness.meetingRequest(attendees: [.init(externalUserID: "p-1")]),
                timeout: Self.timeout)
        }
    }

    @Test("an argument that Chime would refuse, or that would change the path, is never sent")
    func invalidArguments() async throws {
        let harness = try GatewayHarness(script: GatewayHarness.success)
        defer { harness.server.stop() }
        let gateway = harness.gateway
        var wrong = [MeetingRequest](repeating: GatewayHarness.meetingRequest(), count: 5)
        wrong[0].clientRequestToken = "a b"
        wrong[1].externalMeetingID = "Jane Roe, 1980"
        wrong[2].mediaRegion = "eu-central-1"
        wrong[3].attendees = [.init(externalUserID: "aws:MediaPipeline-1")]
        wrong[4].attendees = (1...11).map { .init(externalUserID: "p-\($0)") }
        for request in wrong {
            let error = await #expect(throws: GatewayError.self) {
                try await gateway.createMeeting(request, timeout: Self.timeout)
            }
            #expect(error?.kind == .rejected)
        }
        for id in [
            "", "../x", "1b66e8c7", GatewayHarness.meetingID + "/attendees",
            "1b66e8c7-16a0-436c-8c11-dd1fbfe4271g",
        ] {
            await #expect(throws: GatewayError(kind: .rejected, code: "invalid_meeting_id")) {
                try await gateway.deleteMeeting(id, timeout: Self.timeout)
            }
            await #expect(throws: GatewayError(kind: .rejected, code: "invalid_pipeline_id")) {
                try await gateway.stopCapture(id, timeout: Self.timeout)
            }
        }
        for key in [
            "", "/a", "a/", "a//b", "a/../b", "a/./b", "a b", "a%2e", "é", "a?b",
            String(repeating: "x", count: 901),
        ] {
            await #expect(throws: GatewayError(kind: .rejected, code: "invalid_key")) {
                try await gateway.object(key, timeout: Self.timeout)
            }
        }
        await #expect(throws: GatewayError(kind: .rejected, code: "invalid_capabilities")) {
            try await gateway.updateCapabilities(
                .init(audio: .receive, video: .none, content: .receive),
                attendeeID: GatewayHarness.attendeeID,
                meetingID: GatewayHarness.meetingID, timeout: Self.timeout)
        }
        #expect(harness.server.requests.isEmpty)
    }

    @Test(
        "an unreadable success is not a success, and may have had effect",
        arguments: ["", "{}", #"{"Meeting":{}}"#, "[]"])
    func unreadableAnswer(body: String) async throws {
        let harness = try GatewayHarness { _ in .answer(status: 200, body: body) }
        defer { harness.server.stop() }
        await #expect(
            throws: GatewayError(kind: .unavailable, code: "unreadable_answer", mayHaveTakenEffect: true)
        ) { try await harness.gateway.createMeeting(GatewayHarness.meetingRequest(), timeout: Self.timeout) }
    }

    @Test("a lost capture is found by its sink on the second page, unless it is ending")
    func findCapture() async throws {
        let status = Mutex("InProgress")
        let other = "99999999-0f1c-4a4f-9a37-0d6a4b8f7c11"
        let harness = try GatewayHarness { request in
            if request.target == "/sdk-media-capture-pipelines?max-results=99" {
                return .answer(
                    status: 200, body: GatewayHarness.captureListJSON(of: other, nextToken: "a+/="))
            }
            if request.target == "/sdk-media-capture-pipelines?max-results=99&next-token=a%2B%2F%3D" {
                return .answer(
                    status: 200, body: GatewayHarness.captureListJSON(of: GatewayHarness.pipelineID))
            }
            let isOther = request.target.hasSuffix(other)
            return .answer(
                status: 200,
                body: GatewayHarness.pipelineJSON(
                    "MediaCapturePipeline", status: status.withLock { $0 },
                    sink: "arn:aws:s3:::visits/rec/\(isOther ? 2 : 1)"))
        }
        defer { harness.server.stop() }
        let find = {
            try await harness.gateway.findCapture(
                meetingARN: GatewayHarness.meetingARN, prefix: "rec/1", timeout: Self.timeout)
        }
        #expect(try await find()?.id == GatewayHarness.pipelineID)
        status.withLock { $0 = "Stopped" }
        #expect(try await find() == nil)
    }

    @Test("playback addresses live five minutes at most and name nobody")
    func playback() async throws {
        let harness = try GatewayHarness { _ in .hangUp }
        defer { harness.server.stop() }
        let url = try await harness.gateway.playbackURL("rec/1/audio/x.mp4", validity: .seconds(300))
        #expect(
            url.hasPrefix(
                "\(harness.server.base)/visits/rec/1/audio/x.mp4?response-cache-control=private%2C%20no-store"
            ))
        #expect(url.contains("&X-Amz-Expires=300&"))
        #expect(url.contains("&X-Amz-Security-Token=token&"))
        for validity in [
            Duration.milliseconds(300_001), .seconds(301), .zero, .milliseconds(999), .seconds(-5),
        ] {
            await #expect(throws: GatewayError(kind: .rejected, code: "invalid_validity")) {
                try await harness.gateway.playbackURL("rec/1/audio/x.mp4", validity: validity)
            }
        }
        #expect(harness.server.requests.isEmpty)
    }

    @Test("without a bucket recordings are refused, not sent somewhere")
    func noBucket() async throws {
        let harness = try GatewayHarness({ $0.recordingsBucket = nil }, script: GatewayHarness.success)
        defer { harness.server.stop() }
        #expect(harness.gateway.recordingsBucket == nil)
        await #expect(throws: GatewayError(kind: .rejected, code: "invalid_recordings_bucket")) {
            try await harness.gateway.startCapture(
                meetingARN: GatewayHarness.meetingARN, prefix: "rec/1", clientRequestToken: "rec-1",
                timeout: Self.timeout)
        }
        await #expect(throws: GatewayError(kind: .rejected, code: "invalid_recordings_bucket")) {
            try await harness.gateway.playbackURL("rec/1/a.mp4", validity: .seconds(60))
        }
    }

    @Test("a storm of joins is served by deadline and the rest is told when to come again")
    func storm() async throws {
        let harness = try GatewayHarness(script: GatewayHarness.success)
        defer { harness.server.stop() }
        // Nobody else moves the clock here, so each call's wait is its place in the queue.
        var served = 0
        var refused: [GatewayError] = []
        for _ in 0..<40 {
            do {
                _ = try await harness.gateway.createMeeting(
                    GatewayHarness.meetingRequest(), timeout: .milliseconds(500))
                served += 1
            } catch {
                refused.append(error)
            }
        }
        #expect(served == 16)
        #expect(
            refused.allSatisfy {
                $0.kind == .throttled && $0.retryAfter == .milliseconds(125) && !$0.mayHaveTakenEffect
            })
    }
}
