internal import AWSClient
internal import HTTPSClient
internal import TelehealthModel

extension GatewayError {
    /// The only place where a failure of AWS or of the network becomes the domain's.
    init(_ error: AWSError) {
        let retryAfter: Duration?
        switch error.reason {
        case .rateLimited(let wait): retryAfter = wait
        case .service(_, _, _, let wait): retryAfter = wait
        case .credentials, .transport, .deadlineExceeded, .cancelled, .invalid: retryAfter = nil
        }
        self.init(
            kind: Self.kind(of: error.reason), code: Self.code(of: error.reason), retryAfter: retryAfter,
            mayHaveTakenEffect: error.mayHaveTakenEffect)
    }

    private static func kind(of reason: AWSError.Reason) -> Kind {
        switch reason {
        case .credentials(.unreachable): .unavailable
        case .credentials: .notAuthorised
        case .rateLimited: .throttled
        case .service(let status, let code, _, _): kind(ofStatus: status, code: code)
        case .transport(let error): kind(of: error)
        case .deadlineExceeded, .cancelled: .unavailable
        // A success that cannot be decoded: the call took effect, and a retry returns the result again.
        case .invalid: .unavailable
        }
    }

    private static func kind(ofStatus status: Int, code: String) -> Kind {
        // Quotas are a 400 with their own name; the body's short form lacks "Exception".
        let quotaCodes = [
            "LimitExceeded", "LimitExceededException", "ResourceLimitExceeded",
            "ResourceLimitExceededException",
            "ServiceQuotaExceededException",
        ]
        if quotaCodes.contains(code) { return .quotaExceeded }
        switch status {
        case 401, 403: return .notAuthorised
        case 404: return .gone
        case 409: return .conflict
        case 429: return .throttled
        case 500...: return .unavailable
        default: return .rejected
        }
    }

    private static func kind(of error: HTTPSError) -> Kind {
        switch error.reason {
        case .invalidURL, .plainHTTPRefused, .metadataAddressRefused, .privateAddressRefused, .invalidHeader,
            .requestTooLarge:
            .rejected
        case .queueFull, .resourcesExhausted: .throttled
        case .responseTooLarge, .deadlineExceeded, .cancelled, .shutDown, .transport: .unavailable
        }
    }

    private static func code(of reason: AWSError.Reason) -> String {
        switch reason {
        case .credentials(let error): error.description
        case .rateLimited: "client_side_rate_limit"
        case .service(let status, let code, _, _): code == "Unknown" ? "status_\(status)" : code
        case .transport(let error): error.description
        case .deadlineExceeded: "deadline_exceeded"
        case .cancelled: "cancelled"
        case .invalid(let what): what
        }
    }

    /// An argument that AWS would refuse: our fault; nothing was sent.
    static func invalidArgument(_ name: String) -> GatewayError {
        GatewayError(kind: .rejected, code: "invalid_" + name)
    }
}
