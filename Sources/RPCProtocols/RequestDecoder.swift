public import RPCModel

/// Reads the body of a request, on a server: bytes of any protocol in, length-prefixed messages out, as a
/// ``CallStream`` takes them. Their codec is not touched.
///
/// The messages of gRPC, gRPC-Web and Connect's streams already are length-prefixed and pass unchanged; the stream's
/// own ``MessageDeframer`` refuses reserved flags, and messages over the limit on their prefix. What is held here grows
/// with bytes received and never beyond one message. Must not be used after an error.
public struct RequestDecoder: Sendable {
    private let isUnary: Bool
    private let isCompressed: Bool
    private let maxMessageBytes: Int
    private var base64: Base64BodyReader?
    /// The body of a unary Connect request.
    private var whole: [UInt8]

    /// - Parameters:
    ///   - head: the request's head; the message of one with GET is in it.
    ///   - maxMessageBytes: the maximum size of a message as it is sent.
    public init(_ head: CallHead, maxMessageBytes: Int) {
        isUnary = head.requestType.wireProtocol == .connectUnary
        isCompressed = head.requestCompression == .gzip
        self.maxMessageBytes = maxMessageBytes
        if head.requestType.wireProtocol == .grpcWeb(isText: true) { base64 = Base64BodyReader() }
        whole = head.queryMessage ?? []
    }

    /// Bytes that are held because their message is incomplete.
    public var heldByteCount: Int { whole.count }

    /// Receives the next bytes of the body.
    ///
    /// - Parameter messages: length-prefixed messages, or a part of one, are appended.
    /// - Throws: `RESOURCE_EXHAUSTED` for a message over the limit, `INTERNAL` for text that is not base64: the
    ///   client's fault. What is whole before the bad bytes is appended all the same.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer, into messages: inout [UInt8]
    ) throws(RPCError) {
        if isUnary {
            guard bytes.count <= maxMessageBytes - whole.count else {
                throw tooLarge(whole.count + bytes.count)
            }
            unsafe whole.append(contentsOf: bytes)
        } else if base64 != nil {
            try unsafe base64?.receive(bytes, into: &messages)
        } else {
            unsafe messages.append(contentsOf: bytes)
        }
    }

    /// The body has ended. Whether its last message is whole is the stream's to know.
    ///
    /// - Throws: `INTERNAL` when it ended inside a base64 group, `RESOURCE_EXHAUSTED` for a query's message over the
    ///   limit.
    public mutating func end(into messages: inout [UInt8]) throws(RPCError) {
        try base64?.end()
        guard isUnary else { return }
        guard whole.count <= maxMessageBytes else { throw tooLarge(whole.count) }
        // An empty body is an empty message, which is never decompressed.
        Envelope.append(flags: isCompressed && !whole.isEmpty ? Envelope.compressed : 0, whole, to: &messages)
        whole = []
    }

    private func tooLarge(_ byteCount: Int) -> RPCError {
        RPCError(
            .resourceExhausted,
            "a request of \(byteCount) bytes exceeds the limit of \(maxMessageBytes) bytes")
    }
}

extension RPCError {
    /// The status of a call whose request is framed wrongly.
    public init(ofRequest error: FramingError) {
        switch error {
        case .messageTooLarge(let announced, let limit):
            self.init(
                .resourceExhausted, "a request of \(announced) bytes exceeds the limit of \(limit) bytes")
        case .invalidFlag(let flag):
            self.init(.internal, "a message has the invalid compression flag \(flag); it must be 0 or 1")
        }
    }
}
