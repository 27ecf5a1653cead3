public import HTTPSClient
internal import Pacing

/// Which failures of a call to retry, and after what delay. Pure: randomness is passed as a number.
///
/// AWS's standard mode (three attempts, exponential backoff with full jitter) with one difference: the status alone
/// decides, because AWS's list of codes would retry a Chime quota (`LimitExceededException`, 400) and would not retry
/// the pipelines' `ThrottledClientException` (429).
public struct RetryPolicy: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        /// The service asks for fewer requests.
        case throttled
        /// 5xx, a concurrent duplicate (409), or a network failure: a retry may succeed.
        case transient
        /// No response in time; likely to happen again, so it costs more of the budget.
        case timedOut
        /// The same request would fail again.
        case permanent
    }

    public let attemptsMax = 3
    /// The first delay after a transient failure is uniform in 0..<this; it doubles. A person waits for the response,
    /// so it starts well below AWS's second.
    public let transientBase: Duration = .milliseconds(100)
    /// The same after throttling, which fast retries would worsen.
    public let throttleBase: Duration = .milliseconds(500)
    public let delayMax: Duration = .seconds(20)

    public init() {}

    public static func verdict(onStatus status: Int) -> Verdict {
        switch status {
        case 429: .throttled
        case 409, 500, 502, 503, 504: .transient
        default: .permanent
        }
    }

    public static func verdict(on error: HTTPSError) -> Verdict {
        switch error.reason {
        case .deadlineExceeded: .timedOut
        case .transport: .transient
        case .queueFull, .resourcesExhausted: .throttled
        case .invalidURL, .plainHTTPRefused, .metadataAddressRefused, .privateAddressRefused, .invalidHeader,
            .requestTooLarge, .responseTooLarge, .cancelled, .shutDown:
            .permanent
        }
    }

    /// The delay before attempt number `attempt + 1`.
    ///
    /// - Parameters:
    ///   - attempt: attempts made, 1 or more.
    ///   - retryAfter: the service's requested delay, used as a minimum.
    ///   - random: uniform in 0..<1.
    /// - Returns: nil when there is no further attempt.
    public func delay(
        after attempt: Int, verdict: Verdict, retryAfter: Duration?, random: Double
    ) -> Duration? {
        guard attempt < attemptsMax else { return nil }
        let base: Duration
        switch verdict {
        case .permanent: return nil
        case .throttled: base = throttleBase
        case .transient, .timedOut: base = transientBase
        }
        let backoff = ExponentialBackoff(base: base, cap: delayMax, jitter: .full)
        return max(backoff.delay(afterFailures: attempt, randomUnit: random), retryAfter ?? .zero)
    }

    /// Reads `Retry-After` in whole seconds. The date form is not used by these services and counts as
    /// absent.
    /// - Spec: RFC 9110 section 10.2.3.
    public static func retryAfter(in headers: HTTPHeaders) -> Duration? {
        guard let seconds = headers["Retry-After"].flatMap(Int64.init), seconds >= 0 else { return nil }
        return .seconds(min(seconds, 86_400))
    }
}

/// Tokens that retries cost, shared by all calls of a client: when a service is down, retries stop after about a
/// hundred, while first attempts continue.
///
/// - Spec: AWS SDKs reference, "Retry behavior", standard mode: 500 tokens, 5 per retry, 10 after a timeout.
public struct RetryBudget: Hashable, Sendable {
    public static let capacity = 500
    private static let retryCost = 5
    private static let timeoutCost = 10
    /// Returned by a call whose first attempt succeeded.
    private static let successReward = 1

    public private(set) var tokens = RetryBudget.capacity

    public init() {}

    /// - Returns: the amount taken, to return on success; nil when the budget does not allow a retry.
    public mutating func take(for verdict: RetryPolicy.Verdict) -> Int? {
        let cost = verdict == .timedOut ? Self.timeoutCost : Self.retryCost
        guard tokens >= cost else { return nil }
        tokens -= cost
        return cost
    }

    /// - Parameter taken: the amount taken for the last retry of this call; nil if there was none.
    public mutating func succeed(taken: Int?) {
        tokens = min(Self.capacity, tokens + (taken ?? Self.successReward))
    }
}
