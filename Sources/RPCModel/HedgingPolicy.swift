/// Sends a call several times, a little apart, and takes the first answer.
///
/// Only for methods that may run more than once for one call: every hedge may reach a handler.
/// - Spec: grpc/proposal A6, "Hedging Policy".
public struct HedgingPolicy: Sendable, Hashable {
    /// Copies in all, the first included; 2...``RetryPolicy/attemptsCap``.
    public let maxAttempts: Int
    /// Between one copy and the next while nobody answers; zero sends all at once.
    public let delay: Duration
    /// Codes that do not settle the call: the next copy goes out at once. Any other code, and OK, settle it.
    public let nonFatalCodes: Set<RPCError.Code>

    /// - Returns: `nil` for fewer than two attempts or a negative delay.
    public init?(maxAttempts: Int, delay: Duration = .zero, nonFatalCodes: Set<RPCError.Code> = []) {
        guard maxAttempts > 1, delay >= .zero else { return nil }
        self.maxAttempts = min(maxAttempts, RetryPolicy.attemptsCap)
        self.delay = delay
        self.nonFatalCodes = nonFatalCodes
    }
}

/// Counts the copies of one hedged call and decides about the next.
///
/// A value without time: it is told what happened and answers what to do.
public struct HedgingState: Sendable {
    public enum Decision: Sendable, Hashable {
        /// The answer is the call's; the other copies are to be cancelled.
        case settled
        /// Another copy is due at once, or after a delay that the server asked for.
        case sendNext(after: Duration)
        /// No further copy; the answer counts only when no copy is under way any more.
        case waitForOthers
    }

    public let policy: HedgingPolicy
    /// Copies that left; the value of `grpc-previous-rpc-attempts` for the next.
    public private(set) var sentAttempts = 0
    /// A server asked for no more of them.
    private var isStopped = false

    public init(policy: HedgingPolicy) {
        self.policy = policy
    }

    public mutating func attemptSent() { sentAttempts += 1 }

    /// No server has touched a copy that was sent: it does not count.
    public mutating func attemptWasRefused() { sentAttempts = max(0, sentAttempts - 1) }

    /// Whether another copy may leave when its time comes.
    public func allowsNext(_ throttle: RetryThrottle) -> Bool {
        !isStopped && sentAttempts < policy.maxAttempts && throttle.allowsRetry
    }

    /// A copy failed before the call was committed to one.
    ///
    /// - Parameter throttle: of the server; charged here, and a reason to send no more.
    public mutating func attemptFailed(
        code: RPCError.Code, pushback: RetryPushback, throttle: inout RetryThrottle
    ) -> Decision {
        let isFatal = !policy.nonFatalCodes.contains(code)
        if !isFatal || pushback == .doNotRetry { throttle.recordFailure() }
        if isFatal { return .settled }
        if pushback == .doNotRetry { isStopped = true }
        guard allowsNext(throttle) else { return .waitForOthers }
        if case .retry(let delay) = pushback { return .sendNext(after: delay) }
        return .sendNext(after: .zero)
    }
}
