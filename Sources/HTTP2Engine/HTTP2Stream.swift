internal import CNghttp2

/// One HTTP/2 stream, in either role. Subclass it, so that the call of the layer above and its stream are one
/// allocation.
///
/// Callbacks arrive in protocol order, on the thread that drives the session, after nghttp2 has returned. Methods
/// called here only queue: nothing is written before the session's owner flushes, and nothing calls back from within.
///
/// - Isolation: not Sendable; the thread that drives the session.
open class HTTP2Stream {
    /// When `queuedByteCount` exceeds it, a writer should pause until `becameWritable`.
    public static let defaultHighWaterBytes = 64 << 10
    public static let defaultLowWaterBytes = 16 << 10

    /// 0 until the stream is opened.
    public internal(set) final var id: Int32 = 0
    final var slot: Int32 = -1
    /// Strong while the stream is open, nil before and after: the cycle ends with `closed`.
    final var session: HTTP2Session?
    final var queue = ByteQueue()
    final var trailers: PreparedHeaders?
    final var unconsumedByteCount = 0
    final var highWaterBytes = Int32(HTTP2Stream.defaultHighWaterBytes)
    final var lowWaterBytes = Int32(HTTP2Stream.defaultLowWaterBytes)
    final var state = StreamState()

    public init() {}

    // MARK: - Inbound, for subclasses

    /// Request headers (server), or response headers or Trailers-Only (client). 1xx responses are dropped.
    ///
    /// - Parameter headers: valid during the call only.
    /// - Parameter endStream: the peer's half has ended; neither `receiveEnd` nor `receiveTrailers` follows.
    open func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {}

    /// Bytes of the body, at least one; frame boundaries have no meaning.
    ///
    /// - Parameter bytes: valid during the call only. `consume` them now or later: until then the peer's window stays
    ///   smaller by as much.
    open func receiveData(_ bytes: UnsafeRawBufferPointer) {}

    /// Trailers; the peer's half has ended.
    open func receiveTrailers(_ headers: HeaderBlock) {}

    /// The peer's half has ended, without trailers.
    open func receiveEnd() {}

    /// The queue fell to the low-water mark after exceeding the high one.
    open func becameWritable() {}

    /// The last callback, exactly once for every stream that was opened.
    open func closed(_ reason: StreamCloseReason) {}

    // MARK: - State

    /// Bytes written and not yet taken by the connection.
    public final var queuedByteCount: Int { queue.count }

    public final var highWater: Int {
        get { Int(highWaterBytes) }
        set { highWaterBytes = Int32(clamping: newValue) }
    }

    public final var lowWater: Int {
        get { Int(lowWaterBytes) }
        set { lowWaterBytes = Int32(clamping: newValue) }
    }

    public final var isClosed: Bool { state.contains(.closed) }
    public final var isRemoteEnded: Bool { state.contains(.remoteEnded) }
    /// See ``letGo()``.
    public final var isExpendable: Bool { state.contains(.expendable) }

    // MARK: - Outbound

    /// Response headers; the body and trailers follow (server).
    public final func sendHeaders(_ headers: borrowing HeaderList) {
        guard let session = sendingSession(.headersSent) else { return }
        session.submitResponse(self, headers, hasBody: true)
    }

    public final func sendHeaders(_ headers: PreparedHeaders) {
        guard let session = sendingSession(.headersSent) else { return }
        session.submitResponse(self, headers.fields, headers.count, hasBody: true)
    }

    /// Sends a whole response whose parts are all at hand (server): ``sendHeaders(_:)``, ``write(_:)`` and
    /// ``sendTrailers(_:)`` in one step.
    public final func respond(
        headers: PreparedHeaders, _ body: UnsafeRawBufferPointer, trailers: PreparedHeaders
    ) {
        guard let session, state.isDisjoint(with: [.headersSent, .localEnded]) else { return }
        state.insert([.headersSent, .localEnded])
        self.trailers = trailers
        queue.append(body)
        session.submitResponse(self, headers.fields, headers.count, hasBody: true)
        session.queued(body.count, on: self)
    }

    /// Appends to the stream's queue, from which DATA frames are cut; small writes share a frame. Ignored after the
    /// stream's end.
    public final func write(_ bytes: UnsafeRawBufferPointer) {
        guard let session, !state.contains(.localEnded) else { return }
        queue.append(bytes)
        session.queued(bytes.count, on: self)
    }

    public final func write(_ bytes: borrowing Span<UInt8>) {
        bytes.withUnsafeBytes { write($0) }
    }

    /// Ends our half after the queued bytes (server). Headers, body and trailers of one tick are sent together.
    public final func sendTrailers(_ trailers: borrowing HeaderList) {
        sendTrailers(PreparedHeaders(trailers))
    }

    public final func sendTrailers(_ trailers: PreparedHeaders) {
        guard let session = sendingSession(.localEnded) else { return }
        self.trailers = trailers
        session.resume(self)
    }

    /// The whole response in one HEADERS frame with END_STREAM (server).
    public final func sendTrailersOnly(_ headers: borrowing HeaderList) {
        guard !state.contains(.headersSent), let session = sendingSession(.localEnded) else { return }
        session.submitResponse(self, headers, hasBody: false)
    }

    public final func sendTrailersOnly(_ headers: PreparedHeaders) {
        guard !state.contains(.headersSent), let session = sendingSession(.localEnded) else { return }
        session.submitResponse(self, headers.fields, headers.count, hasBody: false)
    }

    /// Ends our half after the queued bytes without trailers (client).
    public final func finish() {
        guard let session = sendingSession(.localEnded) else { return }
        session.resume(self)
    }

    /// Abandons the stream: drops queued bytes and sends RST_STREAM; only the callback `closed` follows.
    public final func reset(_ code: HTTP2ErrorCode) {
        guard let session, !state.contains(.resetLocally) else { return }
        state.insert([.resetLocally, .localEnded])
        session.submitReset(self, code)
    }

    /// After the last frame of our half, tells a peer that is still sending to stop: RST_STREAM(NO_ERROR), the early
    /// close of RFC 9113 section 8.1. Does nothing if the peer has ended by then.
    public final func stopPeerAfterEnd() {
        state.insert(.stopPeerAfterEnd)
        session?.sink.pointee.stopsPeers = true
    }

    /// A stopping server need not wait until the peer has received what is queued for it.
    public final func letGo() { state.insert(.expendable) }

    /// Gives flow-control window back to the peer, for the stream and the connection.
    public final func consume(_ byteCount: Int) {
        let count = min(byteCount, unconsumedByteCount)
        guard count > 0 else { return }
        unconsumedByteCount -= count
        session?.consume(count, on: self)
    }

    /// The session, if this half may still send; records the step.
    private func sendingSession(_ step: StreamState) -> HTTP2Session? {
        guard let session, !state.contains(.localEnded),
            !(step == .headersSent && state.contains(.headersSent))
        else {
            return nil
        }
        state.insert(step)
        return session
    }
}

/// Facts about a stream, each set at most once except the last four.
struct StreamState: OptionSet {
    let rawValue: UInt16

    /// Our (response) headers are submitted.
    static let headersSent = StreamState(rawValue: 1)
    /// Only queued bytes will still be sent.
    static let localEnded = StreamState(rawValue: 2)
    static let remoteEnded = StreamState(rawValue: 4)
    static let resetLocally = StreamState(rawValue: 8)
    static let closed = StreamState(rawValue: 16)
    static let stopPeerAfterEnd = StreamState(rawValue: 32)
    /// nghttp2 asked for bytes when there were none: it must be notified when there are.
    static let deferred = StreamState(rawValue: 64)
    /// The response has begun and nghttp2 knows of no bytes for it: they are submitted when there are some.
    static let unprovided = StreamState(rawValue: 256)
    /// The queue exceeded the high-water mark; `becameWritable` must follow.
    static let aboveHighWater = StreamState(rawValue: 128)
    /// A stopping server does not wait for the end of this stream.
    static let expendable = StreamState(rawValue: 512)
}
