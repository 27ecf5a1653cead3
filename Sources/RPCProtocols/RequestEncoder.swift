public import RPCModel

/// Writes a request, on a client: its head, and the bytes of its messages.
public struct RequestEncoder: Sendable {
    public let head: RequestHead
    private let contentType: RPCContentType
    private let compression: MessageCompression?

    /// A call made with POST.
    ///
    /// - Parameters:
    ///   - path: `/package.Service/Method`.
    ///   - timeout: `nil` for none.
    ///   - compression: compresses the messages of the request; `nil` sends them as they are.
    ///   - version: of HTTP, of the connection.
    public init(
        path: String, contentType: RPCContentType, timeout: Duration? = nil, metadata: Metadata = [:],
        compression: MessageCompression? = nil, version: RequestHead.Version = .http2
    ) {
        var fields: HTTPFields = ["content-type": contentType.text]
        switch contentType.wireProtocol {
        case .grpc, .grpcWeb:
            if contentType.wireProtocol == .grpc {
                fields.append("te", "trailers")
            } else {
                fields.append("accept", contentType.text)
                fields.append("x-grpc-web", "1")
            }
            if let timeout { fields.append("grpc-timeout", GRPCTimeout.format(timeout)) }
            if let compression { fields.append("grpc-encoding", compression.name) }
            fields.append("grpc-accept-encoding", "identity,gzip")
        case .connectUnary, .connectStream:
            let prefix = contentType.wireProtocol == .connectStream ? "connect-" : ""
            fields.append("connect-protocol-version", "1")
            if let timeout { fields.append("connect-timeout-ms", ConnectTimeout.format(timeout)) }
            if let compression { fields.append(prefix + "content-encoding", compression.name) }
            fields.append(prefix + "accept-encoding", "gzip")
        }
        fields.append(metadata)
        head = RequestHead(method: "POST", target: path, version: version, fields: fields, hasBody: true)
        self.contentType = contentType
        self.compression = compression
    }

    /// A unary Connect call made with GET: the whole request is its head.
    ///
    /// - Parameter message: in the codec's bytes.
    public static func get(
        path: String, codec: MessageCodec, message: [UInt8], timeout: Duration? = nil,
        metadata: Metadata = [:],
        version: RequestHead.Version = .http2
    ) -> RequestHead {
        var fields: HTTPFields = ["accept-encoding": "gzip"]
        if let timeout { fields.append("connect-timeout-ms", ConnectTimeout.format(timeout)) }
        fields.append(metadata)
        return RequestHead(
            method: "GET", target: "\(path)?\(ConnectQuery.write(codec: codec, message: message))",
            version: version,
            fields: fields, hasBody: false)
    }

    /// The body's bytes of one message, which for a unary Connect call is the whole body.
    ///
    /// - Parameter message: in the codec's bytes.
    public func body(of message: [UInt8]) -> [UInt8] {
        let packed = message.isEmpty ? nil : compression?.packed(message)
        if contentType.wireProtocol == .connectUnary { return packed ?? message }
        var bytes: [UInt8] = []
        Envelope.append(flags: packed == nil ? 0 : Envelope.compressed, packed ?? message, to: &bytes)
        return contentType.wireProtocol == .grpcWeb(isText: true) ? Base64BodyWriter.text(bytes) : bytes
    }
}
