public import HTTPSClient

/// Why a call to an AWS service has no successful answer, after all its attempts. Safe for logs.
public struct AWSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// No credentials, or none that could be fetched. Operator's matter.
        case credentials(CredentialsError)
        /// The client-side rate limit has no place before the deadline; nothing was sent.
        case rateLimited(retryAfter: Duration)
        /// The service answered with an error status.
        case service(status: Int, code: String, requestID: String?, retryAfter: Duration?)
        /// No answer.
        case transport(HTTPSError)
        /// The call's deadline passed before an attempt could be made.
        case deadlineExceeded
        case cancelled
        /// A success whose body is not what the service documents, or an argument it could not take.
        case invalid(String)
    }

    public let operation: String
    public let reason: Reason
    /// Attempts sent.
    public let attempts: Int
    /// Whether any attempt can have had effect.
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
