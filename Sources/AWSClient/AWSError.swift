public import HTTPSClient

/// Why a call to an AWS service failed, after all its attempts. Safe for logs.
public struct AWSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// No credentials, or none could be fetched. For the operator to fix.
        case credentials(CredentialsError)
        /// The client-side rate limit does not allow the call before its deadline; nothing was sent.
        case rateLimited(retryAfter: Duration)
        /// The service responded with an error status.
        case service(status: Int, code: String, requestID: String?, retryAfter: Duration?)
        /// No response.
        case transport(HTTPSError)
        /// The call's deadline passed before an attempt could be made.
        case deadlineExceeded
        case cancelled
        /// A successful response whose body is not as documented, or an argument that is not valid.
        case invalid(String)
    }

    public let operation: String
    public let reason: Reason
    /// Number of attempts sent.
    public let attempts: Int
    /// Whether any attempt may have taken effect.
    public let mayHaveTakenEffect: Bool

    public init(operation: String, reason: Reason, attempts: Int, mayHaveTakenEffect: Bool) {
        self.operation = operation
        self.reason = reason
        self.attempts = attempts
        self.mayHaveTakenEffect = mayHaveTakenEffect
    }

    public var description: String {
        let effect = mayHaveTakenEffect ? ", may have taken effect" : ""
        return "\(operation): \(reasonText) (attempts: \(attempts)\(effect))"
    }

    private var reasonText: String {
        switch reason {
        case .credentials(let error): error.description
        case .rateLimited(let retryAfter): "this service's rate limit; try again in \(retryAfter)"
        case .service(let status, let code, let requestID, _):
            "status \(status) \(code), request id \(requestID ?? "none")"
        case .transport(let error): error.description
        case .deadlineExceeded: "the deadline passed before an attempt"
        case .cancelled: "cancelled"
        case .invalid(let what): what
        }
    }
}
