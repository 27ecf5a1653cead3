internal import ProtobufReflection
internal import ProtobufWire
internal import RPCClient
internal import RPCModel

/// One call with everything it needs, to be made once or many times.
struct PreparedCall: Sendable {
    let service: String
    let method: ServiceDescriptor.Method
    let requests: [RawMessage]
    let options: CallOptions
    let channel: RPCChannel

    var name: String { "\(service)/\(method.name)" }

    private func start() -> BidirectionalCall<RawMessage, RawMessage> {
        let wire = MethodDescriptor(
            service: service, name: method.name, isClientStreaming: method.isClientStreaming,
            isServerStreaming: method.isServerStreaming)
        return channel.bidirectional(wire, options: options)
    }

    /// - Parameter onHeaders: told the metadata of the response headers, before any response.
    /// - Throws: the call's `RPCError`, or what `onResponse` throws.
    func make(
        onHeaders: (Metadata) -> Void, onResponse: (RawMessage) throws -> Void
    ) async throws {
        let stream = start()
        for request in requests { try await stream.write(request) }
        stream.finishWriting()
        onHeaders(try await stream.responses.initialMetadata)
        for try await response in stream.responses { try onResponse(response) }
    }

    /// Reads the answers and drops them.
    func makeQuietly() async throws(RPCError) {
        let stream = start()
        for request in requests { try await stream.write(request) }
        stream.finishWriting()
        for try await _ in stream.responses {}
    }
}
