/// The transport's half of a call: what a ``CallStream`` tells the loop that carries it.
///
/// - Isolation: every member may be called from any thread, with no lock of the stream held; an
///   implementation
///   hops to its loop where it must.
public protocol CallDriver: AnyObject, Sendable {
    /// There is something to send: messages, headers asked for early, or the end of the requests.
    func outboundDidGrow()
    /// The user took messages; so many bytes may be granted to the peer again.
    func inboundWasConsumed(byteCount: Int)
    /// Nobody will read or write this call any more. A client resets the stream; a server ignores it, because
    /// its handler's return says how the call ended.
    func abandon()
    /// The handler chose how its responses are packed. Only servers do anything about it.
    func packResponses(_ compression: CallOptions.Compression)
    /// A detached server call is over: with OK when `error` is `nil`.
    func finishDetached(_ error: RPCError?)
    /// Runs `work` soon on the thread that carries the call.
    func execute(_ work: @escaping @Sendable () -> Void)
}

extension CallDriver {
    public func packResponses(_ compression: CallOptions.Compression) {}
    /// At once: for a driver without a thread of its own.
    public func execute(_ work: @escaping @Sendable () -> Void) { work() }
}
