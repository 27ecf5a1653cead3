public import ProtobufWire
public import Synchronization

/// The two message directions of one call, shared by the code that uses the call and the loop that carries it.
///
/// Both sides of the wire use it. Users take messages from the inbound half and put messages into the outbound half;
/// the loop's ``CallDriver`` does the opposite with bytes. Nothing here does I/O.
///
/// | half | states | ends with |
/// |---|---|---|
/// | inbound | open, ended, failed | the peer's half-close or status, read after its messages |
/// | outbound | open, finished | ``finishWriting()``; the driver sends the end after the queued bytes |
///
/// After ``fail(_:)`` both halves have ended at once and queued bytes are dropped.
/// - Isolation: any thread. One lock, held for a copy, an encode or a decode, never across a call to the driver.
public final class CallStream: Sendable {
    /// Bytes of complete unread messages below which the peer gets its window back. Above it, only reading does that:
    /// the backpressure. One default HTTP/2 window.
    static let inboundLowWater = 64 * 1024
    /// Unsent bytes above which ``write(_:)`` reports a full queue. Enough to fill a TLS record or two; a larger
    /// queue gained nothing in measurements.
    @usableFromInline static let outboundHighWater = 32 * 1024

    @usableFromInline let state: Mutex<State>

    /// - Parameters:
    ///   - maxMessageBytes: the maximum size of an inbound message.
    ///   - transcoder: for messages that are not in protobuf's wire format.
    ///   - undecodableCode: the code for messages that cannot be decoded.
    public init(
        maxMessageBytes: Int, transcoder: MessageTranscoder? = nil, undecodableCode: RPCError.Code = .internal
    ) {
        state = Mutex(
            State(maxMessageBytes: maxMessageBytes, transcoder: transcoder, undecodableCode: undecodableCode))
    }

    // MARK: Writing

    /// Encodes and queues one message.
    ///
    /// - Parameter compressed: `false` leaves it uncompressed in a call with compression: for secrets next to text
    ///   chosen by someone else, and for data that is compressed already. `true` follows the call's setting.
    /// - Parameter message: a sentence for people; it goes to the peer.
    /// - Returns: whether there is room for more. On `false` the message is queued, but the writer should
    ///   ``waitForRoom()``.
    /// - Throws: the reason why the call has ended. `INTERNAL` after ``finishWriting()``, `RESOURCE_EXHAUSTED` for a
    ///   message whose length does not fit in 4 bytes.
    @inlinable
    public func write<Outbound: Message>(_ message: Outbound, compressed: Bool = true) throws(RPCError)
        -> Bool
    {
        let (driver, hasRoom) = try state.withLock { (state: inout State) throws(RPCError) in
            let start = try state.beginMessage()
            message.encode(into: &state.outbound)
            try state.endMessage(from: start, compressed: compressed)
            return (state.driverToWake(), state.hasRoom)
        }
        driver?.outboundDidGrow()
        return hasRoom
    }

    /// Encodes and queues the only request of a call, and its end: ``write(_:compressed:)`` and ``finishWriting()``
    /// in one step.
    ///
    /// - Throws: as ``write(_:compressed:)``.
    @inlinable
    public func writeOnly<Outbound: Message>(_ message: Outbound) throws(RPCError) {
        let driver = try state.withLock { (state: inout State) throws(RPCError) in
            let start = try state.beginMessage()
            message.encode(into: &state.outbound)
            try state.endMessage(from: start, compressed: true)
            state.isWritingFinished = true
            return state.driverToWake()
        }
        driver?.outboundDidGrow()
    }

    /// Suspends until the queue is below the high-water mark, the call has ended, or the task is cancelled.
    public func waitForRoom() async throws(RPCError) {
        while true {
            let (ready, error) = state.withLock { ($0.hasRoom, $0.failure) }
            if let error { throw error }
            if ready { return }
            try throwIfTaskCancelled()
            await waitOutbound()
        }
    }

    /// Finishes this side's messages. Idempotent.
    public func finishWriting() {
        let driver = state.withLock { state -> (any CallDriver)? in
            guard !state.isWritingFinished else { return nil }
            state.isWritingFinished = true
            return state.driverToWake()
        }
        driver?.outboundDidGrow()
    }

    /// Sends the only response of a server call, and OK, when `hold` is released: on the thread that carries the call,
    /// without a task that waits. If the hold fails, its error is sent and the response is not.
    @inlinable
    func answer<Outbound: Message>(_ response: Outbound, after hold: AnswerHold) {
        answer(after: hold) { stream throws(RPCError) in
            try stream.state.withLock { (state: inout State) throws(RPCError) in
                let start = try state.beginMessage()
                response.encode(into: &state.outbound)
                try state.endMessage(from: start, compressed: true)
                // What ends the call sends the bytes, too.
                state.isDriverAwake = true
            }
        }
    }

    /// - Parameter write: writes the response, or throws the call's status.
    @usableFromInline
    func answer(after hold: AnswerHold, _ write: @escaping @Sendable (CallStream) throws(RPCError) -> Void) {
        detach()
        hold.whenReleased { [self] failure in
            execute { [self] in
                do throws(RPCError) {
                    if let failure { throw failure }
                    try write(self)
                    finishDetached(nil)
                } catch {
                    finishDetached(error)
                }
            }
        }
    }

    /// Requests that the response headers are sent before the first message. Servers.
    func requestHeaders() {
        let driver = state.withLock { state in
            state.wantsHeaders = true
            return state.driverToWake()
        }
        driver?.outboundDidGrow()
    }

    // MARK: Reading

    /// Takes the next message, waiting for it.
    ///
    /// - Returns: `nil` at the peer's regular end.
    /// - Throws: the status the call ended with; `INTERNAL` for bytes that cannot be decoded; `CANCELLED` when the
    ///   task is cancelled while waiting.
    @inlinable
    public func nextMessage<Inbound: Message>() async throws(RPCError) -> Inbound? {
        while true {
            switch try takeMessage(Inbound.self) {
            case .message(let message): return message
            case .end: return nil
            case .wait: break
            }
            try throwIfTaskCancelled()
            await waitInbound()
        }
    }

    /// Takes the only message of a half that must have exactly one and has ended. Servers of unary requests.
    ///
    /// - Throws: `UNIMPLEMENTED` for none or several (statuscodes.md, cardinality violations), `INTERNAL` for bytes
    ///   that cannot be decoded.
    @inlinable
    public func takeOnlyMessage<Inbound: Message>() throws(RPCError) -> Inbound {
        try state.withLock { (state: inout State) throws(RPCError) -> Inbound in
            guard state.inbound.completeCount == 1, let frame = state.inbound.first() else {
                throw RPCError(.unimplemented, "the method requires exactly one request message")
            }
            let message: Inbound = try state.decode(frame)
            // The peer has ended, so it needs no window for these bytes.
            state.inbound.dropFirst(frame)
            state.inbound.releaseStorage()
            return message
        }
    }

    /// Waits for the only response of a call that must have exactly one, and for its status.
    ///
    /// - Throws: the call's status; `UNIMPLEMENTED` when it ended with OK but not exactly one message.
    @inlinable
    public func onlyMessage<Inbound: Message>() async throws(RPCError) -> Inbound {
        // Message and status usually arrive together: one suspension for both.
        await waitInbound(forEnd: true)
        if let only: Inbound = try takeOnlyResponse() { return only }
        guard let first: Inbound = try await nextMessage() else {
            throw RPCError(.unimplemented, "the call ended with OK, but without a response message")
        }
        if let _: Inbound = try await nextMessage() {
            abandon()
            throw RPCError(.unimplemented, "the method returns one response message, but the server sent more")
        }
        return first
    }

    /// Metadata of the response headers. Clients.
    public func waitForInitialMetadata() async throws(RPCError) -> Metadata {
        while true {
            let (metadata, end) = state.withLock { ($0.initialMetadata, $0.inboundEnd) }
            if let metadata { return metadata }
            switch end {
            case .open: break
            case .ended: return Metadata()
            case .failed(let error): throw error
            }
            try throwIfTaskCancelled()
            await waitInbound()
        }
    }

    /// Trailing metadata of a call that ended with OK; empty before. Clients.
    public var receivedTrailingMetadata: Metadata { state.withLock { $0.trailingMetadata } }

    /// Whether the last message taken was compressed. `false` before the first.
    public var lastMessageWasCompressed: Bool { state.withLock { $0.lastMessageWasCompressed } }

    // MARK: Ending

    /// Tells the driver that nobody uses the call any longer.
    public func abandon() {
        let driver = state.withLock { $0.driver }
        driver?.abandon()
    }

    /// Marks a server call as continuing after its handler returns; see ``ResponseWriter/detach()``.
    func detach() { state.withLock { $0.isDetached = true } }

    /// Runs `work` on the thread that carries the call; see ``ResponseWriter/execute(_:)``.
    func execute(_ work: @escaping @Sendable () -> Void) {
        let driver = state.withLock { $0.driver }
        if let driver { driver.execute(work) } else { work() }
    }

    /// Chooses the compression of messages written from now on; see ``ServerCallContext/compressResponses(_:)``.
    func compressResponses(_ compression: CallOptions.Compression) {
        let driver = state.withLock { $0.driver }
        driver?.compressResponses(compression)
    }

    /// Ends a detached server call.
    func finishDetached(_ error: RPCError?) {
        let driver = state.withLock { $0.driver }
        driver?.finishDetached(error)
    }

    // MARK: Waiting

    @usableFromInline
    func throwIfTaskCancelled() throws(RPCError) {
        guard Task.isCancelled else { return }
        abandon()
        throw RPCError(.cancelled, "the task waiting for the call was cancelled")
    }

    /// Suspends until the inbound half has something new, or the task is cancelled.
    ///
    /// - Parameter forEnd: a single message does not count as new before the half has ended.
    @usableFromInline
    func waitInbound(forEnd: Bool = false) async {
        await withTaskCancellationHandler {
            // Unchecked, because checking costs an allocation per call. Whoever resumes a waiter first removes it
            // from its list, so none is resumed twice, and every end of a call takes all of them.
            unsafe await withUnsafeContinuation { continuation in
                let resumeNow = state.withLock { state in
                    state.waitsForEnd = forEnd
                    if state.inboundChanged || Task.isCancelled { return true }
                    unsafe state.waiters.append(continuation, to: .inbound)
                    return false
                }
                if resumeNow { unsafe continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.take(.inbound) }.resume()
        }
    }

    private func waitOutbound() async {
        await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                let resumeNow = state.withLock { state in
                    if state.hasRoom || state.failure != nil || Task.isCancelled { return true }
                    unsafe state.waiters.append(continuation, to: .outbound)
                    return false
                }
                if resumeNow { unsafe continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.take(.outbound) }.resume()
        }
    }
}
