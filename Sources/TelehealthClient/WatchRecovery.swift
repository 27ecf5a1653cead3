internal import RPCModel

/// Decides what a watch does when its stream breaks or becomes silent. A value: given events and times, it returns
/// actions.
///
/// | state | left by |
/// |---|---|
/// | well: the last event was a message | a failure |
/// | in trouble since the first failure after it | a message, or the end of its patience (terminal) |
struct WatchRecovery {
    enum Step: Hashable {
        /// Resume after the last event, after this delay.
        case resume(after: Duration)
        /// Resume at once with another token.
        case replaceToken
        /// The events after the last one are no longer kept: request a snapshot at once.
        case startAnew
        case giveUp
    }

    typealias Instant = ContinuousClock.Instant

    /// Missed heartbeats after which a stream counts as broken; the half tolerates a late one.
    private static let missedHeartbeats = 2.5
    /// The assumed interval of a service that does not announce one.
    private static let heartbeatIntervalDefault = Duration.seconds(15)
    /// Bounds whatever interval a service announces: a stream must not be considered dead at once, nor alive forever.
    private static let heartbeatIntervals = Duration.milliseconds(10)...Duration.seconds(3600)

    /// Maximum silence before a stream counts as broken.
    private(set) var silenceMax = heartbeatIntervalDefault * missedHeartbeats
    private let configuration: ClientConfiguration
    private var openedAt: Instant?
    private var troubleSince: Instant?
    /// Since the last stream that lived longer than the delay before it.
    private var failures = 0
    private var lastWait = Duration.zero
    private var hasReplacedToken = false

    init(_ configuration: ClientConfiguration) { self.configuration = configuration }

    /// A stream was requested.
    mutating func opened(at now: Instant) { openedAt = now }

    /// A message arrived.
    ///
    /// - Parameter heartbeatInterval: the maximum silence that it announces; `nil` if none.
    mutating func heard(heartbeatInterval: Duration?, at now: Instant) {
        troubleSince = nil
        hasReplacedToken = false
        if let heartbeatInterval, heartbeatInterval > .zero {
            let bounded = min(
                max(heartbeatInterval, Self.heartbeatIntervals.lowerBound), Self.heartbeatIntervals.upperBound)
            silenceMax = bounded * Self.missedHeartbeats
        }
        // A service that accepts each stream and then fails must not be called at an increasing rate.
        if let openedAt, now - openedAt >= lastWait { failures = 0 }
    }

    /// The stream failed, or could not be opened.
    ///
    /// - Parameter canStartAnew: the request asked for the events after a position.
    mutating func failed(_ error: RPCError, at now: Instant, canStartAnew: Bool) -> Step {
        // Once until a message arrives: otherwise a fresh token that is refused too would be replaced endlessly.
        if error.isStaleToken, !hasReplacedToken {
            hasReplacedToken = true
            return .replaceToken
        }
        if error.reason == "RESUME_EXPIRED", canStartAnew { return .startAnew }
        guard error.isWorthRepeating else { return .giveUp }
        let since = troubleSince ?? now
        troubleSince = since
        failures += 1
        let wait = configuration.watchWait(after: failures, error)
        guard now - since + wait <= configuration.watchPatience else { return .giveUp }
        lastWait = wait
        return .resume(after: wait)
    }
}
