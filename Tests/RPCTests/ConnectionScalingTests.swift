import HTTP2Engine
import ProtobufWire
import RPCModel
import RPCServer
import Synchronization
import Testing
import Transport

@testable import RPCClient

private typealias Method = TestService.Method

/// grpc/proposal A105.
@Suite("More connections to an address whose streams are all taken", .timeLimit(.minutes(1)))
struct ConnectionScalingTests {
    final class Link {
        var isFull = false
    }

    @Test("there is one attempt at a time, never more connections than allowed, and a wait after each failure")
    func anyHistoryKeepsTheRules() {
        var random = SplitMix(state: 7)
        for countMax in 1...4 {
            var set = ConnectionSet<Link>(countMax: countMax)
            for _ in 0..<5000 {
                let (before, wasBackingOff, hadAttempt) = (set.working, set.isBackingOff, set.attempt != nil)
                switch random.next(6) {
                case 0, 1:
                    for link in set.working { link.isFull = random.next(4) > 0 }
                    let wants = set.state == .idle || set.wantsAnother { $0.isFull }
                    guard wants else { break }
                    #expect(!hadAttempt && !wasBackingOff && before.allSatisfy(\.isFull))
                    set.attemptStarted(Link())
                case 2, 3:
                    guard let attempt = set.attempt else { break }
                    let isWanted = set.becameReady(attempt)
                    #expect(isWanted)
                    #expect(set.working.last === attempt && set.state == .ready)
                case 4:
                    guard let lost = (set.working + (set.attempt.map { [$0] } ?? [])).randomElement(using: &random)
                    else { break }
                    let wasAttempt = lost === set.attempt
                    let loss = set.remove(lost)
                    #expect(loss == (wasAttempt ? .ofAttempt : .ofWorking))
                    #expect(set.isBackingOff == (wasAttempt || wasBackingOff))
                default: set.backoffEnded()
                }
                #expect(set.working.count + (set.attempt == nil ? 0 : 1) <= countMax)
                #expect(set.state != .idle || set.working.isEmpty)
            }
        }
    }

    @Test("an address with an attempt, or waiting after one, says so once its last connection is lost")
    func stateAfterALoss() {
        var set = ConnectionSet<Link>(countMax: 2)
        let (first, second, third) = (Link(), Link(), Link())
        func becomesReady(_ link: Link) -> Bool { set.becameReady(link) }
        func loses(_ link: Link) -> ConnectionSet<Link>.Loss { set.remove(link) }
        set.attemptStarted(first)
        #expect(set.state == .connecting)
        #expect(becomesReady(first))
        set.attemptStarted(second)
        #expect(set.state == .ready)
        #expect(loses(first) == .ofWorking)
        #expect(set.state == .connecting && !set.hasFailed)
        #expect(becomesReady(second))
        set.attemptStarted(third)
        #expect(loses(third) == .ofAttempt)
        #expect(set.state == .ready && set.hasFailed)
        #expect(loses(second) == .ofWorking)
        #expect(set.state == .transientFailure)
        #expect(loses(third) == .ofUnknown)
        #expect(!becomesReady(third))
        set.backoffEnded()
        #expect(set.state == .idle)
    }

    @Test(
        "the number of connections is capped, and at least one",
        arguments: [(0, 10, 1), (3, 10, 3), (64, 10, 10), (64, 20, 20), (2, 0, 1)])
    func cap(wanted: Int, limit: Int, expected: Int) {
        var configuration = ChannelConfiguration()
        configuration.maxConnectionsPerSubchannel = wanted
        configuration.maxConnectionsPerSubchannelLimit = limit
        #expect(configuration.connectionsPerSubchannel == expected)
    }

    /// Starts held calls, waits until so many run, and lets them end.
    private func holdCalls(
        _ count: Int, running: Int, on loopback: Loopback, whileHeld: () async throws -> Void = {}
    ) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<count {
                group.addTask { let _: Text = try await loopback.unary(Method.hold, Text()) }
            }
            while loopback.service.startedCount.load(ordering: .relaxed) < running {
                try await Task.sleep(for: .milliseconds(1))
            }
            try await whileHeld()
            loopback.service.release.happen()
            try await group.waitForAll()
        }
        #expect(loopback.service.startedCount.load(ordering: .relaxed) == count)
    }

    @Test("calls beyond the server's limit get further connections, up to the maximum; the rest wait in turn")
    func grows() async throws {
        try await Loopback.run(
            server: { $0.transport.http2.concurrentStreamsMax = 2 },
            channel: { $0.maxConnectionsPerSubchannel = 3 }
        ) { loopback in
            _ = try await loopback.echo()
            _ = try await loopback.echo()
            #expect(loopback.server.openConnectionCount == 1)
            try await holdCalls(9, running: 6, on: loopback) {
                #expect(loopback.server.openConnectionCount == 3)
                #expect(loopback.service.startedCount.load(ordering: .relaxed) == 6)
            }
            // They stay; new calls go to the oldest with room.
            _ = try await loopback.echo()
            #expect(loopback.server.openConnectionCount == 3)
        }
    }

    @Test("by default there is one connection, and calls wait for its streams")
    func staysAlone() async throws {
        try await Loopback.run(server: { $0.transport.http2.concurrentStreamsMax = 2 }) { loopback in
            try await holdCalls(5, running: 2, on: loopback) {
                #expect(loopback.server.openConnectionCount == 1)
            }
        }
    }

    @Test("a connection that cannot be made is tried again later; the working one carries what waits")
    func failedGrowth() async throws {
        try await Loopback.run(
            server: {
                $0.transport.http2.concurrentStreamsMax = 2
                $0.transport.connectionsMax = 1
            }, channel: { $0.maxConnectionsPerSubchannel = 4 }
        ) { loopback in
            func refused() async -> UInt64 {
                await loopback.server.metrics().connections.refused["connections_max"] ?? 0
            }
            // One that has made a call keeps its place: a silent one would have to give way to the next.
            _ = try await loopback.echo()
            try await holdCalls(6, running: 2, on: loopback) {
                while await refused() < 3 { try await Task.sleep(for: .milliseconds(5)) }
                #expect(loopback.channel.connectivity == .ready)
                #expect(loopback.service.startedCount.load(ordering: .relaxed) == 2)
            }
            #expect(await loopback.server.metrics().connections.accepted == 1)
        }
    }
}

/// Numbers that are the same in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func next(_ bound: UInt64) -> UInt64 { next() % bound }
}
