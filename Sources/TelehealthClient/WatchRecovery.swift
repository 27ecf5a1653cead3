internal import RPCModel

/// What a watch does when its stream breaks or falls silent: told what happened and when, it says how to go on.
///
/// | state | left by |
/// |---|---|
/// | well: a message came last | a failure |
/// | in trouble since the first failure behind it | a message, or the end of its patience (terminal) |
struct WatchRecovery {
    enum Step: Hashable {
        /// Ask again, behind the last event, after so long.
        case resume(after: Duration)
        /// Ask again at once with another token.
        case replaceToken
        /// The events behind the last one are no longer kept: ask again at once for a snapshot.
        case startAnew
        case giveUp
    }

    typealias Instant = ContinuousClock.Instant

    /// Missed heartbeats after which a stream counts as broken; the half lets a late one through.
    private static let missedHeartbeats = 2.5
    /// What a service is taken to send that does not say how often.
    private static let heartbeatIntervalDefault = Duration.seconds(15)
    /// Whatever a service says, a stream must not be taken for dead at once, nor for alive for ever.
    private static let heartbeatIntervals = Duration.milliseconds(10)...Duration.seconds(3600)

    /// How long a stream may say nothing before it counts as broken.
    private(set) var silenceMax = heartbeatIntervalDefault * missedHeartbeats
    private let configuration: ClientConfiguration
    private var openedAt: Instant?
    private var troubleSince: Instant?
    /// Since the last stream that lived longer than the wait before it.
    private var failures = 0
    private var lastWait = Duration.zero
    private var hasReplacedToken = false

    init(_ configuration: ClientConfiguration) { self.configuration = configuration }

    /// A stream is asked for.
    mutating func opened(at now: Instant) { openedAt = now }

    /// A message came.
    ///
    /// - Parameter heartbeatInterval: the longest silence the service announces with it; `nil` when it says nothing.
    mutating func heard(heartbeatInterval: Duration?, at now: Instant) {
        troubleSince = nil
        hasReplacedToken = false
        if let heartbeatInterval, heartbeatInterval > .zero {
            let bounded = min(
                max(heartbeatInterval, Self.heartbeatIntervals.lowerBound), Self.heartbeatIntervals.upperBound)
            silenceMax = bounded * Self.missedHeartbeats
        }
        // A service that greets each caller and breaks off must not be asked ever faster.
        if let openedAt, now - openedAt >= lastWait { failures = 0 }
    }

    /// The stream ended with an error, or could not be had.
    ///
    /// - Parameter canStartAnew: the request asked for the events behind a number.
    mutating func failed(_ error: RPCError, at now: Instant, canStartAnew: Bool) -> Step {
        // Once until a message comes: a fresh token that is refused too would be replaced without end.
        if error.isStaleToken, !hasReplacedToken {
            hasReplacedToken = true
            return .replaceToken
        }
        if error.reason == "RESUME_EXPIRED", canStartAnew { return .startAnew }
        guard error.isWorthRepeating else { return .giveUp }
        let since = troubleSince ?? now
        troubleSince = since
        failures += 1
        let wait = max(configuration.spread(configuration.backoff(after: failures)), error.retryDelay ?? .zero)
        guard now - since + wait <= configuration.watchPatience else { return .giveUp }
        lastWait = wait
        return .resume(after: wait)
    }
}
