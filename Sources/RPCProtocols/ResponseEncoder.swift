public import RPCModel
internal import TextFormats

/// Writes a response, on a server: initial metadata, length-prefixed messages and a status in, a head, body bytes and
/// an end out. The messages' codec is not touched.
///
/// A unary Connect response is held until its status is known, because its head depends on it; everything else leaves
/// at once. After ``finish(_:trailers:)`` nothing more is written.
public struct ResponseEncoder: ~Copyable, Sendable {
    /// What to send now.
    public struct Output: Sendable, Hashable {
        /// Comes first.
        public var head: ResponseHead?
        public var body: [UInt8] = []
        public var end: End?

        public init(head: ResponseHead? = nil, body: [UInt8] = [], end: End? = nil) {
            self.head = head
            self.body = body
            self.end = end
        }
    }

    /// How the response ends after the body.
    public enum End: Sendable, Hashable {
        case body
        /// gRPC only.
        case trailers(HTTPFields)
    }

    private let form: CallForm
    private var extra: HTTPFields
    private var initialMetadata = Metadata()
    private var hasStarted = false
    private var hasEnded = false
    private var deframer: MessageDeframer
    /// Of a unary Connect response.
    private var only: (bytes: [UInt8], isCompressed: Bool)?
    private var messageCount = 0

    /// - Parameters:
    ///   - form: how the response is written.
    ///   - fields: for the response's head, besides its own.
    public init(_ form: CallForm, fields: HTTPFields = [:]) {
        self.form = form
        extra = fields
        // The server's own messages have the size that they have.
        deframer = MessageDeframer(maxMessageBytes: Int(Int32.max))
    }

    /// The response begins: once, before the first message, or never for a call that fails at once.
    public mutating func start(_ initialMetadata: Metadata) -> Output {
        guard !hasStarted, !hasEnded else { return Output() }
        hasStarted = true
        guard form.wireProtocol != .connectUnary else {
            self.initialMetadata = initialMetadata
            return Output()
        }
        return Output(head: streamHead(initialMetadata))
    }

    /// Messages of the response, which begins with them if it has not begun.
    ///
    /// - Parameter messages: length-prefixed, cut anywhere.
    public mutating func send(_ messages: UnsafeRawBufferPointer) -> Output {
        guard !hasEnded else { return Output() }
        var output = start(Metadata())
        if form.wireProtocol == .connectUnary {
            unsafe keep(messages)
        } else {
            output.body = onWire(unsafe [UInt8](messages))
        }
        return output
    }

    /// A message of more than 2 GiB is left out, so that the call fails for want of one.
    private mutating func keep(_ messages: UnsafeRawBufferPointer) {
        try? unsafe deframer.append(messages)
        while let frame = deframer.first() {
            only = (unsafe deframer.withPayload(of: frame) { unsafe [UInt8]($0) }, frame.isCompressed)
            deframer.dropFirst(frame)
            messageCount += 1
        }
    }

    /// The call has ended: with OK when `error` is `nil`.
    ///
    /// - Parameter trailers: trailing metadata besides the error's own.
    public mutating func finish(_ error: RPCError?, trailers: Metadata) -> Output {
        guard !hasEnded else { return Output() }
        if form.wireProtocol == .connectUnary {
            hasEnded = true
            return finishUnary(error, trailers: trailers)
        }
        var output = start(Metadata())
        hasEnded = true
        switch form.wireProtocol {
        case .grpc:
            var fields = HTTPFields()
            fields.appendStatus(error, trailers: trailers)
            output.end = .trailers(fields)
        case .grpcWeb:
            var fields = HTTPFields()
            fields.appendStatus(error, trailers: trailers)
            Envelope.append(flags: GRPCWebTrailers.flag, GRPCWebTrailers.write(fields), to: &output.body)
            output.body = onWire(output.body)
            output.end = .body
        case .connectStream, .connectUnary:
            let end = ConnectEndOfStream(error: error, trailers: trailers)
            Envelope.append(flags: ConnectEndOfStream.flag, end.bytes, to: &output.body)
            output.end = .body
        }
        return output
    }

    /// Base64 where the content type says so, all bytes of one flush in one text.
    private func onWire(_ bytes: [UInt8]) -> [UInt8] {
        form.wireProtocol == .grpcWeb(isText: true) ? Base64BodyWriter.text(bytes) : bytes
    }

    // MARK: Heads

    /// Always 200: the status of the call is at the end of the body, or in trailers.
    private func streamHead(_ metadata: Metadata) -> ResponseHead {
        var fields: HTTPFields = ["content-type": form.contentType.text]
        let gzip = form.responseCompression == .gzip
        switch form.wireProtocol {
        case .grpc, .grpcWeb:
            if gzip { fields.append("grpc-encoding", "gzip") }
        case .connectStream, .connectUnary:
            if gzip { fields.append("connect-content-encoding", "gzip") }
        }
        if form.wireProtocol != .grpc {
            // Proxies must not keep, change or hold back a stream.
            fields.append("cache-control", "no-store, no-transform")
            fields.append("x-accel-buffering", "no")
        }
        fields.append(contentsOf: extra)
        fields.append(metadata)
        return ResponseHead(status: 200, fields: fields)
    }

    private mutating func finishUnary(_ error: RPCError?, trailers: Metadata) -> Output {
        let failure: RPCError?
        if let error {
            failure = error
        } else {
            failure =
                messageCount == 1
                ? nil : RPCError(.internal, "the handler wrote \(messageCount) messages, not one")
        }
        var fields = HTTPFields()
        var body: [UInt8] = []
        if let failure {
            fields.append("content-type", "application/json")
            body = failure.connectJSON.bytes
            if case .retry(let delay) = failure.retryPushback {
                fields.append("retry-after", String(Self.wholeSeconds(delay)))
            }
        } else if let only {
            fields.append("content-type", form.contentType.text)
            if only.isCompressed { fields.append("content-encoding", "gzip") }
            body = only.bytes
        }
        if form.isGet {
            fields.append("vary", "accept-encoding")
        } else {
            fields.append("cache-control", "no-store")
        }
        fields.append(contentsOf: extra)
        appendUnaryMetadata(initialMetadata, to: &fields)
        if let failure { fields.append(failure.trailers, prefix: ReservedNames.trailerPrefix) }
        fields.append(trailers, prefix: ReservedNames.trailerPrefix)
        only = nil
        return Output(
            head: ResponseHead(status: failure?.code.httpStatus ?? 200, fields: fields), body: body,
            end: .body)
    }

    /// Initial metadata must not be taken for trailing metadata.
    private func appendUnaryMetadata(_ metadata: Metadata, to fields: inout HTTPFields) {
        metadata.forEachHeaderField { name, value in
            if !name.hasPrefix(ReservedNames.trailerPrefix) { fields.append(name, value) }
        }
    }

    /// Rounded up, at least 1.
    /// - Spec: RFC 9110 section 10.2.3.
    private static func wholeSeconds(_ delay: Duration) -> Int64 {
        let (seconds, attoseconds) = delay.components
        return max(1, attoseconds > 0 ? seconds + 1 : seconds)
    }
}
