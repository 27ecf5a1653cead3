import ProtobufWire
import RPCClient
import RPCModel
import TelehealthAPI
import TelehealthTesting
import Testing

@testable import TelehealthClient

@Suite("Calls of the client", .timeLimit(.minutes(1))) struct TelehealthClientTests {
    private let join = Telehealth_V1_JoinSessionRequest.with { $0.key = .sessionID("s") }
    private let get = Telehealth_V1_GetSessionRequest.with { $0.key = .sessionID("s") }

    @Test func `a change is given a version 4 UUID as its request id`() async throws {
        try await Loopback.run(configure: { $0.random = { .max } }) { loopback, client in
            _ = try await client.sessions.join(join)
            #expect(loopback.service.sessions.join.requests.map(\.requestID) == ["ffffffff-ffff-4fff-bfff-ffffffffffff"])
        }
    }

    @Test func `two changes have two request ids`() async throws {
        try await Loopback.run { loopback, client in
            for _ in 0..<2 { _ = try await client.sessions.join(join) }
            #expect(Set(loopback.service.sessions.join.requests.map(\.requestID)).count == 2)
        }
    }

    @Test func `a request id that the caller chose is kept`() async throws {
        try await Loopback.run { loopback, client in
            var mine = join
            mine.requestID = "5f1b6a52-0f3c-4f0e-9a55-0e2f8d1c7b31"
            _ = try await client.sessions.join(mine)
            #expect(loopback.service.sessions.join.requests.map(\.requestID) == [mine.requestID])
        }
    }

    @Test(arguments: [RPCError.Code.unavailable, .aborted])
    func `a change is repeated under its first request id until it succeeds`(code: RPCError.Code) async throws
    {
        try await Loopback.run { loopback, client in
            for _ in 1...2 { loopback.service.sessions.join.failNext(RPCError(code, "not yet")) }
            let answer = try await client.sessions.join(join)
            #expect(answer.outcome == .waiting)
            let ids = loopback.service.sessions.join.requests.map(\.requestID)
            #expect(ids.count == 3)
            #expect(Set(ids).count == 1)
        }
    }

    @Test func `the last error is thrown when no attempt is left`() async throws {
        try await Loopback.run(configure: { $0.maxAttempts = 3 }) { loopback, client in
            for number in 1...4 { loopback.service.sessions.get.failNext(RPCError(.unavailable, "failure \(number)")) }
            let error = await #expect(throws: RPCError.self) { try await client.sessions.get(get) }
            #expect(error?.code == .unavailable)
            #expect(error?.message == "failure 3")
            #expect(loopback.service.calls.count == 3)
        }
    }

    @Test(arguments: [
        RPCError.Code.failedPrecondition, .invalidArgument, .resourceExhausted, .internal, .unauthenticated,
    ])
    func `an error that another attempt would not mend is thrown at once`(code: RPCError.Code) async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.join.failNext(RPCError(code, "no"))
            let error = await #expect(throws: RPCError.self) { try await client.sessions.join(join) }
            #expect(error?.code == code)
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `a version that does not hold is told with the present one, and never tried again`() async throws {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.join.failNext(.refusal(.versionMismatch, metadata: ["current_version": "9"]))
            let error = await #expect(throws: RPCError.self) {
                try await client.sessions.join(.with { ($0.key, $0.expectedVersion) = (.sessionID("s"), 8) })
            }
            #expect(error?.currentVersion == 9)
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test func `no attempt is made when the wait that the service asks for ends after the deadline`()
        async throws
    {
        try await Loopback.run { loopback, client in
            loopback.service.sessions.join.failNext(.refusal(.meetingUnavailable, retryAfter: .seconds(3600)))
            let error = await #expect(throws: RPCError.self) { try await client.sessions.join(join) }
            #expect(error?.retryDelay == .seconds(3600))
            #expect(loopback.service.calls.count == 1)
        }
    }

    @Test(arguments: [UInt64.min, .max])
    func `no attempt comes before the service wants it, however the waits are spread`(random: UInt64) {
        var configuration = ClientConfiguration(target: "unix:/none")
        configuration.random = { random }
        #expect(configuration.wait(after: 1, .refusal(.rateLimited, retryAfter: .seconds(7))) >= .seconds(7))
        // Where it says nothing, or less than the client waits anyway, the client's own wait counts.
        for error in [RPCError(.unavailable, ""), .refusal(.storeOverloaded, retryAfter: .milliseconds(1))] {
            let wait = configuration.wait(after: 1, error)
            #expect(wait >= .milliseconds(80) && wait <= .milliseconds(120))
        }
    }

    @Test func `an expired token is replaced and the call made again under the same request id`() async throws
    {
        let tokens = CountingTokens()
        try await Loopback.run(tokens: tokens) { loopback, client in
            loopback.service.expire("token-1")
            _ = try await client.sessions.join(join)
            #expect(loopback.service.calls.map(\.bearerToken) == ["token-1", "token-2"])
            #expect(Set(loopback.service.sessions.join.requests.map(\.requestID)).count == 1)
        }
    }

    @Test func `a token is replaced once, not for ever`() async throws {
        try await Loopback.run(tokens: CountingTokens()) { loopback, client in
            loopback.service.check { _ throws(RPCError) in throw .refusal(.tokenExpired) }
            let error = await #expect(throws: RPCError.self) { try await client.sessions.get(get) }
            #expect(error?.reason == "TOKEN_EXPIRED")
            #expect(loopback.service.calls.map(\.bearerToken) == ["token-1", "token-2"])
        }
    }

    @Test func `an expired token is fetched anew once for all who call at the same time`() async throws {
        let source = CountingTokens()
        let cache = TokenCache { (await source.next(), .seconds(3600)) }
        try await Loopback.run(tokens: cache) { loopback, client in
            loopback.service.expire("token-1")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await client.sessions.get(get) } }
                try await group.waitForAll()
            }
            #expect(await source.made == 2)
        }
    }

    @Test func `a refused token is never given again, however soon its refusal comes`() async throws {
        for _ in 0..<500 {
            let source = CountingTokens()
            let cache = TokenCache { (await source.next(), .seconds(3600)) }
            try await withThrowingTaskGroup(of: (String, String).self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let first = try await cache.token(replacing: nil)
                        return (first, try await cache.token(replacing: first))
                    }
                }
                for try await (first, second) in group { #expect(first != second) }
            }
        }
    }

    @Test func `a token that cannot be had fails the call before it is made`() async throws {
        struct NoToken: TokenProvider, Error {
            func token(replacing rejected: String?) async throws -> String { throw self }
        }
        try await Loopback.run(tokens: NoToken()) { loopback, client in
            let error = await #expect(throws: RPCError.self) { try await client.sessions.get(get) }
            #expect(error?.code == .unauthenticated)
            #expect(error?.isFromPeer == false)
            #expect(loopback.service.calls.isEmpty)
        }
    }

    @Test func `one connection serves several people`() async throws {
        try await Loopback.run { loopback, client in
            _ = try await client.sessions.get(get)
            _ = try await client.acting(with: FixedToken("other")).sessions.get(get)
            #expect(loopback.service.calls.map(\.bearerToken) == ["token-1", "other"])
        }
    }

    @Test func `an export is read at the reader's pace, each piece within the time of a call`() async throws {
        try await Loopback.run(configure: { $0.timeout = .milliseconds(300) }) { loopback, client in
            var pieces: [[UInt8]] = []
            for try await piece in client.people.exportRecord("c") {
                pieces.append(piece)
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(pieces == [[1], [2], [3]])
            let error = await #expect(throws: RPCError.self) {
                for try await _ in client.people.exportRecord("silent") {}
            }
            #expect(error?.code == .unavailable && error?.isBrokenConnection == true)
        }
    }

    @Test func `connections are asked every 20 s of silence, unless the channel or the client says otherwise`() {
        var configuration = ClientConfiguration(target: "unix:/none")
        #expect(ChannelConfiguration().keepalive == nil)
        #expect(configuration.channelInUse.keepalive == .seconds(20))
        configuration.channel.keepalive = .seconds(60)
        #expect(configuration.channelInUse.keepalive == .seconds(60))
        configuration.channel.keepalive = nil
        configuration.keepalive = nil
        #expect(configuration.channelInUse.keepalive == nil)
    }

    @Test func `a channel waits no longer between attempts to connect than a call between its own`() {
        var configuration = ClientConfiguration(target: "unix:/none")
        #expect(configuration.channelInUse.backoff.maximum == .seconds(5))
        configuration.channel.backoff.maximum = .seconds(2)
        #expect(configuration.channelInUse.backoff.maximum == .seconds(2))
    }
}
