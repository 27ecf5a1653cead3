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
    func packResponses(_ compression: CallOptions.Compression)
    /// A detached server call has ended: with OK when `error` is `nil`.
    func finishDetached(_ error: RPCError?)
}

extension CallDriver {
    public func packResponses(_ compression: CallOptions.Compression) {}
}
