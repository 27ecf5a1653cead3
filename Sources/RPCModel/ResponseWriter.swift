public import ProtobufWire

/// Writes the responses of a streaming call.
///
/// - Isolation: any thread. Messages of concurrent writers do not mix; their order is that of the calls.
public struct ResponseWriter<Response: Message>: Sendable {
    @usableFromInline let stream: CallStream

    @inlinable
    public init(_ stream: CallStream) {
        self.stream = stream
    }

    /// Queues one response, and suspends only while the unsent bytes exceed the high-water mark.
    ///
    /// - Parameter compressed: `false` leaves this message uncompressed, whatever the server's setting.
    /// - Throws: the reason why the call has ended: `CANCELLED`, `DEADLINE_EXCEEDED`.
    @inlinable
    public func write(_ response: Response, compressed: Bool = true) async throws(RPCError) {
        if try stream.write(response, compressed: compressed) { return }
        try await stream.waitForRoom()
    }

    /// Queues one response without waiting, for writers that must never block (for example a registry of watchers).
    ///
    /// - Returns: `false` when the message was queued and the queue now exceeds the high-water mark: the client reads
    ///   too slowly, and the caller should pause, merge messages or end the stream.
    /// - Throws: the reason why the call has ended.
    @inlinable
    public func writeNow(_ response: Response, compressed: Bool = true) throws(RPCError) -> Bool {
        try stream.write(response, compressed: compressed)
    }

    /// Suspends while the unsent bytes exceed the high-water mark: for a writer to which ``writeNow(_:)`` returned
    /// `false`.
    ///
    /// - Throws: the reason why the call has ended.
    @inlinable
    public func waitForRoom() async throws(RPCError) { try await stream.waitForRoom() }

    /// Sends the response headers now, before the first message.
    public func sendInitialMetadata() { stream.requestHeaders() }

    /// Runs `work` soon on the thread that carries the call: for a caller that has news for many calls and must not
    /// spend the time that writing to each takes. Runs it at once when the call is over.
    public func execute(_ work: @escaping @Sendable () -> Void) { stream.execute(work) }

    /// Keeps the call open after the handler returned, without a suspended task: the owner of the writer continues to
    /// write and must ``finish(_:)`` it. `context.onCancel` reports a client that disconnected.
    ///
    /// An open idle call then costs a few hundred bytes.
    public func detach() { stream.detach() }

    /// Ends a detached call: with OK, or with `error`. Has no effect on a call that has ended.
    public func finish(_ error: RPCError? = nil) { stream.finishDetached(error) }
}
