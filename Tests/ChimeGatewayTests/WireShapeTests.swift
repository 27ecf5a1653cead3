import ChimeGateway
import Foundation
import LoopbackHTTP
import TelehealthModel
import Testing

/// Makes every call of the gateway and compares what arrives with what botocore sends for the same call.
@Suite("Wire shapes against botocore") struct WireShapeTests {
    private struct Expected: Decodable {
        var operation: String
        var method: String
        var path: String
        var query: [[String]]
        var body: String
        var content_type: String?
        var scope: String
        var signed_headers: String
    }

    private static func botocore() throws -> [Expected] {
        let python = try #require(
            ProcessInfo.processInfo.environment["TELEHEALTH_TEST_PYTHON"],
            "set TELEHEALTH_TEST_PYTHON to a Python with botocore, or run tools/test, which does")
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [tests.appendingPathComponent("Interop/oracles/botocore_bodies.py").path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let lines = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try lines.split(separator: 10).map { try JSONDecoder().decode(Expected.self, from: $0) }
    }

    @Test("every call has botocore's method, path, query, body, content type and signed headers")
    func everyCall() async throws {
        let harness = try GatewayHarness(
            {
                $0.sinkEncryption = .init(
                    kmsKeyID: "alias/rec", sinkRoleARN: "arn:aws:iam::111122223333:role/sink")
            },
            script: GatewayHarness.success)
        defer { harness.server.stop() }
        let gateway = harness.gateway
        let timeout = Duration.seconds(5)
        let meeting = GatewayHarness.meetingID
        let attendee = GatewayHarness.attendeeID
        let pipeline = GatewayHarness.pipelineID
        let listener = MediaCapabilities(audio: .receive, video: .receive, content: .none)
        let people = [
            AttendeeRequest(externalUserID: "p-1"),
            AttendeeRequest(externalUserID: "p-2", capabilities: listener),
        ]
        _ = try await gateway.createMeeting(GatewayHarness.meetingRequest(), timeout: timeout)
        let made = try await gateway.createMeeting(
            GatewayHarness.meetingRequest(attendees: people), timeout: timeout)
        #expect(made.attendees.map(\.externalUserID) == ["p-1", "p-2"])
        #expect(made.attendees.map(\.joinToken) == ["token-of-p-1", "token-of-p-2"])
        #expect(made.meeting.placement.signalingURL == "wss://c")
        #expect(made.meeting.placement.turnControlURL == nil)
        #expect(try await gateway.meeting(meeting, timeout: timeout)?.meetingARN == GatewayHarness.meetingARN)
        try await gateway.deleteMeeting(meeting, timeout: timeout)
        #expect(
            try await gateway.createAttendee(people[0], meetingID: meeting, timeout: timeout).attendeeID
                == attendee)
        _ = try await gateway.attendee(attendee, meetingID: meeting, timeout: timeout)
        #expect(try await gateway.attendees(meetingID: meeting, timeout: timeout)?.count == 1)
        try await gateway.deleteAttendee(attendee, meetingID: meeting, timeout: timeout)
        try await gateway.updateCapabilities(
            listener, attendeeID: attendee, meetingID: meeting, timeout: timeout)
        _ = try await gateway.startCapture(
            meetingARN: GatewayHarness.meetingARN, prefix: "rec/1", clientRequestToken: "rec-1",
            timeout: timeout)
        #expect(try await gateway.capture(pipeline, timeout: timeout)?.status == .inProgress)
        let before = harness.server.requests.count
        #expect(
            try await gateway.findCapture(
                meetingARN: GatewayHarness.meetingARN, prefix: "rec/1", timeout: timeout)?.id == pipeline)
        try await gateway.stopCapture(pipeline, timeout: timeout)
        _ = try await gateway.startConcatenation(
            capturePipelineARN: GatewayHarness.pipelineARN, prefix: "rec/1", clientRequestToken: "cat-1",
            timeout: timeout)
        #expect(try await gateway.concatenation(pipeline, timeout: timeout)?.status == .stopped)
        #expect(
            try await gateway.object("rec/1/audio/x.mp4", timeout: timeout)
                == StoredObject(bytes: 42, eTag: "e-1"))

        var requests = harness.server.requests
        // findCapture lists (compared) and then reads what it listed, which is the same call as one before
        // it.
        requests.remove(at: before + 1)
        let expected = try Self.botocore()
        #expect(requests.count == expected.count)
        for (got, expected) in zip(requests, expected) {
            try compare(got, expected)
        }
    }

    private func compare(_ got: ScriptedServer.Request, _ expected: Expected) throws {
        let name = Comment(rawValue: expected.operation)
        let parts = got.target.split(separator: "?", maxSplits: 1).map(String.init)
        let query =
            parts.count < 2
            ? [] : parts[1].split(separator: "&").map { $0.split(separator: "=").map(String.init) }
        #expect(got.method == expected.method, name)
        #expect(parts[0] == expected.path, name)
        #expect(query.sorted { $0[0] < $1[0] } == expected.query, name)
        #expect(got.header("content-type") == expected.content_type, name)
        if expected.body.isEmpty {
            #expect(got.body.isEmpty, name)
        } else {
            let left = try JSONSerialization.jsonObject(with: Data(got.body)) as? NSDictionary
            let right = try JSONSerialization.jsonObject(with: Data(expected.body.utf8)) as? NSDictionary
            #expect(left == right, name)
        }
        let authorization = try #require(got.header("authorization"))
        #expect(authorization.contains("/\(expected.scope),"), name)
        #expect(authorization.contains("SignedHeaders=\(expected.signed_headers),"), name)
    }
}
