public import ProtobufWire

/// Where a handler puts the responses of a streaming call.
///
/// - Isolation: any thread. Messages of concurrent writers do not mix, their order is the order of the calls.
public struct ResponseWriter<Response: Message>: Sendable {
    @usableFromInline let stream: CallStream

    @inlinable
    public init(_ stream: CallStream) {
        self.stream = stream
    }

    /// Queues one response, and suspends only while more than the high-water mark is queued unsent.
    ///
    /// - Parameter compressed: `false` sends this one as it is, whatever the server's setting.
    /// - Throws: the reason the call is over: `CANCELLED`, `DEADLINE_EXCEEDED`.
    @inlinable
    public func write(_ response: Response, compressed: Bool = true) async throws(RPCError) {
        if try stream.write(response, compressed: compressed) { return }
        try await stream.waitForRoom()
    }

    /// Queues one response without waiting, for writers that must never be held up (a registry of watchers).
    ///
    /// - Returns: `false` when the message was queued and the queue is now above the high-water mark: the
    ///   client reads too slowly, and the caller should stop, merge or end the stream.
    /// - Throws: the reason the call is over.
    @inlinable
    public func writeNow(_ response: Response, compressed: Bool = true) throws(RPCError) -> Bool {
        try stream.write(response, compressed: compressed)
    }

    /// Suspends while more than the high-water mark is queued unsent: for a writer that ``writeNow(_:)`` told so.
    ///
    /// - Throws: the reason the call is over.
    @inlinable
    public func waitForRoom() async throws(RPCError) { try await stream.waitForRoom() }

    /// Sends the response headers now, before the first message.
    public func sendInitialMetadata() { stream.requestHeaders() }

    /// Runs `work` soon on the thread that carries the call: for whoever has news for many calls and must not spend
    /// the time that writing to each takes. Runs it at once when the call is over.
    public func execute(_ work: @escaping @Sendable () -> Void) { stream.execute(work) }

    /// Keeps the call open after the handler returned, without a suspended task: whoever holds the writer
    /// goes
    /// on writing and must ``finish(_:)`` it. Learn of a client that left with `context.onCancel`.
    ///
    /// An open idle call then costs a few hundred bytes.
    public func detach() { stream.detach() }

    /// Ends a detached call: with OK, or with `error`. Has no effect on a call that is over.
    public func finish(_ error: RPCError? = nil) { stream.finishDetached(error) }
}
