public import RPCModel

/// What a response reports to a client, in this order: initial metadata at most once, messages, and one end.
public enum ResponseEvent: Sendable, Hashable {
    case initialMetadata(Metadata)
    /// In the codec's bytes, decompressed.
    case message([UInt8])
    /// The status: OK when the error is `nil`.
    case end(RPCError?, trailers: Metadata)
}

/// Reads a response, on a client: head, body bytes and trailers in, ``ResponseEvent``s out, the same for all protocols.
///
/// The end is reported when the body has ended, because nothing may follow a status. After it nothing is reported.
/// Bytes held grow with bytes received, never beyond one message.
public struct ResponseDecoder: ~Copyable, Sendable {
    private enum State: Sendable {
        case awaitsHead, body, ended
    }

    /// Longest body of an error, in bytes: that of one without a protocol's form is ignored.
    private static let errorBytesMax = 256 * 1024

    private let requestType: RPCContentType
    private let maxMessageBytes: Int
    private let gzip: MessageCompression
    private var state = State.awaitsHead
    private var head = ResponseHead(status: 0, fields: [:])
    private var isCompressed = false
    private var base64: Base64BodyReader?
    private var deframer: MessageDeframer
    /// Of a unary Connect response.
    private var whole: [UInt8] = []
    private var hasBody = false
    /// gRPC-Web's head may turn out to be the trailers.
    private var isHeadHeld = false
    /// The status that an end-of-stream message or a trailers frame had.
    private var status: ResponseEvent?

    /// - Parameters:
    ///   - contentType: of the request.
    ///   - maxMessageBytes: the maximum size of a message, before and after decompression.
    ///   - gzip: decompresses.
    public init(_ contentType: RPCContentType, maxMessageBytes: Int, gzip: MessageCompression) {
        requestType = contentType
        self.maxMessageBytes = maxMessageBytes
        self.gzip = gzip
        let endFlags: UInt8 =
            switch contentType.wireProtocol {
            case .grpc, .connectUnary: 0
            case .grpcWeb: GRPCWebTrailers.flag
            case .connectStream: ConnectEndOfStream.flag
            }
        deframer = MessageDeframer(maxMessageBytes: maxMessageBytes, endFlags: endFlags)
    }

    private var wireProtocol: RPCProtocol { requestType.wireProtocol }

    // MARK: Head

    public mutating func receive(_ head: ResponseHead) -> [ResponseEvent] {
        guard case .awaitsHead = state else { return [] }
        state = .body
        self.head = head
        guard head.status == 200 || wireProtocol == .connectUnary else {
            return fail(Self.error(httpStatus: head.status))
        }
        if let error = readEncoding() { return fail(error) }
        if let error = checkContentType() { return fail(error) }
        isHeadHeld = !wireProtocol.isConnect && head.fields["grpc-status"] != nil
        guard !isHeadHeld, head.status == 200 else { return [] }
        return [.initialMetadata(initialMetadata)]
    }

    private var initialMetadata: Metadata {
        Metadata(ofResponse: head.fields, isConnectUnary: wireProtocol == .connectUnary)
    }

    private mutating func readEncoding() -> RPCError? {
        let name =
            switch wireProtocol {
            case .grpc, .grpcWeb: "grpc-encoding"
            case .connectUnary: "content-encoding"
            case .connectStream: "connect-content-encoding"
            }
        guard let value = head.fields[name] else { return nil }
        guard let compression = CallOptions.Compression(encodingName: value) else {
            return RPCError(.internal, "the response's \(name) is not one that the request accepts")
        }
        isCompressed = compression == .gzip
        return nil
    }

    private mutating func checkContentType() -> RPCError? {
        // An error's body is JSON whatever the codec.
        guard head.status == 200 else { return nil }
        guard let type = head.fields["content-type"].flatMap(RPCContentType.init), isAnswer(type.wireProtocol)
        else {
            return RPCError(.unknown, "the response's content-type is not one of the request's protocol")
        }
        guard type.codec == requestType.codec else {
            return RPCError(.internal, "the response's messages are not in the codec of the request's")
        }
        if type.wireProtocol == .grpcWeb(isText: true) { base64 = Base64BodyReader() }
        return nil
    }

    private func isAnswer(_ other: RPCProtocol) -> Bool {
        switch (wireProtocol, other) {
        case (.grpcWeb, .grpcWeb): true
        default: wireProtocol == other
        }
    }

    // MARK: Body

    public mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [ResponseEvent] {
        guard case .body = state, bytes.count > 0 else { return [] }
        var events: [ResponseEvent] = []
        hasBody = true
        if isHeadHeld {
            isHeadHeld = false
            events.append(.initialMetadata(initialMetadata))
        }
        do throws(RPCError) {
            if wireProtocol == .connectUnary {
                try unsafe receiveWhole(bytes)
            } else {
                try unsafe receiveStream(bytes, &events)
            }
        } catch {
            events += fail(error)
        }
        return events
    }

    private mutating func receiveWhole(_ bytes: UnsafeRawBufferPointer) throws(RPCError) {
        let limit = head.status == 200 ? maxMessageBytes : Self.errorBytesMax
        guard bytes.count <= limit - whole.count else {
            guard head.status == 200 else { throw RPCError(connectResponse: head, body: []) }
            throw RPCError(.resourceExhausted, "a response exceeds the limit of \(limit) bytes")
        }
        unsafe whole.append(contentsOf: bytes)
    }

    private mutating func receiveStream(
        _ bytes: UnsafeRawBufferPointer, _ events: inout [ResponseEvent]
    ) throws(RPCError) {
        var binary: [UInt8] = []
        var failure: RPCError?
        do throws(RPCError) {
            if base64 != nil {
                try unsafe base64?.receive(bytes, into: &binary)
            } else {
                unsafe binary.append(contentsOf: bytes)
            }
        } catch {
            failure = error
        }
        if status != nil, failure != nil || !binary.isEmpty { throw Self.afterEnd }
        do throws(FramingError) {
            try unsafe binary.span.bytes.withUnsafeBytes {
                (binary: UnsafeRawBufferPointer) throws(FramingError) in
                try unsafe deframer.append(binary)
            }
        } catch {
            failure = Self.error(of: error)
        }
        // What is whole before bad bytes counts, so that it does not matter how much came at once.
        while let frame = deframer.first() {
            if status != nil { throw Self.afterEnd }
            let payload = unsafe deframer.withPayload(of: frame) { unsafe [UInt8]($0) }
            deframer.dropFirst(frame)
            let plain = try unpacked(payload, isCompressed: frame.isCompressed)
            if frame.flags & ~Envelope.compressed == 0 {
                events.append(.message(plain))
            } else {
                status = try readStatus(plain)
            }
        }
        if status != nil, failure != nil || deframer.hasPartialMessage { throw Self.afterEnd }
        if let failure { throw failure }
    }

    private func unpacked(_ payload: [UInt8], isCompressed: Bool) throws(RPCError) -> [UInt8] {
        guard isCompressed else { return payload }
        guard self.isCompressed else {
            throw RPCError(.internal, "a message is compressed, but the response names no encoding")
        }
        return try gzip.unpacked(payload, limit: maxMessageBytes)
    }

    private func readStatus(_ payload: [UInt8]) throws(RPCError) -> ResponseEvent {
        if wireProtocol == .connectStream {
            let end = try ConnectEndOfStream(parsing: payload)
            return .end(end.error, trailers: end.trailers)
        }
        return Self.end(try GRPCWebTrailers.read(payload))
    }

    private static func end(_ fields: HTTPFields) -> ResponseEvent {
        let trailers = Metadata(ofResponse: fields, isConnectUnary: false)
        return .end(fields.status(trailers: trailers), trailers: trailers)
    }

    // MARK: End

    /// The body has ended.
    ///
    /// - Parameter trailers: HTTP/2's; `nil` without any.
    public mutating func end(trailers: HTTPFields? = nil) -> [ResponseEvent] {
        switch state {
        case .ended: return []
        case .awaitsHead:
            return fail(.brokenConnection(.unavailable, "the connection ended before the response"))
        case .body: break
        }
        do throws(RPCError) {
            if wireProtocol == .connectUnary { return try endUnary() }
            if let base64 { try base64.end() }
            guard !deframer.hasPartialMessage else {
                throw RPCError.brokenConnection(.internal, "the response ended in the middle of a message")
            }
        } catch {
            return fail(error)
        }
        if let status {
            state = .ended
            return [status]
        }
        if wireProtocol == .grpc, let trailers {
            state = .ended
            return [Self.end(trailers)]
        }
        if !wireProtocol.isConnect, !hasBody {
            state = .ended
            return [Self.end(head.fields)]
        }
        return fail(.brokenConnection(.internal, "the response ended without its status"))
    }

    private mutating func endUnary() throws(RPCError) -> [ResponseEvent] {
        defer { whole = [] }
        let isPacked = isCompressed && !whole.isEmpty
        guard head.status == 200 else {
            let body = isPacked ? (try? gzip.unpacked(whole, limit: Self.errorBytesMax)) ?? [] : whole
            throw RPCError(connectResponse: head, body: body)
        }
        let message = isPacked ? try gzip.unpacked(whole, limit: maxMessageBytes) : whole
        state = .ended
        return [.message(message), .end(nil, trailers: Metadata(connectTrailersOf: head.fields))]
    }

    private mutating func fail(_ error: RPCError) -> [ResponseEvent] {
        state = .ended
        whole = []
        return [.end(error, trailers: error.trailers)]
    }

    private static let afterEnd = RPCError(.internal, "the response has bytes after its status")

    private static func error(httpStatus: Int) -> RPCError {
        let code = RPCError.Code(connectHTTPStatus: httpStatus)
        let message = "the server answered with HTTP status \(httpStatus)"
        return RPCError.Code.isBrokenConnection(httpStatus: httpStatus)
            ? .brokenConnection(code, message) : RPCError(code, message)
    }

    private static func error(of error: FramingError) -> RPCError {
        switch error {
        case .messageTooLarge(let announced, let limit):
            RPCError(
                .resourceExhausted, "a response of \(announced) bytes exceeds the limit of \(limit) bytes")
        case .invalidFlag(let flag):
            RPCError(.internal, "a message has flags that the protocol reserves: \(flag)")
        }
    }
}
