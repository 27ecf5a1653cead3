public import ProtobufWire

/// Makes calls: the interface that generated clients use.
public protocol CallChannel: Sendable {
    /// Opens a call. Never fails and never waits: errors come out of the returned stream.
    func startCall(_ method: MethodDescriptor, options: CallOptions) -> CallStream
}

extension CallChannel {
    /// - Throws: the server's status, or one made up by the channel (`isFromPeer` tells which). Cancelling the task
    ///   also cancels the call on the server.
    @inlinable
    public func unary<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions
    ) async throws(RPCError) -> Response {
        let stream = startCall(method, options: options)
        try stream.writeOnly(request)
        return try await stream.onlyMessage()
    }

    @inlinable
    public func serverStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor, _ request: Request, options: CallOptions
    ) -> ResponseStream<Response> {
        let stream = startCall(method, options: options)
        // A stream that failed already reports that to the reader.
        try? stream.writeOnly(request)
        return ResponseStream(stream)
    }

    @inlinable
    public func clientStreaming<Request: Message, Response: Message>(
        _ method: MethodDescriptor, options: CallOptions
    ) -> ClientStreamingCall<Request, Response> {
        ClientStreamingCall(startCall(method, options: options))
    }

    @inlinable
    public func bidirectional<Request: Message, Response: Message>(
        _ method: MethodDescriptor, options: CallOptions
    ) -> BidirectionalCall<Request, Response> {
        BidirectionalCall(startCall(method, options: options))
    }
}

/// A call that sends many requests and gets one response.
public struct ClientStreamingCall<Request: Message, Response: Message>: Sendable {
    @usableFromInline let stream: CallStream
    @usableFromInline let guardian: CallGuardian

    @inlinable
    init(_ stream: CallStream) {
        self.stream = stream
        guardian = CallGuardian(stream)
    }

    /// Queues a request; suspends while the server does not keep up.
    ///
    /// - Parameter compressed: `false` leaves this message uncompressed in a call with compression.
    @inlinable
    public func write(_ request: Request, compressed: Bool = true) async throws(RPCError) {
        if try stream.write(request, compressed: compressed) { return }
        try await stream.waitForRoom()
    }

    /// Half-closes the call and waits for the response.
    @inlinable
    public func finish() async throws(RPCError) -> Response {
        stream.finishWriting()
        return try await stream.onlyMessage()
    }

    public func cancel() { stream.abandon() }
}

/// A call with a stream in each direction.
public struct BidirectionalCall<Request: Message, Response: Message>: Sendable {
    @usableFromInline let stream: CallStream
    /// The responses; iterate them once.
    public let responses: ResponseStream<Response>

    @inlinable
    init(_ stream: CallStream) {
        self.stream = stream
        responses = ResponseStream(stream)
    }

    /// Queues a request; suspends while the server does not keep up.
    ///
    /// - Parameter compressed: `false` leaves this message uncompressed in a call with compression.
    @inlinable
    public func write(_ request: Request, compressed: Bool = true) async throws(RPCError) {
        if try stream.write(request, compressed: compressed) { return }
        try await stream.waitForRoom()
    }

    /// Half-closes: no more requests.
    public func finishWriting() { stream.finishWriting() }

    public func cancel() { stream.abandon() }
}

/// Cancels its call when the last reference is released before the end.
@usableFromInline
final class CallGuardian: Sendable {
    private let stream: CallStream

    @usableFromInline
    init(_ stream: CallStream) {
        self.stream = stream
    }

    deinit { stream.abandon() }
}
