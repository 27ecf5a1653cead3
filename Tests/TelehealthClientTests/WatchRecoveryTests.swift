import RPCModel
import TelehealthAPI
import TelehealthTesting
import Testing

@testable import TelehealthClient

@Suite("How a watch goes on") struct WatchRecoveryTests {
    private static let start = ContinuousClock.now
    private static let gone = RPCError(.unavailable, "gone")

    /// Waits of 0.1 s, doubled up to 5 s; jitter in the middle unless a test draws another.
    private static func recovery(
        patience: Duration = .seconds(600), random: UInt64 = 1 << 63
    ) -> WatchRecovery {
        var configuration = ClientConfiguration(target: "unix:/none")
        configuration.watchPatience = patience
        configuration.random = { random }
        return WatchRecovery(configuration)
    }

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func `the waits double up to the longest`() {
        var recovery = Self.recovery()
        let waits = (0..<9).map { _ in recovery.failed(Self.gone, at: Self.at(0), canStartAnew: true) }
        #expect(
            waits
                == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000].map { .resume(after: .milliseconds($0)) })
    }

    @Test(arguments: [(0, 50), (UInt64.max, 150)] as [(UInt64, Int)])
    func `those that broke together come back apart`(random: UInt64, milliseconds: Int) {
        var recovery = Self.recovery(random: random)
        guard case .resume(let wait) = recovery.failed(Self.gone, at: Self.at(0), canStartAnew: true) else {
            Issue.record("gives up")
            return
        }
        let expected = Duration.milliseconds(milliseconds)
        #expect(wait > expected - .milliseconds(1) && wait <= expected)
    }

    @Test func `it goes on until its patience is over, counted from the first failure`() {
        var recovery = Self.recovery(patience: .seconds(60))
        recovery.opened(at: Self.at(0))
        recovery.heard(heartbeatInterval: nil, at: Self.at(0))
        // An hour later, since a reader may be slow.
        #expect(recovery.failed(Self.gone, at: Self.at(3600), canStartAnew: true) != .giveUp)
        #expect(recovery.failed(Self.gone, at: Self.at(3659), canStartAnew: true) != .giveUp)
        #expect(recovery.failed(Self.gone, at: Self.at(3660), canStartAnew: true) == .giveUp)
    }

    @Test func `a message restores its patience`() {
        var recovery = Self.recovery(patience: .seconds(60))
        _ = recovery.failed(Self.gone, at: Self.at(0), canStartAnew: true)
        recovery.heard(heartbeatInterval: nil, at: Self.at(59))
        #expect(recovery.failed(Self.gone, at: Self.at(100), canStartAnew: true) != .giveUp)
    }

    @Test func `streams that end as soon as they began are asked for ever more slowly`() {
        var recovery = Self.recovery()
        var waits: [WatchRecovery.Step] = []
        for second in 0..<4 {
            recovery.opened(at: Self.at(Double(second)))
            recovery.heard(heartbeatInterval: nil, at: Self.at(Double(second)))
            waits.append(recovery.failed(Self.gone, at: Self.at(Double(second)), canStartAnew: true))
        }
        #expect(waits == [100, 200, 400, 800].map { .resume(after: .milliseconds($0)) })
        recovery.opened(at: Self.at(10))
        recovery.heard(heartbeatInterval: nil, at: Self.at(11))
        #expect(
            recovery.failed(Self.gone, at: Self.at(12), canStartAnew: true) == .resume(after: .milliseconds(100)))
    }

    @Test(
        arguments: [
            (nil, .seconds(37.5)), (.seconds(4), .seconds(10)), (.milliseconds(20), .milliseconds(50)),
            (.zero, .seconds(37.5)), (.seconds(-5), .seconds(37.5)), (.nanoseconds(1), .milliseconds(25)),
            (.seconds(Int64.max), .seconds(9000)), (.seconds(Int64.min), .seconds(37.5)),
        ] as [(Duration?, Duration)])
    func `a stream may miss two and a half heartbeats, whatever the service announces`(
        interval: Duration?, silenceMax: Duration
    ) {
        var recovery = Self.recovery()
        recovery.heard(heartbeatInterval: interval, at: Self.at(0))
        #expect(recovery.silenceMax == silenceMax)
    }

    @Test(arguments: [
        RPCError(.unavailable, ""), RPCError(.aborted, ""), .brokenConnection(.internal, ""),
        .brokenConnection(.unknown, ""), .brokenConnection(.cancelled, ""),
        .brokenConnection(.permissionDenied, ""),
    ])
    func `a broken connection is resumed, whatever code was made of it`(error: RPCError) {
        var recovery = Self.recovery()
        #expect(recovery.failed(error, at: Self.at(0), canStartAnew: true) == .resume(after: .milliseconds(100)))
    }

    @Test(arguments: [
        RPCError(.internal, "", isFromPeer: true), RPCError(.unknown, "", isFromPeer: true),
        RPCError(.cancelled, "", isFromPeer: true), RPCError(.notFound, ""), RPCError(.permissionDenied, ""),
        RPCError(.resourceExhausted, ""), RPCError(.unimplemented, ""),
    ])
    func `the service's own word ends it`(error: RPCError) {
        var recovery = Self.recovery()
        #expect(recovery.failed(error, at: Self.at(0), canStartAnew: true) == .giveUp)
    }

    @Test func `a service that says when to come again is asked then`() {
        var recovery = Self.recovery()
        let limited = RPCError.refusal(.rateLimited, retryAfter: .seconds(7))
        #expect(recovery.failed(limited, at: Self.at(0), canStartAnew: true) == .resume(after: .seconds(7)))
    }

    @Test(arguments: [601, Int64.max])
    func `a wait beyond its patience is not begun`(seconds: Int64) {
        var recovery = Self.recovery()
        let later = RPCError.refusal(.storeOverloaded, retryAfter: .seconds(seconds))
        #expect(recovery.failed(later, at: Self.at(0), canStartAnew: true) == .giveUp)
    }
}
