import EventCore
import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing
import Transport

private typealias Method = TestService.Method

/// Until the condition holds; a test that waits without success fails by its time limit.
private func until(_ condition: () async -> Bool) async {
    while !(await condition()) { await Task.yield() }
}

extension RPCServer {
    /// Whether a connection ended for one of these reasons. Once its last call is over either side may hang up first.
    fileprivate func ended(_ reasons: Set<String>) async -> Bool {
        await !metrics().connectionEnds.keys.filter(reasons.contains).isEmpty
    }
}

@Suite("The life of connections under calls", .timeLimit(.minutes(1))) struct ConnectionLifeTests {
    @Test("a channel without calls becomes idle, and leaves idleness with the next call") func idleChannel()
        async throws
    {
        let clock = ManualClock()
        try await Loopback.run(channel: {
            $0.clock = .manual(clock)
            $0.idleTimeout = .seconds(60)
        }) { loopback in
            #expect(loopback.channel.connectivity == .idle)
            _ = try await loopback.echo()
            #expect(loopback.channel.connectivity == .ready)
            let held = Task { () -> Text in try await loopback.unary(Method.hold, Text("held")) }
            await loopback.service.started.wait()
            clock.advance(by: .seconds(600))
            _ = try await loopback.echo()
            #expect(loopback.channel.connectivity == .ready)
            loopback.service.release.happen()
            _ = try await held.value
            clock.advance(by: .seconds(61))
            let after = await loopback.channel.connectivity(after: .ready)
            #expect(after == .idle)
            await until { await loopback.server.metrics().connections.open == 0 }
            let answer = try await loopback.echo("again")
            #expect(answer == "again")
            #expect(await loopback.server.metrics().connections.accepted == 2)
        }
    }

    @Test("waiting for another state ends with the task, and with the channel") func states() async throws {
        let channel = try RPCChannel(target: "127.0.0.1:1")
        let waiting = Task { await channel.connectivity(after: .idle) }
        waiting.cancel()
        #expect(await waiting.value == .idle)
        channel.connect()
        var state = channel.connectivity
        while state != .transientFailure { state = await channel.connectivity(after: state) }
        await channel.shutdown()
        #expect(await channel.connectivity(after: .transientFailure) == .shutdown)
    }

    @Test("a server drains connections without calls, and the next call makes a new one") func idleServer()
        async throws
    {
        let clock = ManualClock()
        try await Loopback.run(server: {
            $0.clock = .manual(clock)
            $0.transport.idleMax = .seconds(60)
        }) { loopback in
            _ = try await loopback.echo()
            clock.advance(by: .seconds(61))
            await until { await loopback.server.ended(["drained", "peer_closed"]) }
            await until { loopback.channel.connectivity == .idle }
            _ = try await loopback.echo()
            #expect(await loopback.server.metrics().connections.accepted == 2)
        }
    }

    @Test("an old connection is drained: its calls go on for the grace, new calls get a new connection")
    func age() async throws {
        let clock = ManualClock()
        try await Loopback.run(server: {
            $0.clock = .manual(clock)
            $0.transport.ageMax = .seconds(1000)
            $0.transport.ageGrace = .seconds(100)
        }) { loopback in
            let held = Task { () -> Text in try await loopback.unary(Method.hold, Text("held")) }
            await loopback.service.started.wait()
            // 10 % of jitter either way.
            clock.advance(by: .seconds(899))
            _ = try await loopback.echo()
            #expect(await loopback.server.metrics().connections.accepted == 1)
            clock.advance(by: .seconds(202))
            await until { loopback.channel.connectivity != .ready }
            _ = try await loopback.echo()
            #expect(await loopback.server.metrics().connections.accepted == 2)
            loopback.service.release.happen()
            let answer = try await held.value.value
            #expect(answer == "held")
            await until { await loopback.server.ended(["drained", "peer_closed"]) }
        }
    }

    @Test("calls that outlast the grace of an old connection end with it") func ageGrace() async throws {
        let clock = ManualClock()
        try await Loopback.run(server: {
            $0.clock = .manual(clock)
            $0.transport.ageMax = .seconds(1000)
            $0.transport.ageGrace = .seconds(100)
        }) { loopback in
            let held = Task { () -> Text in try await loopback.unary(Method.hang, Text()) }
            await loopback.service.started.wait()
            clock.advance(by: .seconds(1101))
            await until { loopback.channel.connectivity != .ready }
            clock.advance(by: .seconds(101))
            let error = await #expect(throws: RPCError.self) { try await held.value }
            #expect(error?.code == .unavailable)
            await loopback.service.cancelled.wait()
            #expect(await loopback.server.metrics().connectionEnds["grace_expired"] == 1)
        }
    }

    @Test("a client that asks too often is sent away, asks less, and its calls go on") func tooManyPings()
        async throws
    {
        let clock = ManualClock()
        try await Loopback.run(channel: {
            $0.clock = .manual(clock)
            $0.idleTimeout = nil
            $0.transport.keepaliveWithoutCalls = true
            $0.transport.keepalive.time = .seconds(10)
            $0.transport.keepalive.timeout = .seconds(36_000)
        }) { loopback in
            _ = try await loopback.echo()
            await until {
                clock.advance(by: .seconds(11))
                return await loopback.server.metrics().connectionEnds["too_many_pings"] == 1
            }
            let answer = try await loopback.echo("on")
            #expect(answer == "on")
            #expect(await loopback.server.metrics().connections.accepted == 2)
        }
    }

    @Test("a server's pushback sets the time of the retry, or forbids it") func retryPushback() async throws {
        let service = PushbackService()
        try await Loopback.run(
            services: [service],
            channel: {
                // An hour: only the server's word can make the second attempt come in this test's time.
                $0.retryPolicy = RetryPolicy(
                    maxAttempts: 3, initialBackoff: .seconds(3600), maxBackoff: .seconds(3600),
                    backoffMultiplier: 1,
                    retryableCodes: [.unavailable])
            }
        ) { loopback in
            service.answers.withLock { $0 = [.retry(after: .milliseconds(2)), .retry(after: .zero)] }
            let answer: Text = try await loopback.unary(PushbackService.call, Text("third time"))
            #expect(answer.value == "third time")
            service.answers.withLock { $0 = [.doNotRetry] }
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(PushbackService.call, Text())
            }
            #expect(error?.code == .unavailable)
            #expect(service.answers.withLock { $0.isEmpty })
        }
    }
}

/// Fails once for each answer that is left, with its pushback.
private final class PushbackService: RPCService {
    static let call = MethodDescriptor(service: "test.Pushback", name: "Call")
    let answers = Mutex<[RetryPushback]>([])

    var routes: [ServerRoute] {
        [
            .unary(Self.call) { [self] (request: Text, _) async throws(RPCError) -> Text in
                let pushback = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                if let pushback { throw RPCError(.unavailable, "not now", retryPushback: pushback) }
                return request
            }
        ]
    }
}
