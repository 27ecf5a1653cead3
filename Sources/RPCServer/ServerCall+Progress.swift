internal import RPCModel

extension ServerCall {
    /// The message that holds the server up: its number, and the bytes of it that came. `nil` when the request
    /// has ended, or when the next step is the handler's.
    var unfinishedMessage: (number: UInt32, byteCount: Int)? {
        if plain != nil, state.acceptsData { return (0, 0) }
        guard let stream, state.acceptsData else { return nil }
        let progress = stream.inboundProgress
        // One is expected: further ones do not count as progress.
        if !dispatcher.routes.routes[methodIndex].method.isClientStreaming {
            return (0, progress.partialByteCount + (translated?.heldByteCount ?? 0))
        }
        let partialByteCount = progress.partialByteCount + (translated?.heldByteCount ?? 0)
        guard partialByteCount > 0, progress.unreadCount == 0 else { return nil }
        return (progress.arrivedCount, partialByteCount)
    }

    func abortSlowRequest() {
        calls.metrics.recordRefusal(.slowRequest)
        abort(RPCError(.resourceExhausted, "the request did not arrive completely in time"))
    }
}
