internal import ProtobufWire
internal import Synchronization

// The loop's side of a call. Everything here is for ``CallDriver``s.
extension CallStream {
    /// What the driver found when it came to send.
    public struct OutboundStatus: Sendable {
        /// Every queued byte was lent to the driver.
        public let isDrained: Bool
        /// The user finished writing; with `isDrained`, the end is to be sent.
        public let isFinished: Bool
        /// The user asked for headers before the first message.
        public let wantsHeaders: Bool
        /// Bytes written by the user so far and still held, sent or not.
        public let heldByteCount: Int
    }

    /// What has arrived of the peer's messages.
    public struct InboundProgress: Sendable, Hashable {
        /// Whole messages that wait for their reader.
        public let unreadCount: Int
        /// Whole messages in all; wraps round.
        public let arrivedCount: UInt32
        /// Bytes of the one that is still arriving; 0 between messages.
        public let partialByteCount: Int
    }

    /// Joins stream and driver; wakes the driver if something was written before it came.
    public func attach(_ driver: any CallDriver) {
        let wakeNow = state.withLock { state in
            state.driver = driver
            return state.isDriverAwake
        }
        if wakeNow { driver.outboundDidGrow() }
    }

    /// Joins the stream of a client's call with its driver, which will drain it in any case: writes before that
    /// need not wake it. What it sends is kept, so that ``rewind()`` can send it again, until
    /// ``stopKeepingSentBytes()``.
    ///
    /// - Parameter packing: how messages are packed.
    public func attachClient(_ driver: any CallDriver, packing: MessageCompression?) {
        state.withLock { state in
            state.driver = driver
            state.isDriverAwake = true
            state.keepsSentBytes = true
            state.outboundCompression = packing
        }
    }

    /// Breaks the tie of stream and driver after the last event.
    public func detachDriver() {
        let driver = state.withLock { state -> (any CallDriver)? in
            defer { state.driver = nil }
            return state.driver
        }
        _ = driver  // released outside the lock
    }

    /// How received messages are unpacked (`grpc-encoding` of the peer); `nil` means not at all.
    public func setInboundCompression(_ compression: MessageCompression?) {
        state.withLock { $0.inboundCompression = compression }
    }

    /// How messages written from now on are packed.
    public func setOutboundCompression(_ compression: MessageCompression?) {
        state.withLock { $0.outboundCompression = compression }
    }

    /// Chooses the packing of messages written from now on, as far as the headers still allow it: packing
    /// cannot begin once they left without naming it.
    ///
    /// - Parameter headersToCome: runs under the stream's lock when the headers have not left and are to follow
    ///   the choice.
    public func chooseOutboundCompression(_ compression: MessageCompression?, headersToCome: () -> Void) {
        state.withLock { state in
            if compression != nil, state.haveHeadersLeft, !state.doHeadersNamePacking { return }
            state.outboundCompression = compression
            if !state.haveHeadersLeft { headersToCome() }
        }
    }

    /// The call is committed to its present attempt: forgets what was kept.
    public func stopKeepingSentBytes() { state.withLock { $0.stopKeepingSentBytes() } }

    /// Everything kept is to be sent again, to another attempt.
    public func rewind() {
        state.withLock { state in
            state.sentByteCount = 0
            state.isBacklogged = false
        }
    }

    /// Lends what was sent to another attempt and is kept, for one more attempt beside it.
    public func lendSentBytes(_ send: (UnsafeRawBufferPointer) -> Void) {
        state.withLock { state in
            guard state.keepsSentBytes, state.sentByteCount > 0 else { return }
            let count = state.sentByteCount
            unsafe state.outbound.withUnsafeBytes {
                unsafe send(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
        }
    }

    /// The call ends here with a status: lends every unsent byte to `send`, and lets writers fail with
    /// `reason`.
    public func drainOutboundAndEnd(_ reason: RPCError, _ send: (UnsafeRawBufferPointer) -> Void) {
        let waiters = state.withLock { state in
            if state.failure == nil { state.failure = reason }
            if state.outbound.count > state.sentByteCount {
                let start = state.sentByteCount
                unsafe state.outbound.withUnsafeBytes { all in
                    unsafe send(UnsafeRawBufferPointer(rebasing: all[start...]))
                }
            }
            state.outbound.removeAll(keepingCapacity: false)
            state.sentByteCount = 0
            return state.waiters.take(.outbound)
        }
        waiters.resume()
    }

    /// Lends every unsent byte to `send`, unless the transport is backlogged, and puts the driver to sleep:
    /// the next write wakes it.
    ///
    /// - Parameter send: hands the bytes to the transport; must not call back. Not called when there is
    ///   nothing.
    public func drainOutbound(_ send: (UnsafeRawBufferPointer) -> Void) -> OutboundStatus {
        let (status, waiters) = state.withLock { state in
            state.isDriverAwake = false
            if state.wantsHeaders { state.noteHeadersLeave() }
            if !state.isBacklogged, state.outbound.count > state.sentByteCount {
                state.noteHeadersLeave()
                let start = state.sentByteCount
                unsafe state.outbound.withUnsafeBytes { all in
                    unsafe send(UnsafeRawBufferPointer(rebasing: all[start...]))
                }
                if state.keepsSentBytes {
                    state.sentByteCount = state.outbound.count
                } else {
                    // One burst must not pin its buffer for the rest of a long stream; a detached stream is idle
                    // most of the time, and there may be many.
                    state.outbound.removeAll(
                        keepingCapacity: !state.isDetached
                            && state.outbound.capacity <= CallStream.outboundHighWater)
                    state.sentByteCount = 0
                }
            }
            let status = OutboundStatus(
                isDrained: state.outbound.count == state.sentByteCount, isFinished: state.isWritingFinished,
                wantsHeaders: state.wantsHeaders, heldByteCount: state.outbound.count)
            return (status, state.hasRoom ? state.waiters.take(.outbound) : CallWaiters())
        }
        waiters.resume()
        return status
    }

    /// Tells whether the transport holds more than it should; writers wait while it does.
    public func setBacklogged(_ isBacklogged: Bool) {
        let waiters = state.withLock { state in
            state.isBacklogged = isBacklogged
            return state.hasRoom ? state.waiters.take(.outbound) : CallWaiters()
        }
        waiters.resume()
    }

    /// Takes bytes of the peer's message stream.
    ///
    /// - Returns: bytes to grant to the peer at once; the rest follows through
    ///   ``CallDriver/inboundWasConsumed(byteCount:)``.
    /// - Throws: ``FramingError``; the driver then ends the call.
    public func receive(_ bytes: UnsafeRawBufferPointer) throws(FramingError) -> Int {
        let (waiters, credit) = try state.withLock {
            state throws(FramingError) -> (CallWaiters, Int) in
            state.uncreditedByteCount += bytes.count
            guard state.failure == nil else { return (CallWaiters(), state.takeCredit()) }
            try unsafe state.inbound.append(bytes)
            let waiters = state.inbound.completeCount > 0 ? state.takeMessageWaiters() : CallWaiters()
            return (waiters, state.takeCredit())
        }
        waiters.resume()
        return credit
    }

    /// Whether the peer stopped inside a message.
    public var hasPartialInboundMessage: Bool { state.withLock { $0.inbound.hasPartialMessage } }

    /// Bytes of the peer's messages that nobody has taken, the one that is still arriving included.
    public var heldInboundByteCount: Int {
        state.withLock { $0.inbound.completeByteCount + $0.inbound.partialByteCount }
    }

    /// How far the peer's messages have come, for those who hold it to a pace.
    public var inboundProgress: InboundProgress {
        state.withLock { state in
            InboundProgress(
                unreadCount: state.inbound.completeCount, arrivedCount: state.inbound.arrivedCount,
                partialByteCount: state.inbound.partialByteCount)
        }
    }

    /// Whether a message was refused because it unpacks to more than the limit.
    public var hasRefusedUnpacking: Bool { state.withLock { $0.hasRefusedUnpacking } }

    /// The peer half-closed. Servers.
    ///
    /// - Returns: `false` when it did so inside a message; the inbound half is then as before.
    public func endRequests() -> Bool {
        let (isWhole, waiters) = state.withLock { state -> (Bool, CallWaiters) in
            guard !state.inbound.hasPartialMessage else { return (false, CallWaiters()) }
            if case .open = state.inboundEnd { state.inboundEnd = .ended }
            return (true, state.waiters.take(.inbound))
        }
        waiters.resume()
        return isWhole
    }

    /// Whether response headers came. Clients.
    public var hasInitialMetadata: Bool { state.withLock { $0.initialMetadata != nil } }

    /// The peer has answered, so that nothing will be sent to another: ``stopKeepingSentBytes()`` goes with it.
    public func receiveInitialMetadata(_ metadata: Metadata) {
        let waiters = state.withLock { state in
            state.stopKeepingSentBytes()
            state.initialMetadata = metadata
            return state.takeMessageWaiters()
        }
        waiters.resume()
    }

    /// The peer's half ended: regularly, or with `error`, which readers get behind the messages before it.
    public func endInbound(_ error: RPCError? = nil, trailers: Metadata = Metadata()) {
        let (inbound, outbound) = state.withLock { state in
            guard case .open = state.inboundEnd else { return (CallWaiters(), CallWaiters()) }
            state.trailingMetadata = trailers
            guard let error else {
                state.inboundEnd = .ended
                return (state.waiters.take(.inbound), CallWaiters())
            }
            state.inboundEnd = .failed(error)
            if state.failure == nil { state.failure = error }
            return (state.waiters.take(.inbound), state.waiters.take(.outbound))
        }
        inbound.resume()
        outbound.resume()
    }

    /// The call is over for writers too; readers still get what arrived, then the regular end.
    public func endOutbound(_ error: RPCError) {
        let waiters = state.withLock { state in
            if state.failure == nil { state.failure = error }
            return state.waiters.take(.outbound)
        }
        waiters.resume()
    }

    /// A client's call is over: what ``endInbound(_:trailers:)``, ``endOutbound(_:)`` and ``detachDriver()`` do one
    /// after another, in one step.
    ///
    /// - Parameter error: the status; `nil` is OK.
    public func end(_ error: RPCError?, trailers: Metadata) {
        let (inbound, outbound, driver) = state.withLock { state in
            if case .open = state.inboundEnd {
                state.trailingMetadata = trailers
                state.inboundEnd = error.map { .failed($0) } ?? .ended
            }
            if state.failure == nil { state.failure = error ?? Self.endedByServer }
            defer { state.driver = nil }
            return (state.waiters.take(.inbound), state.waiters.take(.outbound), state.driver)
        }
        inbound.resume()
        outbound.resume()
        _ = driver  // released outside the lock
    }

    private static let endedByServer = RPCError(.cancelled, "the server already ended the call")

    /// The call is over at once in both directions; queued bytes are dropped. The first failure stays.
    public func fail(_ error: RPCError) {
        let (inbound, outbound) = state.withLock { state in
            if state.failure == nil { state.failure = error }
            state.inboundEnd = .failed(error)
            state.inbound = MessageDeframer(maxMessageBytes: state.inbound.maxMessageBytes)
            state.outbound.removeAll(keepingCapacity: false)
            state.sentByteCount = 0
            return (state.waiters.take(.inbound), state.waiters.take(.outbound))
        }
        inbound.resume()
        outbound.resume()
    }

    public var isDetached: Bool { state.withLock { $0.isDetached } }
}
