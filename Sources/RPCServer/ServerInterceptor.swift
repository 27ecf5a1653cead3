public import RPCModel

/// Looks at every call of a server before its handler and after its end.
public protocol ServerInterceptor: Sendable {
    /// Before the handler. May set values of the context; throwing refuses the call with that error.
    ///
    /// - Isolation: the connection's loop until the first suspension; it must not block.
    func callWillStart(_ context: ServerCallContext) async throws(RPCError)

    /// The call is over, whoever ended it; called once for each call whose `callWillStart` was called.
    ///
    /// - Parameter status: `nil` for OK.
    /// - Isolation: the connection's loop; it must not block.
    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration)
}

extension ServerInterceptor {
    public func callWillStart(_ context: ServerCallContext) async throws(RPCError) {}
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {}
}
