internal import RPCModel
internal import RPCProtocols

/// What a call of gRPC-Web or Connect has besides a gRPC call: the translation of its body in both directions, or the
/// refusal of its request.
///
/// The ``CallStream`` above it, and with it the handler, notices no difference.
/// - Isolation: the connection's loop.
final class TranslatedCall {
    /// `nil` for a call that fails because of its head.
    let head: CallHead?
    /// Set for a request that is not a call.
    let refusal: HTTPRefusal?
    /// For messages in JSON.
    let transcoder: MessageTranscoder?
    private var decoder: RequestDecoder?
    /// `nil` for a request that is not a call.
    private var encoder: ResponseEncoder?

    init(_ head: CallHead, transcoder: MessageTranscoder?, maxMessageBytes: Int) {
        self.head = head
        self.transcoder = transcoder
        refusal = nil
        decoder = RequestDecoder(head, maxMessageBytes: maxMessageBytes)
        encoder = ResponseEncoder(head.form)
    }

    init(failing form: CallForm, fields: HTTPFields) {
        (head, transcoder, refusal) = (nil, nil, nil)
        encoder = ResponseEncoder(form, fields: fields)
    }

    init(refusing refusal: HTTPRefusal) {
        (head, transcoder) = (nil, nil)
        self.refusal = refusal
    }

    /// Where the messages of the call pass between its handler and this.
    func makeStream(maxMessageBytes: Int) -> CallStream {
        let isConnect = head?.form.wireProtocol.isConnect ?? false
        return CallStream(
            maxMessageBytes: maxMessageBytes, transcoder: transcoder,
            undecodableCode: isConnect ? .invalidArgument : .internal)
    }

    /// Bytes of the request that are held here because their message is incomplete.
    var heldByteCount: Int { decoder?.heldByteCount ?? 0 }

    /// The length-prefixed messages, or parts of them, in the next bytes of the body.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(RPCError) -> [UInt8] {
        var messages: [UInt8] = []
        try decoder?.receive(bytes, into: &messages)
        return messages
    }

    /// The messages that the end of the body completes.
    func endRequest() throws(RPCError) -> [UInt8] {
        var messages: [UInt8] = []
        try decoder?.end(into: &messages)
        decoder = nil
        return messages
    }

    func start(_ metadata: Metadata) -> ResponseEncoder.Output { encoder?.start(metadata) ?? .init() }

    func send(_ messages: UnsafeRawBufferPointer) -> ResponseEncoder.Output { encoder?.send(messages) ?? .init() }

    func finish(_ error: RPCError?, trailers: Metadata) -> ResponseEncoder.Output {
        encoder?.finish(error, trailers: trailers) ?? .init()
    }
}
