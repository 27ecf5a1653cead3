import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import TelehealthTesting
import Testing

@Suite("A watch of many visits by the client", .timeLimit(.minutes(1))) struct SessionsWatchTests {
    private typealias Message = Telehealth_V1_WatchSessionsResponse

    private static func part(_ ids: [String], token: String = "") -> Message {
        .with {
            $0.message = .snapshotPart(
                .with { part in
                    part.sessions = ids.map { id in .with { $0.sessionID = id } }
                    part.complete = !token.isEmpty
                })
            $0.resumeToken = token
        }
    }

    private static func changed(_ id: String, token: String) -> Message {
        .with {
            $0.message = .changed(.with { $0.sessionID = id })
            $0.resumeToken = token
        }
    }

    private static func gone(_ id: String, token: String) -> Message {
        .with {
            $0.message = .gone(.with { $0.sessionID = id })
            $0.resumeToken = token
        }
    }

    private static func heartbeat(token: String) -> Message {
        .with {
            $0.message = .heartbeat(.init())
            $0.resumeToken = token
        }
    }

    private static let broken = StreamEnding.failure(RPCError(.unavailable, "gone"))

    private func all(_ client: TelehealthClient, behind token: String? = nil) async throws -> [String] {
        var seen: [String] = []
        let watch = client.sessions.watchAll(
            startingFrom: .with { $0.seconds = 1 }, before: .with { $0.seconds = 2 }, behind: token)
        for try await update in watch {
            switch update {
            case .snapshot(let visits): seen.append("all " + visits.map(\.sessionID).joined(separator: ","))
            case .changed(let visit): seen.append(visit.sessionID)
            case .gone(let id): seen.append("no \(id)")
            }
        }
        return seen
    }

    @Test func `the parts of a snapshot are one update, and changes follow`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(
                    messages: [
                        Self.part(["a", "b"]), Self.part(["c"], token: "1"), Self.changed("d", token: "2"),
                        Self.heartbeat(token: "3"), Self.gone("a", token: "4"),
                    ], ending: .over)
            ])
            let seen = try await all(client)
            #expect(seen == ["all a,b,c", "d", "no a"])
        }
    }

    @Test func `a broken stream is resumed after the last token, also one of a heartbeat`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(messages: [Self.part(["a"], token: "1"), Self.changed("b", token: "2")], ending: Self.broken),
                .init(messages: [Self.heartbeat(token: "3")], ending: Self.broken),
                .init(messages: [Self.changed("c", token: "4")], ending: .over),
            ])
            let seen = try await all(client)
            #expect(seen == ["all a", "b", "c"])
            #expect(loopback.service.sessions.watchSessions.requests.map(\.resumeToken) == ["", "2", "3"])
        }
    }

    @Test func `a snapshot that breaks off is asked for again, and nothing of it is shown`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(messages: [Self.part(["a"])], ending: Self.broken),
                .init(messages: [Self.part(["b"]), Self.part(["c"], token: "1")], ending: .over),
            ])
            let seen = try await all(client)
            #expect(seen == ["all b,c"])
            #expect(loopback.service.sessions.watchSessions.requests.map(\.resumeToken) == ["", ""])
        }
    }

    @Test func `a token that is too old gives a new snapshot`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(messages: [], ending: .failure(.refusal(.resumeExpired))),
                .init(messages: [Self.part(["a"], token: "9")], ending: .over),
            ])
            let seen = try await all(client, behind: "kept")
            #expect(seen == ["all a"])
            #expect(loopback.service.sessions.watchSessions.requests.map(\.resumeToken) == ["kept", ""])
        }
    }

    @Test func `what may be kept is the token of the last update that was given out`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(messages: [Self.part(["a"], token: "1"), Self.changed("b", token: "2")], ending: .open)
            ])
            var updates = client.sessions
                .watchAll(startingFrom: .with { $0.seconds = 1 }, before: .with { $0.seconds = 2 })
                .makeAsyncIterator()
            #expect(updates.resumeToken == nil)
            _ = try await updates.next()
            #expect(updates.resumeToken == "1")
            _ = try await updates.next()
            #expect(updates.resumeToken == "2")
        }
    }

    @Test func `an error that is the service's word ends it`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSessions.answerNext([
                .init(messages: [], ending: .failure(.refusal(.watchTooLarge)))
            ])
            let error = await #expect(throws: RPCError.self) { try await all(client) }
            #expect(error?.reason == "WATCH_TOO_LARGE")
        }
    }
}
