public import ProtobufWire

/// The requests of a client-streaming or bidirectional call, in order; ends when the client half-closes.
///
/// One consumer at a time. Reading slowly slows the client down: the peer's window grows only as messages are taken.
public struct RequestStream<Request: Message>: AsyncSequence, Sendable {
    public typealias Element = Request
    public typealias Failure = RPCError

    @usableFromInline let stream: CallStream
    @usableFromInline let refusal: ServerRoute.Refusal

    /// - Parameter refusal: makes the error for a request that violates its schema's rules.
    @inlinable
    public init(_ stream: CallStream, refusal: @escaping ServerRoute.Refusal) {
        self.stream = stream
        self.refusal = refusal
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let stream: CallStream
        @usableFromInline let refusal: ServerRoute.Refusal

        @usableFromInline
        init(stream: CallStream, refusal: @escaping ServerRoute.Refusal) {
            self.stream = stream
            self.refusal = refusal
        }

        /// - Throws: the `refusal` of a request that violates its schema's rules; `CANCELLED` when the client
        ///   disconnected or the task was cancelled, `INTERNAL` for bytes that cannot be decoded,
        ///   `RESOURCE_EXHAUSTED` for an oversized message.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Request? {
            let request: Request? = try await stream.nextMessage()
            try request?.checkRules(refusal)
            return request
        }

        @inlinable
        public mutating func next() async throws(RPCError) -> Request? {
            let request: Request? = try await stream.nextMessage()
            try request?.checkRules(refusal)
            return request
        }
    }

    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream, refusal: refusal) }
}
