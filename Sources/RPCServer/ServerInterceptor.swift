public import RPCModel

/// What an interceptor says of a call before its handler.
public enum CallAdmission: Sendable {
    /// The next interceptor is asked, then the handler runs.
    case admitted
    /// The decision takes time. The call waits for the closure, which refuses it by throwing.
    case pending(@Sendable () async throws(RPCError) -> Void)
}

/// Looks at every call of a server before its handler and after its end.
public protocol ServerInterceptor: Sendable {
    /// Called before the handler. May set values of the context; throwing refuses the call with that error.
    ///
    /// A call that every interceptor admits at once goes on to its handler without suspending. Return
    /// ``CallAdmission/pending(_:)`` only where there is something to wait for.
    /// - Isolation: the connection's loop; it must not block.
    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission

    /// Called when the call has ended, for whatever reason: once for each call whose `callWillStart` was called.
    ///
    /// - Parameter status: `nil` for OK.
    /// - Isolation: the connection's loop; it must not block.
    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration)
}

extension ServerInterceptor {
    public func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission { .admitted }
    public func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {}
}

/// What one of a call's interceptors has not decided yet.
struct PendingAdmission {
    let decision: @Sendable () async throws(RPCError) -> Void
    /// The position of the interceptor that is asked next.
    let next: Int
}

extension [any ServerInterceptor] {
    /// Asks the interceptors in order until one needs time.
    ///
    /// - Returns: what that one is to decide; `nil` when all have admitted the call.
    func admitAtOnce(_ context: ServerCallContext, from first: Int = 0) throws(RPCError) -> PendingAdmission? {
        for position in first..<count {
            switch try self[position].callWillStart(context) {
            case .admitted: continue
            case .pending(let decision): return PendingAdmission(decision: decision, next: position + 1)
            }
        }
        return nil
    }

    /// Waits for a pending decision, and asks the interceptors after it.
    func admit(_ context: ServerCallContext, _ pending: PendingAdmission?) async throws(RPCError) {
        var pending = pending
        while let waiting = pending {
            try await waiting.decision()
            pending = try admitAtOnce(context, from: waiting.next)
        }
    }
}
