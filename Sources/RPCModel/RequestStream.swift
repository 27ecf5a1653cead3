public import ProtobufWire

/// The requests of a client-streaming or bidirectional call, in order; ends when the client half-closed.
///
/// One consumer at a time. Reading slowly holds the client back: the peer's window grows only as messages are
/// taken.
public struct RequestStream<Request: Message>: AsyncSequence, Sendable {
    public typealias Element = Request
    public typealias Failure = RPCError

    @usableFromInline let stream: CallStream

    @inlinable
    public init(_ stream: CallStream) {
        self.stream = stream
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let stream: CallStream

        @usableFromInline
        init(stream: CallStream) {
            self.stream = stream
        }

        /// - Throws: `CANCELLED` when the client went away or the task was cancelled, `INTERNAL` for bytes
        ///   that are no message, `RESOURCE_EXHAUSTED` for an oversized one.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Request? {
            try await stream.nextMessage()
        }

        @inlinable
        public mutating func next() async throws(RPCError) -> Request? {
            try await stream.nextMessage()
        }
    }

    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
}
