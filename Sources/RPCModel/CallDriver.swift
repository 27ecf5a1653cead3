/// The transport's half of a call: what a ``CallStream`` tells the loop that carries it.
///
/// - Isolation: any thread, without a lock of the stream held; an implementation hops to its loop where necessary.
public protocol CallDriver: AnyObject, Sendable {
    /// There is something to send: messages, early headers, or the end of the requests.
    func outboundDidGrow()
    /// The reader took messages; this many bytes may be granted to the peer again.
    func inboundWasConsumed(byteCount: Int)
    /// Nobody will read or write this call again. A client resets the stream; a server ignores this, because the
    /// handler's return ends the call.
    func abandon()
    /// The handler chose the compression of its responses. Servers only.
    func compressResponses(_ compression: CallOptions.Compression)
    /// A detached server call has ended: with OK when `error` is `nil`.
    func finishDetached(_ error: RPCError?)
    /// Runs `work` soon on the thread that carries the call.
    func execute(_ work: @escaping @Sendable () -> Void)
}

extension CallDriver {
    public func compressResponses(_ compression: CallOptions.Compression) {}
    /// At once: for a driver without a thread of its own.
    public func execute(_ work: @escaping @Sendable () -> Void) { work() }
}
