public import ProtobufWire
public import Synchronization

extension CallStream {
    @usableFromInline
    enum InboundEnd: Sendable {
        case open
        case ended
        case failed(RPCError)
    }

    @usableFromInline
    enum Taken<Inbound: Message>: Sendable {
        case message(Inbound)
        case end
        case wait
    }

    /// The state behind the stream's lock.
    ///
    /// Many calls may be open and idle, so the order of the fields counts: the flags stand where they fill the rest of
    /// a word.
    @usableFromInline
    struct State: ~Copyable, Sendable {
        @usableFromInline var driver: (any CallDriver)?
        /// Why the call has ended for writers; set once.
        @usableFromInline var failure: RPCError?

        var waiters = CallWaiters()

        // Inbound
        @usableFromInline var inbound: MessageDeframer
        @usableFromInline var inboundEnd = InboundEnd.open
        @usableFromInline var inboundCompression: MessageCompression?
        /// For messages that are not in protobuf's wire format.
        @usableFromInline let transcoder: MessageTranscoder?
        /// Received bytes for which the peer has not been given window again.
        @usableFromInline var uncreditedByteCount = 0
        var initialMetadata: Metadata?
        var trailingMetadata = Metadata()

        // Outbound
        /// Bytes at the front of `outbound` that were sent and are kept only to be sent again.
        var sentByteCount = 0
        @usableFromInline var outboundCompression: MessageCompression?
        @usableFromInline var outbound = ByteBuffer()
        /// Whether the response headers were sent, or go with the bytes at hand, and whether they name a compression.
        var haveHeadersLeft = false
        var doHeadersNamePacking = false
        @usableFromInline var isWritingFinished = false
        var keepsSentBytes = false
        var isBacklogged = false
        @usableFromInline var isDriverAwake = false
        var wantsHeaders = false
        var isDetached = false

        // Inbound again
        @usableFromInline var lastMessageWasCompressed = false
        @usableFromInline var hasRefusedUnpacking = false
        /// The reader waits for the only message and the end: the message alone wakes nobody.
        @usableFromInline var waitsForEnd = false
        /// The code for messages that cannot be decoded.
        @usableFromInline let undecodableCode: RPCError.Code

        /// Whether something has changed that readers wait for: ``initialMetadata`` included.
        var inboundChanged: Bool {
            if inbound.completeCount > 0, !waitsForEnd || hasMoreThanOneMessage { return true }
            if case .open = inboundEnd { return false }
            return true
        }
        /// More messages than the peer may send to a reader that waits for the end.
        var hasMoreThanOneMessage: Bool {
            inbound.completeCount > 1 || (inbound.completeCount == 1 && inbound.hasPartialMessage)
        }

        init(maxMessageBytes: Int, transcoder: MessageTranscoder?, undecodableCode: RPCError.Code) {
            inbound = MessageDeframer(maxMessageBytes: maxMessageBytes)
            self.transcoder = transcoder
            self.undecodableCode = undecodableCode
        }

        @usableFromInline var hasRoom: Bool {
            outbound.count - sentByteCount <= CallStream.outboundHighWater && !isBacklogged
        }

        /// The driver, once per time it goes to sleep: a hundred writes in one turn wake it once.
        @usableFromInline
        mutating func driverToWake() -> (any CallDriver)? {
            guard !isDriverAwake else { return nil }
            isDriverAwake = true
            return driver
        }

        /// - Returns: where the message begins, for ``endMessage(from:compressed:)``.
        @usableFromInline
        mutating func beginMessage() throws(RPCError) -> Int {
            if let failure { throw failure }
            guard !isWritingFinished else {
                throw RPCError(.internal, "a message was sent after the end of the stream")
            }
            let start = outbound.count
            outbound.append(0)
            outbound.appendBigEndian(0)
            return start
        }

        @usableFromInline
        mutating func endMessage(from messageStart: Int, compressed: Bool) throws(RPCError) {
            let payloadStart = messageStart + MessageDeframer.prefixByteCount
            if let transcoder { try transcode(transcoder, from: payloadStart) }
            if compressed, let outboundCompression {
                var replacement = ByteBuffer()
                unsafe outbound.withUnsafeBytes { all in
                    unsafe outboundCompression.compress(
                        UnsafeRawBufferPointer(rebasing: all[payloadStart...]), &replacement)
                }
                outbound.truncate(to: payloadStart)
                unsafe replacement.withUnsafeBytes { unsafe outbound.append($0) }
                outbound[messageStart] = 1
            }
            guard let length = UInt32(exactly: outbound.count - payloadStart) else {
                outbound.truncate(to: messageStart)
                throw RPCError(.resourceExhausted, "cannot send a message longer than 4 GiB")
            }
            outbound.patchBigEndian(length, at: messageStart + 1)
        }

        @usableFromInline
        mutating func transcode(_ transcoder: MessageTranscoder, from payloadStart: Int) throws(RPCError) {
            let message = unsafe outbound.withUnsafeBytes { all in
                unsafe [UInt8](UnsafeRawBufferPointer(rebasing: all[payloadStart...]))
            }
            do throws(RPCError) {
                let replacement = try transcoder.encode(message)
                outbound.truncate(to: payloadStart)
                outbound.append(replacement)
            } catch {
                outbound.truncate(to: payloadStart - MessageDeframer.prefixByteCount)
                throw error
            }
        }

        mutating func stopKeepingSentBytes() {
            guard keepsSentBytes else { return }
            keepsSentBytes = false
            outbound.removeFirst(sentByteCount)
            sentByteCount = 0
        }

        mutating func noteHeadersLeave() {
            guard !haveHeadersLeft else { return }
            haveHeadersLeft = true
            doHeadersNamePacking = outboundCompression != nil
        }

        /// The waiters that a message, or the headers before it, wakes.
        mutating func takeMessageWaiters() -> CallWaiters {
            waitsForEnd && !hasMoreThanOneMessage ? CallWaiters() : waiters.take(.inbound)
        }

        /// Bytes to grant to the peer now: everything owed while little is unread, nothing while much is, so that a
        /// slow reader holds the peer back. An incomplete message never blocks its own rest.
        @usableFromInline
        mutating func takeCredit() -> Int {
            guard inbound.completeByteCount <= CallStream.inboundLowWater else { return 0 }
            defer { uncreditedByteCount = 0 }
            return uncreditedByteCount
        }
    }

    /// Takes the response of a call that ended with OK and exactly one message.
    ///
    /// - Returns: `nil` when the call ended otherwise, or has not ended.
    @inlinable
    func takeOnlyResponse<Inbound: Message>() throws(RPCError) -> Inbound? {
        try state.withLock { (state: inout State) throws(RPCError) -> Inbound? in
            guard case .ended = state.inboundEnd, state.inbound.completeCount == 1,
                !state.inbound.hasPartialMessage, let frame = state.inbound.first()
            else { return nil }
            let message: Inbound = try state.decode(frame)
            // The stream has ended: there is no window to give back.
            state.inbound.dropFirst(frame)
            return message
        }
    }

    /// Takes a message if one has arrived.
    @inlinable
    func takeMessage<Inbound: Message>(_ type: Inbound.Type) throws(RPCError) -> Taken<Inbound> {
        let (taken, driver, credit) = try state.withLock {
            (state: inout State) throws(RPCError) -> (Taken<Inbound>, (any CallDriver)?, Int) in
            guard let frame = state.inbound.first() else {
                switch state.inboundEnd {
                case .open: return (.wait, nil, 0)
                case .ended: return (.end, nil, 0)
                case .failed(let error): throw error
                }
            }
            let message: Inbound = try state.decode(frame)
            state.inbound.dropFirst(frame)
            return (.message(message), state.driver, state.takeCredit())
        }
        if credit > 0 { driver?.inboundWasConsumed(byteCount: credit) }
        return taken
    }
}

extension CallStream.State {
    @inlinable
    mutating func decode<Inbound: Message>(_ frame: MessageDeframer.Frame) throws(RPCError) -> Inbound {
        lastMessageWasCompressed = frame.isCompressed
        if let transcoder { return try decode(frame, by: transcoder) }
        if frame.isCompressed { return try decodeCompressed(frame) }
        do {
            return try unsafe inbound.withPayload(of: frame) {
                (bytes: UnsafeRawBufferPointer) throws(WireError) in
                try unsafe Inbound(decoding: bytes)
            }
        } catch {
            throw decodingError(error, of: Inbound.fullName)
        }
    }

    /// A message beyond one of the codec's limits is too large, not malformed.
    @usableFromInline
    func decodingError(_ error: WireError, of name: String) -> RPCError {
        switch error {
        case .sizeExceeded(let limit):
            RPCError(.resourceExhausted, "a message exceeds the decoding limit of \(limit) bytes")
        case .messageCountExceeded(let limit):
            RPCError(.resourceExhausted, "a message contains more than the limit of \(limit) nested messages")
        case .truncated, .varintOverflow, .invalidTag, .unmatchedGroupEnd, .invalidUTF8, .depthExceeded:
            RPCError(undecodableCode, "cannot decode \(name): \(error)")
        }
    }

    @usableFromInline
    mutating func decode<Inbound: Message>(
        _ frame: MessageDeframer.Frame, by transcoder: MessageTranscoder
    ) throws(RPCError) -> Inbound {
        let text: [UInt8]
        if frame.isCompressed {
            text = [UInt8](try decompressed(frame))
        } else {
            text = unsafe inbound.withPayload(of: frame) { unsafe [UInt8]($0) }
        }
        let message = try transcoder.decode(text)
        let limit = inbound.maxMessageBytes
        guard message.count <= limit else {
            throw RPCError(.resourceExhausted, "a message exceeds the limit of \(limit) bytes")
        }
        do {
            return try Inbound(decoding: message)
        } catch {
            throw decodingError(error, of: Inbound.fullName)
        }
    }

    @usableFromInline
    mutating func decodeCompressed<Inbound: Message>(_ frame: MessageDeframer.Frame) throws(RPCError)
        -> Inbound
    {
        let plain = try decompressed(frame)
        do {
            return try unsafe plain.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(WireError) in
                try unsafe Inbound(decoding: bytes)
            }
        } catch {
            throw decodingError(error, of: Inbound.fullName)
        }
    }

    private mutating func decompressed(_ frame: MessageDeframer.Frame) throws(RPCError) -> ByteBuffer {
        guard let inboundCompression else {
            throw RPCError(.internal, "a message is compressed, but the call has no grpc-encoding")
        }
        var plain = ByteBuffer()
        let limit = inbound.maxMessageBytes
        do {
            try unsafe inbound.withPayload(of: frame) {
                (bytes: UnsafeRawBufferPointer) throws(MessageCompression.Failure) in
                try unsafe inboundCompression.decompress(bytes, &plain, limit)
            }
        } catch {
            switch error {
            case .corrupt:
                throw RPCError(.internal, "cannot decompress a message as \(inboundCompression.name)")
            case .tooLarge(let limit):
                hasRefusedUnpacking = true
                throw RPCError(
                    .resourceExhausted, "a message exceeds the limit of \(limit) bytes when decompressed")
            }
        }
        return plain
    }
}
