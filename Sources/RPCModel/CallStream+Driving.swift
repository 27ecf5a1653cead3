internal import ProtobufWire
internal import Synchronization

// The loop's side of a call. Everything here is for ``CallDriver``s.
extension CallStream {
    /// The state of the outbound half when the driver sends.
    public struct OutboundStatus: Sendable {
        /// Every queued byte was lent to the driver.
        public let isDrained: Bool
        /// The writer has finished; with `isDrained`, send the end.
        public let isFinished: Bool
        /// The writer requested headers before the first message.
        public let wantsHeaders: Bool
        /// Bytes written so far and still held, sent or not.
        public let heldByteCount: Int
    }

    /// How much of the peer's messages has arrived.
    public struct InboundProgress: Sendable, Hashable {
        /// Complete messages waiting for the reader.
        public let unreadCount: Int
        /// Complete messages that have arrived in total; wraps around.
        public let arrivedCount: UInt32
        /// Bytes of the incomplete message; 0 between messages.
        public let partialByteCount: Int
    }

    /// Attaches the driver; wakes it if something was written before.
    public func attach(_ driver: any CallDriver) {
        let wakeNow = state.withLock { state in
            state.driver = driver
            return state.isDriverAwake
        }
        if wakeNow { driver.outboundDidGrow() }
    }

    /// Attaches the driver of a client's call, which drains the stream in any case: earlier writes need not wake it.
    /// Sent bytes are kept, so that ``KeptBytes/rewind()`` can send them again, until ``KeptBytes/release()``.
    ///
    /// - Parameter compression: the compression of messages.
    /// - Parameter driver: carries the call from now on.
    public func attachClient(_ driver: any CallDriver, compression: MessageCompression?) {
        state.withLock { state in
            state.driver = driver
            state.isDriverAwake = true
            state.keepsSentBytes = true
            state.outboundCompression = compression
        }
    }

    /// Detaches the driver after the last event.
    public func detachDriver() {
        let driver = state.withLock { state -> (any CallDriver)? in
            defer { state.driver = nil }
            return state.driver
        }
        _ = driver  // released outside the lock
    }

    /// Sets how received messages are decompressed (the peer's `grpc-encoding`); `nil` for not at all.
    public func setInboundCompression(_ compression: MessageCompression?) {
        state.withLock { $0.inboundCompression = compression }
    }

    /// Chooses the compression of messages written from now on, as far as the headers still allow it: compression
    /// cannot begin after headers that do not name it were sent.
    ///
    /// - Parameter headersToCome: runs under the stream's lock when the headers were not sent yet and will follow the
    ///   choice.
    /// - Parameter compression: the compression of later messages; `nil` for none.
    public func chooseOutboundCompression(_ compression: MessageCompression?, headersToCome: () -> Void) {
        state.withLock { state in
            if compression != nil, state.haveHeadersLeft, !state.doHeadersNamePacking { return }
            state.outboundCompression = compression
            if !state.haveHeadersLeft { headersToCome() }
        }
    }

    /// Ends the call with a status: lends every unsent byte to `send`; later writes fail with `reason`.
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

    /// Lends every unsent byte to `send`, unless the transport is backlogged, and puts the driver to sleep: the next
    /// write wakes it.
    ///
    /// - Parameter send: hands the bytes to the transport; must not call back. Not called without bytes.
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

    /// Sets whether the transport has too much queued; writers wait while it has.
    public func setBacklogged(_ isBacklogged: Bool) {
        let waiters = state.withLock { state in
            state.isBacklogged = isBacklogged
            return state.hasRoom ? state.waiters.take(.outbound) : CallWaiters()
        }
        waiters.resume()
    }

    /// Receives bytes of the peer's message stream.
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

    /// Bytes of the peer's messages that have not been read, including an incomplete one.
    public var heldInboundByteCount: Int {
        state.withLock { $0.inbound.completeByteCount + $0.inbound.partialByteCount }
    }

    /// Progress of the peer's messages, for limits on slow senders.
    public var inboundProgress: InboundProgress {
        state.withLock { state in
            InboundProgress(
                unreadCount: state.inbound.completeCount, arrivedCount: state.inbound.arrivedCount,
                partialByteCount: state.inbound.partialByteCount)
        }
    }

    /// Whether a message was refused because its decompressed size exceeds the limit.
    public var hasRefusedUnpacking: Bool { state.withLock { $0.hasRefusedUnpacking } }

    /// The peer half-closed. Servers.
    ///
    /// - Returns: `false` when it did so inside a message; the inbound half is then unchanged.
    public func endRequests() -> Bool {
        let (isWhole, waiters) = state.withLock { state -> (Bool, CallWaiters) in
            guard !state.inbound.hasPartialMessage else { return (false, CallWaiters()) }
            if case .open = state.inboundEnd { state.inboundEnd = .ended }
            return (true, state.waiters.take(.inbound))
        }
        waiters.resume()
        return isWhole
    }

    /// Whether response headers have arrived. Clients.
    public var hasInitialMetadata: Bool { state.withLock { $0.initialMetadata != nil } }

    /// The peer has responded, so nothing will be sent to another: includes ``KeptBytes/release()``.
    public func receiveInitialMetadata(_ metadata: Metadata) {
        let waiters = state.withLock { state in
            state.stopKeepingSentBytes()
            state.initialMetadata = metadata
            return state.takeMessageWaiters()
        }
        waiters.resume()
    }

    /// The peer's half ended: regularly, or with `error`, which readers get after the messages before it.
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

    /// Ends the call for writers; readers still get what has arrived, then the regular end.
    public func endOutbound(_ error: RPCError) {
        let waiters = state.withLock { state in
            if state.failure == nil { state.failure = error }
            return state.waiters.take(.outbound)
        }
        waiters.resume()
    }

    /// Ends a client's call: ``endInbound(_:trailers:)``, ``endOutbound(_:)`` and ``detachDriver()`` in one step.
    ///
    /// - Parameter error: the status; `nil` is OK.
    /// - Parameter trailers: metadata to send with the status.
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

    /// Ends the call at once in both directions; queued bytes are dropped. The first failure is kept.
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
