import RPCModel
import RPCOverHTTP2
import RPCProtocols

/// A case of connectrpc/conformance for clients: what a server sends, and what the call then ends with.
struct ConformanceCase: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case connectUnary
        case connectStream
        case web
        /// A stream of requests with one response.
        case connectClientStream
        case webUnary
    }

    /// As the suite's file calls itself.
    let suite: String
    let name: String
    let kind: Kind
    let head: ResponseHead
    let body: [UInt8]
    /// The codes that the case allows; empty for OK.
    let codes: Set<RPCError.Code>
    var message: String?
    /// Of the trailing metadata.
    var trailers: Metadata?
    /// Of the initial metadata.
    var initial: Metadata?
    var payloads: [[UInt8]]?
    var details: [UInt8]?

    init(
        _ suite: String, _ name: String, _ kind: Kind, status: Int = 200, _ fields: HTTPFields,
        _ body: [UInt8],
        _ codes: RPCError.Code..., message: String? = nil, trailers: Metadata? = nil,
        initial: Metadata? = nil,
        payloads: [[UInt8]]? = nil, details: [UInt8]? = nil
    ) {
        (self.suite, self.name, self.kind, self.body) = (suite, name, kind, body)
        head = ResponseHead(status: status, fields: fields)
        self.codes = Set(codes)
        (self.message, self.trailers, self.initial) = (message, trailers, initial)
        (self.payloads, self.details) = (payloads, details)
    }

    var description: String { "\(suite): \(name)" }

    var contentType: RPCContentType {
        switch kind {
        case .connectUnary: RPCContentType(.connectUnary, .proto)
        case .connectStream, .connectClientStream: RPCContentType(.connectStream, .proto)
        case .web, .webUnary: RPCContentType(.grpcWeb(isText: false), .proto)
        }
    }

    /// Whether the method has one response.
    var hasOneResponse: Bool { kind != .connectStream && kind != .web }
}

extension ConformanceCase {
    static let all =
        connectUnexpected + connectErrors + connectEnds + empty + compressed + webTrailers + webUnexpected
        + statuses

    static let proto: HTTPFields = ["content-type": "application/proto"]
    static let json: HTTPFields = ["content-type": "application/json"]
    static let stream: HTTPFields = ["content-type": "application/connect+proto"]
    static let web: HTTPFields = ["content-type": "application/grpc-web"]
    static let webProto: HTTPFields = ["content-type": "application/grpc-web+proto"]

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func fields(_ base: HTTPFields, _ more: HTTPFields) -> HTTPFields {
        var fields = base
        fields.append(contentsOf: more)
        return fields
    }

    static let statuses: [ConformanceCase] = {
        let codes: [(String, Int, RPCError.Code)] = [
            ("bad-request", 400, .internal), ("unauthorized", 401, .unauthenticated),
            ("forbidden", 403, .permissionDenied),
            ("not-found", 404, .unimplemented), ("conflict", 409, .unknown),
            ("precondition-failed", 412, .unknown),
            ("payload-too-large", 413, .unknown), ("unsupported-media-type", 415, .unknown),
            ("too-many-requests", 429, .unavailable), ("request-header-fields-too-large", 431, .unknown),
            ("bad-gateway", 502, .unavailable), ("service-unavailable", 503, .unavailable),
            ("gateway-timeout", 504, .unavailable), ("http-version-not-supported", 505, .unknown),
        ]
        let mapped = codes.flatMap { name, status, code in
            [Kind.connectUnary, .connectClientStream, .webUnary].map { kind in
                ConformanceCase("HTTP to RPC Code Mapping", name, kind, status: status, [:], [], code)
            }
        }
        let unmapped = [("unmapped-http-status-code", 418), ("nonexistent-http-status-code", 800)].flatMap {
            name, status in
            [Kind.connectUnary, .webUnary].map { kind in
                ConformanceCase("Unexpected Responses", name, kind, status: status, [:], [], .unknown)
            }
        }
        return mapped + unmapped
    }()
}
