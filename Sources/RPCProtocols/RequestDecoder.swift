public import RPCModel

/// Reads the body of a request, on a server: bytes of any protocol in, length-prefixed messages of protobuf out, as a
/// ``CallStream`` takes them.
///
/// The messages of gRPC, gRPC-Web and Connect's streams already are length-prefixed; in protobuf they pass unchanged,
/// and the stream's own ``MessageDeframer`` refuses reserved flags and messages over the limit on their prefix. What
/// is held here grows with bytes received and never beyond one message.
/// Must not be used after an error.
public struct RequestDecoder: ~Copyable, Sendable {
    private let type: RPCContentType
    private let maxMessageBytes: Int
    private let compression: MessageCompression?
    private let transcoder: JSONTranscoder?
    private var base64: Base64BodyReader?
    /// The body of a unary Connect request.
    private var whole: [UInt8] = []
    /// Enveloped JSON.
    private var deframer: MessageDeframer

    /// - Parameters:
    ///   - head: the request's head.
    ///   - maxMessageBytes: the maximum size of a message, before and after decompression.
    ///   - compression: how messages are decompressed when the head names gzip.
    ///   - transcoder: of the method; required for a request in JSON, which fails with `INTERNAL` without it.
    public init(
        _ head: CallHead, maxMessageBytes: Int, compression: MessageCompression, transcoder: JSONTranscoder?
    ) {
        type = head.requestType
        self.maxMessageBytes = maxMessageBytes
        self.compression = head.requestCompression == .gzip ? compression : nil
        self.transcoder = transcoder
        if type.wireProtocol == .grpcWeb(isText: true) { base64 = Base64BodyReader() }
        deframer = MessageDeframer(maxMessageBytes: maxMessageBytes)
    }

    /// Bytes that are held because their message is incomplete.
    public var heldByteCount: Int { whole.count + deframer.partialByteCount }

    /// Receives the next bytes of the body.
    ///
    /// - Parameter messages: length-prefixed messages, or a part of one, are appended.
    /// - Throws: `RESOURCE_EXHAUSTED` for a message over the limit, `INVALID_ARGUMENT` for JSON that the method does
    ///   not take, `INTERNAL` for a malformed body: the client's fault.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer, into messages: inout [UInt8]
    ) throws(RPCError) {
        if type.wireProtocol == .connectUnary {
            guard bytes.count <= maxMessageBytes - whole.count else {
                throw tooLarge(whole.count + bytes.count)
            }
            unsafe whole.append(contentsOf: bytes)
            return
        }
        if base64 == nil { return try unsafe receiveBinary(bytes, into: &messages) }
        var binary: [UInt8] = []
        var failure: RPCError?
        do throws(RPCError) {
            try unsafe base64?.receive(bytes, into: &binary)
        } catch {
            failure = error
        }
        // What is whole before bad bytes counts, so that it does not matter how much came at once.
        if type.codec == .proto {
            messages += binary
        } else {
            try receiveEnvelopes(binary, into: &messages)
        }
        if let failure { throw failure }
    }

    /// The body has ended.
    ///
    /// - Throws: as ``receive(_:into:)``; `INTERNAL` when it ended inside a base64 group or a message of JSON. That
    ///   a protobuf message is whole is the stream's to know.
    public mutating func end(into messages: inout [UInt8]) throws(RPCError) {
        if let base64 { try base64.end() }
        if type.wireProtocol == .connectUnary {
            let body = whole
            whole = []
            try takeWhole(body, into: &messages)
        } else if deframer.hasPartialMessage {
            throw RPCError(.internal, "the request ended in the middle of a message")
        }
    }

    /// Appends the message that a request with GET has in its query.
    ///
    /// - Throws: as ``receive(_:into:)``.
    public mutating func receive(queryMessage: [UInt8], into messages: inout [UInt8]) throws(RPCError) {
        guard queryMessage.count <= maxMessageBytes else { throw tooLarge(queryMessage.count) }
        whole = queryMessage
    }

    /// The one message of a unary Connect request. An empty body is never decompressed.
    private func takeWhole(_ body: [UInt8], into messages: inout [UInt8]) throws(RPCError) {
        let isCompressed = compression != nil && !body.isEmpty
        if type.codec == .json {
            Envelope.append(flags: 0, try fromJSON(body, isCompressed: isCompressed), to: &messages)
        } else {
            Envelope.append(flags: isCompressed ? Envelope.compressed : 0, body, to: &messages)
        }
    }

    private mutating func receiveBinary(
        _ bytes: UnsafeRawBufferPointer, into messages: inout [UInt8]
    ) throws(RPCError) {
        if type.codec == .proto {
            unsafe messages.append(contentsOf: bytes)
        } else {
            try unsafe receiveEnvelopes([UInt8](bytes), into: &messages)
        }
    }

    private mutating func receiveEnvelopes(_ bytes: [UInt8], into messages: inout [UInt8]) throws(RPCError) {
        var failure: RPCError?
        do throws(FramingError) {
            try unsafe bytes.span.bytes.withUnsafeBytes {
                (bytes: UnsafeRawBufferPointer) throws(FramingError) in
                try unsafe deframer.append(bytes)
            }
        } catch {
            failure = RPCError(ofRequest: error)
        }
        // Messages before the bad one are whole, and count.
        while let frame = deframer.first() {
            let payload = unsafe deframer.withPayload(of: frame) { unsafe [UInt8]($0) }
            deframer.dropFirst(frame)
            Envelope.append(flags: 0, try fromJSON(payload, isCompressed: frame.isCompressed), to: &messages)
        }
        if let failure { throw failure }
    }

    private func fromJSON(_ payload: [UInt8], isCompressed: Bool) throws(RPCError) -> [UInt8] {
        guard let transcoder else {
            throw RPCError(.internal, "the server has no description of the method's messages")
        }
        var json = payload
        if isCompressed {
            guard let compression else {
                throw RPCError(.internal, "a message is compressed, but the request names no encoding")
            }
            json = try compression.unpacked(payload, limit: maxMessageBytes)
        }
        let message = try transcoder.requestBytes(ofJSON: json)
        guard message.count <= maxMessageBytes else { throw tooLarge(message.count) }
        return message
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
