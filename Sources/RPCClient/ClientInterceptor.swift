public import RPCModel

/// Observes every call of a channel, before it begins and after its end: for credentials, traces and counters that
/// every call needs.
public protocol ClientInterceptor: Sendable {
    /// Called before the call. May change its options: add metadata, shorten the timeout.
    ///
    /// - Isolation: the caller's thread; it must not block.
    func callWillStart(_ method: MethodDescriptor, options: inout CallOptions)

    /// Called when the call has ended with all its attempts, for whatever reason: once for each call that the channel
    /// accepted. A channel that was shut down accepts none.
    ///
    /// - Parameters:
    ///   - status: `nil` for OK.
    ///   - duration: since the call was made, including time in queues.
    /// - Isolation: the channel's loop; it must not block.
    func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration)
}

extension ClientInterceptor {
    public func callWillStart(_ method: MethodDescriptor, options: inout CallOptions) {}
    public func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration) {}
}
