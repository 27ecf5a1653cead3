/// Why a call to Chime or S3 did not succeed.
public struct GatewayError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The meeting, attendee or pipeline no longer exists (404). A deletion that meets this succeeds instead.
        case gone
        /// Rate: try again after ``GatewayError/retryAfter``.
        case throttled
        /// AWS quota; retrying does not help.
        case quotaExceeded
        /// No answer, 5xx, connection trouble: try again.
        case unavailable
        /// Concurrent same request (409): try again.
        case conflict
        /// 400, 422: our bug.
        case rejected
        /// 401, 403, no credentials: operator's matter.
        case notAuthorised
    }

    public var kind: Kind
    /// AWS's exception name or the transport's label, for the log; no personal data.
    public var code: String
    public var retryAfter: Duration?
    /// Whether the effect may have happened although no success came back.
    public var mayHaveTakenEffect: Bool

    public init(kind: Kind, code: String, retryAfter: Duration? = nil, mayHaveTakenEffect: Bool = false) {
        self.kind = kind
        self.code = code
        self.retryAfter = retryAfter
        self.mayHaveTakenEffect = mayHaveTakenEffect
    }

    /// What AWS said about us, if it is that.
    public var refusal: Effect.Refusal? {
        switch kind {
        case .notAuthorised: .access
        case .quotaExceeded: .quota
        case .gone, .throttled, .unavailable, .conflict, .rejected: nil
        }
    }

    /// Whether the same call is likely to succeed within minutes.
    public var isWorthRetrying: Bool {
        switch kind {
        case .throttled, .unavailable, .conflict: true
        case .gone, .quotaExceeded, .rejected, .notAuthorised: false
        }
    }
}
