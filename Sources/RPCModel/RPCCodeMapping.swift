// Codes made up on this side when the peer sent none: the tables of http-grpc-status-mapping.md and PROTOCOL-HTTP2.md
// ("HTTP2 Transport Mapping", "Errors").

extension RPCError.Code {
    /// Reads a `grpc-status` value.
    ///
    /// - Returns: `.some(nil)` for `0` (OK), `.some(code)` for 1...16, `nil` for anything else, which a client
    ///   reports as ``unknown``.
    @inlinable
    public static func parse(grpcStatus value: Span<UInt8>) -> RPCError.Code?? {
        guard value.count == 1 || value.count == 2 else { return nil }
        var number: UInt8 = 0
        for index in value.indices {
            let digit = value[index] &- 0x30
            guard digit <= 9, index > 0 || value.count == 1 || digit > 0 else { return nil }
            number = number * 10 + digit
        }
        if number == 0 { return .some(nil) }
        guard let code = RPCError.Code(rawValue: number) else { return nil }
        return .some(code)
    }

    /// The code for the HTTP status of a response without `grpc-status`. Clients only.
    /// - Spec: gRPC doc/http-grpc-status-mapping.md.
    public init(httpStatus: Int) {
        switch httpStatus {
        case 400, 431: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }

    /// Whether the HTTP status of a response without `grpc-status` means that the service was unreachable: proxies
    /// send these for a service that is down, slow or overloaded. 200 is a response that ended early.
    public static func isBrokenConnection(httpStatus: Int) -> Bool {
        switch httpStatus {
        case 200, 429, 502, 503, 504: true
        default: false
        }
    }

    /// The code for a stream that the peer reset before it sent a status.
    ///
    /// `REFUSED_STREAM` (7) becomes ``unavailable`` and is the only reset that guarantees that the call was not
    /// processed.
    ///
    /// - Parameter code: an HTTP/2 error code, RFC 9113 section 7; an unknown one counts as INTERNAL_ERROR.
    public init(http2ErrorCode code: UInt32) {
        switch code {
        case 0x7: self = .unavailable
        case 0x8: self = .cancelled
        case 0xb: self = .resourceExhausted
        case 0xc: self = .permissionDenied
        default: self = .internal
        }
    }
}
