public import ProtobufWire

/// The requests of a client-streaming or bidirectional call, in order; ends when the client half-closed.
///
/// One consumer at a time. Reading slowly holds the client back: the peer's window grows only as messages are
/// taken.
public struct RequestStream<Request: Message>: AsyncSequence, Sendable {
    public typealias Element = Request
    public typealias Failure = RPCError

    @usableFromInline let stream: CallStream
    @usableFromInline let refusal: ServerRoute.Refusal

    /// - Parameter refusal: makes the error that is thrown for a request that breaks the rules of its schema.
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

        /// - Throws: what is made of a request that breaks the rules of its schema; `CANCELLED` when the client went
        ///   away or the task was cancelled, `INTERNAL` for bytes that are no message, `RESOURCE_EXHAUSTED` for an
        ///   oversized one.
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
