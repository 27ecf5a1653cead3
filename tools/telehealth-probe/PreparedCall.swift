internal import ProtobufReflection
internal import ProtobufWire
internal import RPCClient
internal import RPCModel

/// One call with everything it needs, to be made once or repeatedly.
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

    /// - Parameter onHeaders: called with the metadata of the response headers, before any response.
    /// - Returns: the metadata of the trailers.
    /// - Throws: the call's `RPCError`, or what `onResponse` throws.
    func make(
        onHeaders: (Metadata) -> Void, onResponse: (RawMessage) throws -> Void
    ) async throws -> Metadata {
        let call = start()
        // Concurrently with reading: a server that answers each request stops reading when nobody reads its
        // responses.
        async let sent: Void = send(over: call)
        onHeaders(try await call.responses.initialMetadata)
        var count = 0
        for try await response in call.responses {
            count += 1
            try check(responses: count, isLast: false)
            try onResponse(response)
        }
        try check(responses: count, isLast: true)
        await sent
        return call.responses.trailingMetadata
    }

    /// Reads the responses and discards them.
    func makeQuietly() async throws(RPCError) {
        let call = start()
        if requests.count > 1 {
            try await makeQuietlyWithManyRequests(call)
        } else {
            await send(over: call)
            try await countAnswers(of: call)
        }
    }

    private func makeQuietlyWithManyRequests(
        _ call: BidirectionalCall<RawMessage, RawMessage>
    ) async throws(RPCError) {
        async let sent: Void = send(over: call)
        try await countAnswers(of: call)
        await sent
    }

    private func countAnswers(of call: BidirectionalCall<RawMessage, RawMessage>) async throws(RPCError) {
        var count = 0
        for try await _ in call.responses {
            count += 1
            try check(responses: count, isLast: false)
        }
        try check(responses: count, isLast: true)
    }

    /// If the call ends in the meantime, the reader reports it.
    private func send(over call: BidirectionalCall<RawMessage, RawMessage>) async {
        do {
            for request in requests { try await call.write(request) }
            call.finishWriting()
        } catch {}
    }

    /// - Spec: gRPC doc/statuscodes.md, cardinality violations.
    private func check(responses count: Int, isLast: Bool) throws(RPCError) {
        guard !method.isServerStreaming else { return }
        if count > 1 {
            throw RPCError(.unimplemented, "the method returns one response message, but the server sent more")
        }
        if isLast, count == 0 {
            throw RPCError(.unimplemented, "the call ended with OK, but without a response message")
        }
    }
}
