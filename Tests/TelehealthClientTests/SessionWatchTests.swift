import ProtobufWire
import RPCModel
import Synchronization
import TelehealthAPI
import TelehealthClient
import TelehealthTesting
import Testing

@Suite("A watch of the client", .timeLimit(.minutes(1))) struct SessionWatchTests {
    private static func snapshot(_ sequence: Int64) -> Telehealth_V1_WatchSessionResponse {
        .with { $0.message = .snapshot(.with { $0.sequence = sequence }) }
    }

    private static func events(_ sequences: ClosedRange<Int64>) -> [Telehealth_V1_WatchSessionResponse] {
        sequences.map { sequence in .with { $0.message = .event(.with { $0.sequence = sequence }) } }
    }

    private static let heartbeat = Telehealth_V1_WatchSessionResponse.with {
        $0.message = .heartbeat(.init())
    }
    private static let broken = StreamEnding.failure(RPCError(.unavailable, "gone"))

    /// What a program sees: `s5` for a snapshot as of event 5, `6` for event 6.
    private func name(_ update: SessionWatch.Update) -> String {
        switch update {
        case .snapshot(let snapshot): "s\(snapshot.sequence)"
        case .event(let event): "\(event.sequence)"
        }
    }

    private func all(_ watch: SessionWatch) async throws -> [String] {
        var seen: [String] = []
        for try await update in watch { seen.append(name(update)) }
        return seen
    }

    @Test func `updates come in order, heartbeats are not shown, and the end of the session ends it`()
        async throws
    {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(
                    messages: [Self.snapshot(1)] + Self.events(2...3) + [Self.heartbeat] + Self.events(4...4),
                    ending: .over)
            ])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s1", "2", "3", "4"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [nil])
        }
    }

    @Test func `a broken stream is resumed after the last event, without a gap and without a twin`()
        async throws
    {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [Self.snapshot(5)] + Self.events(6...7), ending: Self.broken),
                .init(messages: Self.events(7...8), ending: Self.broken),
                .init(messages: Self.events(9...9), ending: .over),
            ])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s5", "6", "7", "8", "9"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [nil, 7, 8])
        }
    }

    @Test func `a server that is restarted is found again`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [Self.snapshot(5)] + Self.events(6...6), ending: .open),
                .init(messages: Self.events(7...7), ending: .over),
            ])
            var seen: [String] = []
            for try await update in client.sessions.watch("s") {
                seen.append(name(update))
                if name(update) == "6" { try await loopback.restart() }
            }
            #expect(seen == ["s5", "6", "7"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [nil, 6])
        }
    }

    @Test func `a watch may begin after an event`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([.init(messages: Self.events(3...4), ending: .over)])
            let seen = try await all(client.sessions.watch("s", after: 2))
            #expect(seen == ["3", "4"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [2])
        }
    }

    @Test func `when the events are no longer kept, a new snapshot says where things stand`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [Self.snapshot(1)] + Self.events(2...2), ending: Self.broken),
                .init(messages: [], ending: .failure(.refusal(.resumeExpired))),
                .init(messages: [Self.snapshot(90)] + Self.events(91...91), ending: .over),
            ])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s1", "2", "s90", "91"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [nil, 2, nil])
        }
    }

    @Test func `each token that expires during the visit is replaced`() async throws {
        let expired = StreamEnding.failure(
            .refusal(.tokenExpired))
        try await Loopback.run(tokens: CountingTokens()) { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [Self.snapshot(1)], ending: expired),
                .init(messages: Self.events(2...2), ending: expired),
                .init(messages: Self.events(3...3), ending: .over),
            ])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s1", "2", "3"])
            #expect(loopback.service.calls.map(\.bearerToken) == ["token-1", "token-2", "token-3"])
        }
    }

    @Test func `a watch outlives an outage of whoever gives the tokens`() async throws {
        try await Loopback.run(tokens: FlakyTokens()) { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [Self.snapshot(1)], ending: Self.broken),
                .init(messages: Self.events(2...2), ending: .over),
            ])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s1", "2"])
            #expect(loopback.service.calls.map(\.bearerToken) == ["token", "token"])
        }
    }

    @Test func `a fresh token that is refused too ends the watch`() async throws {
        try await Loopback.run(tokens: CountingTokens()) { loopback, client in
            loopback.service.check { _ throws(RPCError) in throw .refusal(.tokenExpired) }
            let error = await #expect(throws: RPCError.self) { try await all(client.sessions.watch("s")) }
            #expect(error?.reason == "TOKEN_EXPIRED")
            #expect(loopback.service.calls.map(\.bearerToken) == ["token-1", "token-2"])
        }
    }

    @Test func `an error that another attempt would not mend ends the watch, once and for all`() async throws
    {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [], ending: .failure(RPCError(.notFound, "no such session")))
            ])
            var updates = client.sessions.watch("s").makeAsyncIterator()
            let error = await #expect(throws: RPCError.self) { try await updates.next() }
            #expect(error?.code == .notFound)
            let afterwards = try await updates.next()
            #expect(afterwards == nil)
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `failures in a row are not counted: a watch outlives many more than a call does`() async throws {
        try await Loopback.run(configure: { $0.maxAttempts = 2 }) { loopback, client in
            let nothing = StreamScript<Telehealth_V1_WatchSessionResponse>(messages: [], ending: Self.broken)
            loopback.service.sessions.watchSession.answerNext(
                Array(repeating: nothing, count: 20) + [.init(messages: [Self.snapshot(1)], ending: .over)])
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s1"])
            #expect(loopback.service.calls.count == 21)
        }
    }

    @Test func `a watch without patience gives up at the first failure, with its error`() async throws {
        try await Loopback.run(configure: { $0.watchPatience = .zero }) { loopback, client in
            loopback.service.sessions.watchSession.answerNext([.init(messages: [Self.snapshot(1)], ending: Self.broken)])
            var seen: [String] = []
            let error = await #expect(throws: RPCError.self) {
                for try await update in client.sessions.watch("s") { seen.append(name(update)) }
            }
            #expect(error?.code == .unavailable && error?.message == "gone")
            #expect(seen == ["s1"])
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `a stream that says nothing for two and a half heartbeats is resumed`() async throws {
        let announced = Telehealth_V1_WatchSessionResponse.with {
            $0.message = .snapshot(.with { $0.sequence = 5 })
            $0.heartbeatInterval = .with { $0.nanos = 20_000_000 }
        }
        let breaks = Breaks()
        try await Loopback.run(configure: { $0.watchDidBreak = { error, _ in breaks.note(error) } }) {
            loopback, client in
            loopback.service.sessions.watchSession.answerNext([
                .init(messages: [announced], ending: .open), .init(messages: [], ending: .open),
                .init(messages: Self.events(6...6), ending: .over),
            ])
            let began = ContinuousClock.now
            let seen = try await all(client.sessions.watch("s"))
            #expect(seen == ["s5", "6"])
            #expect(loopback.service.sessions.watchSession.requests.map(\.afterSequence) == [nil, 5, 5])
            #expect(ContinuousClock.now - began >= .milliseconds(100))
            #expect(breaks.errors.map(\.isBrokenConnection) == [true, true])
        }
    }

    @Test func `a reader that takes its time takes no stream for dead`() async throws {
        let announced = Telehealth_V1_WatchSessionResponse.with {
            $0.message = .snapshot(.with { $0.sequence = 5 })
            $0.heartbeatInterval = .with { $0.nanos = 10_000_000 }
        }
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([.init(messages: [announced] + Self.events(6...7), ending: .over)])
            var seen: [String] = []
            for try await update in client.sessions.watch("s") {
                seen.append(name(update))
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(seen == ["s5", "6", "7"])
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `who has a place in the visit says by heartbeats that they are there, while the watch is open`()
        async throws
    {
        let first = Telehealth_V1_WatchSessionResponse.with {
            $0.message = .snapshot(.with { $0.sequence = 5 })
            $0.callHeartbeatWithin = .with { $0.seconds = 1 }
        }
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([.init(messages: [first], ending: .open)])
            let watching = Task {
                for try await _ in client.sessions.watch("s") {}
            }
            _ = await loopback.service.calls(atLeast: 3)
            watching.cancel()
            _ = await watching.result
            let calls = loopback.service.calls
            // On a busy machine another heartbeat may have arrived before the cancellation.
            #expect(Set(calls.dropFirst().map(\.method.name)) == ["Heartbeat"] && calls[0].method.name == "WatchSession")
            #expect(loopback.service.sessions.watchSession.requests[0].presenceByHeartbeat)
            // The next would have come within a second.
            try await Task.sleep(for: .milliseconds(1200))
            #expect(loopback.service.calls.count == calls.count)
        }
    }

    @Test func `cancelling the task ends the watch with CANCELLED`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.watchSession.answerNext([.init(messages: [Self.snapshot(1)], ending: .open)])
            let (began, begin) = AsyncStream<Void>.makeStream()
            let watching = Task {
                for try await _ in client.sessions.watch("s") { begin.yield() }
            }
            for await _ in began { break }
            watching.cancel()
            let error = await #expect(throws: RPCError.self) { try await watching.value }
            #expect(error?.code == .cancelled)
            #expect(loopback.service.calls.count == 1)
        }
    }
}

/// Has no token at every second time of asking.
private actor FlakyTokens: TokenProvider {
    private struct OutOfReach: Error {}
    private var asked = 0

    func token(replacing rejected: String?) async throws -> String {
        asked += 1
        if asked.isMultiple(of: 2) { return "token" }
        throw OutOfReach()
    }
}

/// Why a watch lost its streams, one after another.
private final class Breaks: Sendable {
    private let noted = Mutex<[RPCError]>([])

    var errors: [RPCError] { noted.withLock { $0 } }

    func note(_ error: RPCError) { noted.withLock { $0.append(error) } }
}
