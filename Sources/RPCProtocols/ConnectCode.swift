public import RPCModel

// The codes of errors as Connect writes them, and their HTTP statuses.
// Spec: Connect protocol, "Error Codes" and "HTTP to Error Code".

extension RPCError.Code {
    /// The name in Connect's JSON. Unlike gRPC's, `canceled` has one `l`.
    public var connectName: String {
        switch self {
        case .cancelled: "canceled"
        default: description.lowercased()
        }
    }

    /// - Returns: `nil` for a name that is not in the protocol; case matters.
    public init?(connectName: String) {
        guard let code = Self.byConnectName[connectName] else { return nil }
        self = code
    }

    private static let byConnectName: [String: RPCError.Code] =
        Dictionary(uniqueKeysWithValues: allCases.map { ($0.connectName, $0) })

    /// The status of an HTTP response to a unary Connect call that failed with this code.
    public var httpStatus: Int {
        switch self {
        case .cancelled: 499
        case .unknown, .internal, .dataLoss: 500
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .deadlineExceeded: 504
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .permissionDenied: 403
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        case .unauthenticated: 401
        }
    }

    /// The code for the HTTP status of a response without an error of Connect's: a proxy's. Clients only.
    public init(connectHTTPStatus status: Int) {
        switch status {
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }
}
