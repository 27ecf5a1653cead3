internal import RPCModel

/// A protocol that carries calls over HTTP.
///
/// All of them carry the calls of one ``CallStream``: length-prefixed messages, metadata and a status.
public enum RPCProtocol: Sendable, Hashable {
    /// HTTP/2 with trailers.
    case grpc
    /// gRPC's messages with the trailers in the body; `isText` writes the body in base64.
    /// - Spec: gRPC PROTOCOL-WEB.md.
    case grpcWeb(isText: Bool)
    /// One message for each direction, without a prefix; errors are HTTP errors.
    /// - Spec: Connect protocol, "Unary RPCs".
    case connectUnary
    /// Enveloped messages, and an end-of-stream message with the status.
    /// - Spec: Connect protocol, "Streaming RPCs".
    case connectStream

    /// Whether it needs trailers after the body, which only HTTP/2 has here.
    public var needsTrailers: Bool { self == .grpc }

    public var isConnect: Bool { self == .connectUnary || self == .connectStream }
}

/// How a message becomes bytes.
public enum MessageCodec: String, Sendable, Hashable, CaseIterable {
    /// Protobuf's wire format.
    case proto
    /// Protobuf's JSON.
    case json
}

/// What a `content-type` says about a call: the protocol and the codec.
public struct RPCContentType: Sendable, Hashable {
    public let wireProtocol: RPCProtocol
    public let codec: MessageCodec
    /// Lower-case, without parameters; a response has the same one as its request.
    public let text: String

    private static let web: [RPCContentType] = [false, true].flatMap { isText in
        let name = isText ? "application/grpc-web-text" : "application/grpc-web"
        return [
            RPCContentType(.grpcWeb(isText: isText), .proto, name),
            RPCContentType(.grpcWeb(isText: isText), .proto, name + "+proto"),
            RPCContentType(.grpcWeb(isText: isText), .json, name + "+json"),
        ]
    }
    private static let connect: [RPCContentType] = MessageCodec.allCases.flatMap { codec in
        [
            RPCContentType(.connectUnary, codec, "application/\(codec.rawValue)"),
            RPCContentType(.connectStream, codec, "application/connect+\(codec.rawValue)"),
        ]
    }
    private static let byText: [String: RPCContentType] =
        Dictionary(uniqueKeysWithValues: (web + connect).map { ($0.text, $0) })

    private init(_ wireProtocol: RPCProtocol, _ codec: MessageCodec, _ text: String) {
        (self.wireProtocol, self.codec, self.text) = (wireProtocol, codec, text)
    }

    /// Reads a header's value: any case; the parameter `charset=utf-8` is dropped.
    ///
    /// - Returns: `nil` for the content type of no protocol, and for any other parameter. Every subformat of
    ///   `application/grpc` counts as protobuf, as gRPC servers have it.
    public init?(_ value: String) {
        if GRPCContentType.isGRPC(value.utf8.span) {
            self.init(.grpc, .proto, "application/grpc")
            return
        }
        let parts = value.split(separator: ";", omittingEmptySubsequences: false).map { part in
            part.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        guard let type = parts.first, let known = Self.byText[type] else { return nil }
        guard parts.dropFirst().allSatisfy({ $0 == "charset=utf-8" || $0 == "charset=\"utf-8\"" }) else {
            return nil
        }
        self = known
    }

    /// The content type of a protocol and a codec.
    public init(_ wireProtocol: RPCProtocol, _ codec: MessageCodec) {
        let text =
            switch wireProtocol {
            case .grpc: "application/grpc"
            case .grpcWeb(let isText): "application/grpc-web\(isText ? "-text" : "")+\(codec.rawValue)"
            case .connectUnary: "application/\(codec.rawValue)"
            case .connectStream: "application/connect+\(codec.rawValue)"
            }
        self.init(wireProtocol, codec, text)
    }

    /// The value of `accept-post` for a method, comma-separated: what a POST to it may have.
    ///
    /// - Parameter isStreaming: whether either direction of the method is a stream.
    /// - Spec: W3C Linked Data Platform section 7.1.
    public static func acceptPost(isStreaming: Bool) -> String {
        let types =
            ["application/grpc"]
            + (web + connect).filter { type in
                type.wireProtocol != (isStreaming ? .connectUnary : .connectStream)
            }.map(\.text)
        return types.sorted().joined(separator: ", ")
    }
}
