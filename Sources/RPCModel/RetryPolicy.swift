internal import Pacing

/// When and how often a failed call is retried.
///
/// A value without a clock or randomness: it is given the outcome of an attempt and returns an action.
/// - Spec: grpc/proposal A6, "Client Retries".
public struct RetryPolicy: Sendable, Hashable {
    /// Larger numbers of attempts are reduced to this (A6).
    public static let attemptsCap = 5

    /// Total number of attempts including the first; 2...5.
    public let maxAttempts: Int
    public let initialBackoff: Duration
    public let maxBackoff: Duration
    public let backoffMultiplier: Double
    public let retryableCodes: Set<RPCError.Code>

    /// - Returns: `nil` for policies that A6 calls invalid: fewer than two attempts, a backoff or multiplier that is
    ///   not positive and finite, no code to retry on.
    public init?(
        maxAttempts: Int, initialBackoff: Duration, maxBackoff: Duration, backoffMultiplier: Double,
        retryableCodes: Set<RPCError.Code>
    ) {
        guard maxAttempts > 1, initialBackoff > .zero, maxBackoff > .zero, backoffMultiplier > 0,
            backoffMultiplier.isFinite, !retryableCodes.isEmpty
        else { return nil }
        self.maxAttempts = min(maxAttempts, Self.attemptsCap)
        self.initialBackoff = initialBackoff
        self.maxBackoff = maxBackoff
        self.backoffMultiplier = backoffMultiplier
        self.retryableCodes = retryableCodes
    }

    var backoff: ExponentialBackoff {
        ExponentialBackoff(
            base: initialBackoff, factor: backoffMultiplier, cap: maxBackoff, jitter: .around(share: 0.2))
    }
}

/// The server's advice about retrying, in the trailer `grpc-retry-pushback-ms`.
public enum RetryPushback: Sendable, Hashable {
    /// The trailer is absent.
    case absent
    case retry(after: Duration)
    /// Negative or unreadable.
    case doNotRetry

    /// The trailer's value; `nil` to send none.
    public var trailer: String? {
        switch self {
        case .absent: nil
        case .retry(let delay): String(Int32(min(max(0, delay / .milliseconds(1)), Double(Int32.max))))
        case .doNotRetry: "-1"
        }
    }

    /// - Parameter value: the trailer's value, `nil` when absent. Decimal int32, milliseconds.
    public init(trailer value: String?) {
        guard let value else {
            self = .absent
            return
        }
        guard let milliseconds = Int32(value), milliseconds >= 0 else {
            self = .doNotRetry
            return
        }
        self = .retry(after: .milliseconds(Int64(milliseconds)))
    }
}

/// Counts the attempts of one call and decides about the next.
public struct RetryState: Sendable {
    public enum Decision: Sendable, Hashable {
        case retry(after: Duration)
        case giveUp
    }

    public let policy: RetryPolicy
    /// Attempts that have failed, without transparent retries; the value of `grpc-previous-rpc-attempts`.
    public private(set) var failedAttempts = 0
    /// Backoffs since the last pushback, after which the exponent starts again.
    private var backoffs = 0

    public init(policy: RetryPolicy) {
        self.policy = policy
    }

    /// An attempt failed before the call was committed to it.
    ///
    /// - Parameters:
    ///   - randomUnit: uniform in 0..<1, drawn by the caller: the delay's jitter, 20 % to both sides.
    ///   - throttle: the server's throttle; charged here, and a possible reason to give up.
    ///   - code: the status of the attempt.
    ///   - pushback: what the server asked for in `grpc-retry-pushback-ms`.
    public mutating func attemptFailed(
        code: RPCError.Code, pushback: RetryPushback, randomUnit: Double, throttle: inout RetryThrottle
    ) -> Decision {
        failedAttempts += 1
        let isRetryable = policy.retryableCodes.contains(code)
        if isRetryable || pushback == .doNotRetry { throttle.recordFailure() }
        guard isRetryable, pushback != .doNotRetry, failedAttempts < policy.maxAttempts, throttle.allowsRetry
        else {
            return .giveUp
        }
        if case .retry(let delay) = pushback {
            backoffs = 0
            return .retry(after: delay)
        }
        backoffs += 1
        return .retry(after: policy.backoff.delay(afterFailures: backoffs, randomUnit: randomUnit))
    }
}

/// A budget of tokens per server that stops retries while most calls fail.
/// - Spec: grpc/proposal A6, "Throttling Retry Attempts and Hedged RPCs".
public struct RetryThrottle: Sendable, Hashable {
    /// Tokens in thousandths: the ratio has three decimals.
    private var tokens: Int
    private let maxTokens: Int
    private let tokenRatio: Int

    /// - Parameters:
    ///   - maxTokens: 1...1000.
    ///   - tokenRatioThousandths: tokens returned per success, in thousandths, at least 1.
    public init(maxTokens: Int = 100, tokenRatioThousandths: Int = 100) {
        precondition(
            (1...1000).contains(maxTokens) && tokenRatioThousandths > 0, "retry throttle out of range")
        self.maxTokens = maxTokens * 1000
        tokens = maxTokens * 1000
        tokenRatio = tokenRatioThousandths
    }

    public var allowsRetry: Bool { tokens > maxTokens / 2 }

    public mutating func recordFailure() { tokens = max(0, tokens - 1000) }

    public mutating func recordSuccess() { tokens = min(maxTokens, tokens + tokenRatio) }
}
