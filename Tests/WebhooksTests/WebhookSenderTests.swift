import Crypto
import Foundation
import HTTPSClient
import LoopbackHTTP
import TelehealthModel
import Testing

@testable import Webhooks

@Suite("Webhooks out") struct WebhookSenderTests {
    private static let secret = [UInt8](repeating: 7, count: 32)
    private let event = SessionEvent(
        sessionID: SessionID("s-1"), sequence: 7, at: Timestamp(microseconds: 1_790_000_000_000_000),
        kind: .participantAdmitted, status: .inProgress, participantID: ParticipantID("p-1"))

    private func withReceiver(
        _ script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (HTTPSWebhookSender, ScriptedServer) async throws -> Void
    ) async throws {
        let server = ScriptedServer(script: script)
        let client = try HTTPSClient()
        let endpoint = try WebhookEndpoint(
            name: "records", url: "http://127.0.0.1:\(server.port)/hook", secret: Self.secret,
            mayBeLoopback: true)
        try await body(HTTPSWebhookSender([endpoint], client: client), server)
        client.shutdown()
        server.stop()
    }

    @Test("a message is signed over its time and body, and holds ids and kinds")
    func signs() async throws {
        try await withReceiver({ _ in .answer(status: 204) }) { sender, server in
            try await sender.send(
                event, delivery: EffectID("d-1"), attempt: 3, to: "records",
                now: Timestamp(microseconds: 1_790_000_005_000_000))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.target == "/hook")
            #expect(
                request.header("telehealth-delivery") == "d-1" && request.header("telehealth-attempt") == "3")
            let mac = HMAC<SHA256>.authenticationCode(
                for: Array("1790000005.".utf8) + request.body, using: SymmetricKey(data: Self.secret))
            let hex = mac.map { String(format: "%02x", $0) }.joined()
            #expect(request.header("telehealth-signature") == "t=1790000005,v1=\(hex)")
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
            #expect(json["kind"] as? String == "PARTICIPANT_ADMITTED" && json["sequence"] as? Int == 7)
            #expect(json["session"] as? String == "s-1" && json["status"] as? String == "IN_PROGRESS")
            #expect(
                Set(json.keys) == [
                    "delivery", "session", "sequence", "kind", "status", "occurred_at", "participant",
                ])
        }
    }

    @Test("a reason is in the body as the word that it always had")
    func tellsReasons() throws {
        let reasons: [(SessionEvent.Kind, SessionStatus, SessionEvent.Reason?, String)] = [
            (.statusChanged, .completed, .end(.technicalFailure), #""reason":"TECHNICAL_FAILURE","#),
            (.participantLeft, .inProgress, .left(.presenceLost), #""reason":"PRESENCE_LOST","#),
            (.participantLeft, .inProgress, nil, ""),
            (.recordingFailed, .inProgress, .text("CAPTURE_GONE"), #""reason":"CAPTURE_GONE","#),
        ]
        for (kind, status, reason, written) in reasons {
            let event = SessionEvent(
                sessionID: SessionID("s-1"), sequence: 7, at: Timestamp(microseconds: 1_790_000_000_000_000),
                kind: kind, status: status, reason: reason)
            let body = try #require(HTTPSWebhookSender.body(event, EffectID("d-1")))
            let expected =
                #"{"delivery":"d-1","kind":"\#(wireName(kind))","occurred_at":"2026-09-21T14:13:20Z",\#(written)"#
                + #""sequence":7,"session":"s-1","status":"\#(wireName(status))"}"#
            #expect(String(decoding: body, as: UTF8.self) == expected)
        }
    }

    @Test("what is not a success is tried again, redirects included", arguments: [301, 400, 404, 410, 500, 503])
    func failsForNow(status: Int) async throws {
        try await withReceiver({ _ in .answer(status: status, headers: ["Location": "http://127.0.0.1:1/"]) })
        { sender, server in
            let error = await #expect(throws: GatewayError.self) {
                try await sender.send(
                    event, delivery: EffectID("d"), attempt: 1, to: "records", now: Timestamp(microseconds: 0)
                )
            }
            #expect(error?.isWorthRetrying == true && error?.code == "status_\(status)")
            #expect(server.requests.count == 1)
        }
    }

    @Test(
        "targets on this machine or in private networks are refused by their address",
        arguments: [
            "http://records.example/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/",
            "https://169.254.169.254/", "ftp://records.example/", "https://user@records.example/",
        ])
    func refusesAddresses(url: String) {
        #expect(throws: WebhookConfigurationError.self) {
            try WebhookEndpoint(name: "x", url: url, secret: Self.secret, mayBeLoopback: false)
        }
    }

    @Test(
        "an address that is private when the connection is made is not connected to",
        arguments: ["https://10.0.0.1/", "https://192.168.1.1/", "https://[fd12:3456::1]/"])
    func refusesPrivateConnections(url: String) async throws {
        let client = try HTTPSClient()
        let endpoint = try WebhookEndpoint(name: "x", url: url, secret: Self.secret, mayBeLoopback: false)
        await #expect(throws: GatewayError(kind: .unavailable, code: "private_address_refused")) {
            try await HTTPSWebhookSender([endpoint], client: client).send(
                event, delivery: EffectID("d"), attempt: 1, to: "x", now: Timestamp(microseconds: 0))
        }
        client.shutdown()
    }

    @Test("a file of targets is read whole or refused: names, kinds, secrets that others may read")
    func readsFile() throws {
        let folder = NSTemporaryDirectory() + "webhooks-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (secret, file) = (folder + "/secret", folder + "/targets.json")
        func write(_ kinds: String, mode: Int = 0o600) throws {
            try Data((String(repeating: "k", count: 40) + "\n").utf8).write(to: URL(fileURLWithPath: secret))
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: secret)
            let json = """
                {"targets": [{"name": "records", "url": "https://r.example/x", "secret_file": "\(secret)", "kinds": \(kinds)}]}
                """
            try Data(json.utf8).write(to: URL(fileURLWithPath: file))
        }
        try write(#"["STATUS_CHANGED", "RECORDING_AVAILABLE"]"#)
        let endpoints = try WebhookFile.read(file, mayBeLoopback: false)
        #expect(
            endpoints.map(\.target) == [
                WebhookTarget(name: "records", kinds: [.statusChanged, .recordingAvailable])
            ])
        try write(#"["EVERYTHING"]"#)
        #expect(throws: WebhookConfigurationError.self) { try WebhookFile.read(file, mayBeLoopback: false) }
        try write("[]", mode: 0o644)
        #expect(throws: WebhookConfigurationError.self) { try WebhookFile.read(file, mayBeLoopback: false) }
    }
}
