public import ProtobufWire

/// The responses of a server-streaming or bidirectional call, in order.
///
/// Releasing it and all its iterators before the end cancels the call. One consumer at a time; reading slowly slows
/// the server down.
public struct ResponseStream<Response: Message>: AsyncSequence, Sendable {
    public typealias Element = Response
    public typealias Failure = RPCError

    @usableFromInline let stream: CallStream
    @usableFromInline let guardian: CallGuardian

    @inlinable
    public init(_ stream: CallStream) {
        self.stream = stream
        guardian = CallGuardian(stream)
    }

    /// Metadata of the response headers; waits for them. Empty when the response had none.
    /// - Throws: the call's error when it ended before headers arrived.
    public var initialMetadata: Metadata {
        get async throws(RPCError) { try await stream.waitForInitialMetadata() }
    }

    /// Metadata of the trailers; empty until the stream has ended. An error has its own.
    public var trailingMetadata: Metadata { stream.receivedTrailingMetadata }

    public func cancel() { stream.abandon() }

    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let stream: CallStream
        @usableFromInline let guardian: CallGuardian

        @usableFromInline
        init(stream: CallStream, guardian: CallGuardian) {
            self.stream = stream
            self.guardian = guardian
        }

        /// - Throws: the status of a call that did not end with OK, after the messages received before it.
        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(RPCError) -> Response?
        {
            try await stream.nextMessage()
        }

        @inlinable
        public mutating func next() async throws(RPCError) -> Response? {
            try await stream.nextMessage()
        }
    }

    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream, guardian: guardian) }
}
