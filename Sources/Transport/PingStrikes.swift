internal import EventCore

/// Counts PINGs that arrive more often than a server allows (gRPC proposal A8, server enforcement).
struct PingStrikes {
    /// Without calls, and not permitted: TCP's own keepalive interval.
    static let intervalWithoutCalls = Duration.seconds(7200)

    /// A little below the permitted interval: at exactly that interval, a delayed PING makes the next one seem early.
    private let leastGap: Duration
    private let permitWithoutCalls: Bool
    private let strikesMax: Int
    private var strikes = 0
    private var lastPing: MonotonicInstant?
    private var sentSeen: UInt64 = 0

    init(_ configuration: ServerTransportConfiguration) {
        leastGap = configuration.permitKeepaliveTime - min(configuration.permitKeepaliveTime / 10, .seconds(1))
        permitWithoutCalls = configuration.permitKeepaliveWithoutCalls
        strikesMax = configuration.pingStrikesMax
    }

    /// - Parameter sent: HEADERS and DATA frames that we have sent so far; any new one forgives all strikes.
    /// - Returns: whether the client has exceeded the limit.
    mutating func received(at now: MonotonicInstant, hasCalls: Bool, sent: UInt64) -> Bool {
        if sent != sentSeen {
            sentSeen = sent
            strikes = 0
            lastPing = now
            return false
        }
        defer { lastPing = now }
        guard let lastPing else { return false }
        let allowed = hasCalls || permitWithoutCalls ? leastGap : Self.intervalWithoutCalls
        if now - lastPing < allowed { strikes += 1 }
        return strikes > strikesMax
    }
}
