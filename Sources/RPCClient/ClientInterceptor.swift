public import RPCModel

/// Looks at every call of a channel before it begins and after its end: for credentials, traces and counters that
/// every call needs and no caller should have to think of.
public protocol ClientInterceptor: Sendable {
    /// Before the call. May change its options: add metadata, shorten the time.
    ///
    /// - Isolation: the caller's thread; it must not block.
    func callWillStart(_ method: MethodDescriptor, options: inout CallOptions)

    /// The call is over, with all its attempts and whoever ended it; once for each call that the channel took. A
    /// channel that is shut down takes none.
    ///
    /// - Parameters:
    ///   - status: `nil` for OK.
    ///   - duration: since the call was made, time in queues included.
    /// - Isolation: the channel's loop; it must not block.
    func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration)
}

extension ClientInterceptor {
    public func callWillStart(_ method: MethodDescriptor, options: inout CallOptions) {}
    public func callDidEnd(_ method: MethodDescriptor, status: RPCError?, duration: Duration) {}
}
