public import RPCModel

/// Observes every call of a server, before its handler and after its end.
public protocol ServerInterceptor: Sendable {
    /// Called before the handler. May set values of the context; throwing refuses the call with that error.
    ///
    /// - Isolation: the connection's loop until the first suspension; it must not block.
    func callWillStart(_ context: ServerCallContext) async throws(RPCError)

    /// Called when the call has ended, for whatever reason: once for each call whose `callWillStart` was called.
    ///
    /// - Parameter status: `nil` for OK.
    /// - Isolation: the connection's loop; it must not block.
    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration)
}

extension ServerInterceptor {
    public func callWillStart(_ context: ServerCallContext) async throws(RPCError) {}
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {}
}
