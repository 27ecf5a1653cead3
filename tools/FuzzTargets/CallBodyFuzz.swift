internal import GRPCStandardAPI
internal import ProtobufReflection
internal import RPCModel
internal import RPCOverHTTP2
internal import RPCProtocols

/// The bodies of requests and responses, in every protocol and both codecs.
enum CallBodyFuzz {
    private static let maxMessageBytes = 500
    private static let protocols: [RPCProtocol] = [
        .grpc, .grpcWeb(isText: false), .grpcWeb(isText: true), .connectUnary, .connectStream,
    ]
    private static let methods = (
        unary: Grpc_Health_V1_Health_Methods.check, stream: Grpc_Health_V1_Health_Methods.watch
    )
    private static let pool = try? DescriptorPool([Grpc_Health_V1_Health_File.descriptor])

    /// The first byte chooses protocol, codec and compression, the second is the size of the chunks: what a body means
    /// does not depend on it.
    static func run(_ input: UnsafeRawBufferPointer) {
        guard input.count > 2, input[1] > 0 else { return }
        let type = RPCContentType(
            protocols[Int(input[0] & 7) % protocols.count], input[0] & 8 == 0 ? .proto : .json)
        let isPacked = input[0] & 16 != 0
        let body = [UInt8](input.dropFirst(2))
        let size = Int(input[1])
        precondition(
            request(type, isPacked, body, chunk: size) == request(type, isPacked, body, chunk: body.count),
            "chunking changes a request")
        let whole = response(type, isPacked, body, chunk: body.count)
        precondition(response(type, isPacked, body, chunk: size) == whole, "chunking changes a response")
        json(body)
        check(whole)
    }

    /// The messages of a request; a failure is its code alone, because how much came at once may decide the words.
    private static func request(
        _ type: RPCContentType, _ isPacked: Bool, _ body: [UInt8], chunk: Int
    ) -> Result<[UInt8], RPCError> {
        let method = type.wireProtocol == .connectUnary ? methods.unary : methods.stream
        let encoder = RequestEncoder(
            path: method.path, contentType: type, compression: isPacked ? .gzip : nil)
        guard case .call(let head) = RequestRouting.decide(encoder.head, for: RoutedMethod(method)) else {
            preconditionFailure("a client's own head is not a call")
        }
        var decoder = RequestDecoder(head, maxMessageBytes: maxMessageBytes)
        var messages: [UInt8] = []
        do throws(RPCError) {
            for part in parts(body, chunk) {
                try part.span.bytes.withUnsafeBytes { (part: UnsafeRawBufferPointer) throws(RPCError) in
                    try decoder.receive(part, into: &messages)
                }
                let held = decoder.heldByteCount
                precondition(held <= maxMessageBytes)
            }
            try decoder.end(into: &messages)
        } catch {
            return .failure(RPCError(error.code, ""))
        }
        return .success(messages)
    }

    private static func response(
        _ type: RPCContentType, _ isPacked: Bool, _ body: [UInt8], chunk: Int
    ) -> [ResponseEvent] {
        var fields: HTTPFields = ["content-type": type.text]
        if isPacked {
            for name in ["grpc-encoding", "content-encoding", "connect-content-encoding"] {
                fields.append(name, "gzip")
            }
        }
        var decoder = ResponseDecoder(type, maxMessageBytes: maxMessageBytes, gzip: .gzip)
        var events = decoder.receive(ResponseHead(status: body.count % 7 == 0 ? 500 : 200, fields: fields))
        for part in parts(body, chunk) { events += part.withUnsafeBytes { decoder.receive($0) } }
        return events + decoder.end()
    }

    /// What is read is written, and reads the same again.
    private static func json(_ text: [UInt8]) {
        guard let transcoder = pool.flatMap({ JSONTranscoder(methods.unary, in: $0) }) else { return }
        if let message = try? transcoder.requestBytes(ofJSON: text) {
            let written = try? transcoder.json(ofRequest: message)
            let again = written.flatMap { try? transcoder.requestBytes(ofJSON: $0) }
            precondition(again == message, "a request changes in JSON")
        }
        _ = try? transcoder.json(ofResponse: text)
    }

    private static func check(_ events: [ResponseEvent]) {
        for (index, event) in events.enumerated() {
            switch event {
            case .initialMetadata: precondition(index == 0)
            case .message(let message): precondition(message.count <= maxMessageBytes)
            case .end: precondition(index == events.count - 1, "something follows the end")
            }
        }
        if case .end? = events.last { return }
        preconditionFailure("a response has no end")
    }

    private static func parts(_ body: [UInt8], _ chunk: Int) -> [[UInt8]] {
        stride(from: 0, to: body.count, by: max(1, chunk)).map {
            Array(body[$0..<min($0 + chunk, body.count)])
        }
    }
}
