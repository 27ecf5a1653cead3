internal import CNghttp2

/// Header names used by calls, matched once when a field arrives, so that strings need not be compared later.
///
/// nghttp2 numbers its known names in a private table; this is the same idea for the names of gRPC.
public enum KnownHeader: UInt8, CaseIterable, Sendable {
    case other
    case method, scheme, authority, path, status
    case te, host, contentType, contentLength, userAgent, authorization
    case grpcTimeout, grpcEncoding, grpcAcceptEncoding, grpcStatus, grpcMessage, grpcStatusDetailsBin
    case grpcMessageType, grpcPreviousRPCAttempts, grpcRetryPushbackMS
    case traceparent, tracestate, idempotencyKey

    /// The name on the wire; empty for `other`.
    public var name: StaticString {
        switch self {
        case .other: ""
        case .method: ":method"
        case .scheme: ":scheme"
        case .authority: ":authority"
        case .path: ":path"
        case .status: ":status"
        case .te: "te"
        case .host: "host"
        case .contentType: "content-type"
        case .contentLength: "content-length"
        case .userAgent: "user-agent"
        case .authorization: "authorization"
        case .grpcTimeout: "grpc-timeout"
        case .grpcEncoding: "grpc-encoding"
        case .grpcAcceptEncoding: "grpc-accept-encoding"
        case .grpcStatus: "grpc-status"
        case .grpcMessage: "grpc-message"
        case .grpcStatusDetailsBin: "grpc-status-details-bin"
        case .grpcMessageType: "grpc-message-type"
        case .grpcPreviousRPCAttempts: "grpc-previous-rpc-attempts"
        case .grpcRetryPushbackMS: "grpc-retry-pushback-ms"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .idempotencyKey: "idempotency-key"
        }
    }

    /// - Complexity: one length switch and at most four comparisons of equal length.
    static func match(_ name: UnsafePointer<UInt8>, count: Int) -> KnownHeader {
        switch count {
        case 2: first(name, count, .te)
        case 4: first(name, count, .host)
        case 5: first(name, count, .path)
        case 7: first(name, count, .method, .scheme, .status)
        case 10: first(name, count, .authority, .userAgent, .tracestate)
        case 11: first(name, count, .grpcStatus, .traceparent)
        case 12: first(name, count, .contentType, .grpcTimeout, .grpcMessage)
        case 13: first(name, count, .grpcEncoding, .authorization)
        case 14: first(name, count, .contentLength)
        case 15: first(name, count, .idempotencyKey)
        case 17: first(name, count, .grpcMessageType)
        case 20: first(name, count, .grpcAcceptEncoding)
        case 22: first(name, count, .grpcRetryPushbackMS)
        case 23: first(name, count, .grpcStatusDetailsBin)
        case 26: first(name, count, .grpcPreviousRPCAttempts)
        default: .other
        }
    }

    @inline(__always)
    private static func first(
        _ name: UnsafePointer<UInt8>, _ count: Int, _ a: KnownHeader, _ b: KnownHeader = .other,
        _ c: KnownHeader = .other
    ) -> KnownHeader {
        if a.matches(name, count) { return a }
        if b != .other, b.matches(name, count) { return b }
        if c != .other, c.matches(name, count) { return c }
        return .other
    }

    @inline(__always)
    private func matches(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        memcmp(bytes, name.utf8Start, count) == 0
    }
}
