/// Sends a call several times, with a delay in between, and uses the first response.
///
/// Only for methods that may run more than once per call: every hedge may reach a handler.
/// - Spec: grpc/proposal A6, "Hedging Policy".
public struct HedgingPolicy: Sendable, Hashable {
    /// Total number of attempts including the first; 2...``RetryPolicy/attemptsCap``.
    public let maxAttempts: Int
    /// Delay between attempts while none has been answered; zero sends all at once.
    public let delay: Duration
    /// Codes that do not settle the call: the next attempt is sent at once. Any other code, and OK, settle it.
    public let nonFatalCodes: Set<RPCError.Code>

    /// - Returns: `nil` for fewer than two attempts or a negative delay.
    public init?(maxAttempts: Int, delay: Duration = .zero, nonFatalCodes: Set<RPCError.Code> = []) {
        guard maxAttempts > 1, delay >= .zero else { return nil }
        self.maxAttempts = min(maxAttempts, RetryPolicy.attemptsCap)
        self.delay = delay
        self.nonFatalCodes = nonFatalCodes
    }
}

/// Counts the attempts of one hedged call and decides about the next.
///
/// A value without a clock: it is given outcomes and returns actions.
public struct HedgingState: Sendable {
    public enum Decision: Sendable, Hashable {
        /// The response is the call's; cancel the other attempts.
        case settled
        /// Send another attempt, at once or after a delay that the server requested.
        case sendNext(after: Duration)
        /// Send no further attempt; the result counts only when no attempt is under way any longer.
        case waitForOthers
    }

    public let policy: HedgingPolicy
    /// Attempts sent; the value of `grpc-previous-rpc-attempts` for the next.
    public private(set) var sentAttempts = 0
    /// A server asked for no further attempts.
    private var isStopped = false

    public init(policy: HedgingPolicy) {
        self.policy = policy
    }

    public mutating func attemptSent() { sentAttempts += 1 }

    /// No server has processed an attempt that was sent: it does not count.
    public mutating func attemptWasRefused() { sentAttempts = max(0, sentAttempts - 1) }

    /// Whether another attempt may be sent when its time comes.
    public func allowsNext(_ throttle: RetryThrottle) -> Bool {
        !isStopped && sentAttempts < policy.maxAttempts && throttle.allowsRetry
    }

    /// An attempt failed before the call was committed to one.
    ///
    /// - Parameter throttle: the server's throttle; charged here, and a possible reason to send no more.
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
