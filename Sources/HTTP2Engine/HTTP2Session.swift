internal import CNghttp2

/// What a session requires of the object that drives it: the transport's connection.
public protocol HTTP2SessionOwner: AnyObject {
    /// There is something to send, after there was nothing. Call `nextOutput` soon, but not from within.
    func sessionHasOutput()
    /// A request arrived (server); its `receiveHeaders` is the next call on the object.
    func sessionMakesStream() -> HTTP2Stream
    /// The peer's SETTINGS: `availableStreamCount` may have changed.
    func sessionReceivedSettings()
    /// A PING that is not an acknowledgement; already answered.
    func sessionReceivedPing()
    func sessionReceivedPingAcknowledgement(payload: UInt64)
    /// - Parameter debugData: at most `HTTP2Session.debugBytesMax` bytes, as sent.
    func sessionReceivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debugData: [UInt8])
    /// A stream ended and was notified.
    func sessionClosedStream()
}

/// nghttp2 refused a call, or gave up on the peer's bytes.
public struct HTTP2Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// nghttp2's own code, NGHTTP2_ERR_NOMEM and so on.
    public let code: Int32
    public let call: String

    public var description: String { "\(call): \(String(cString: nghttp2_strerror(code)))" }
}

/// The protocol state of one HTTP/2 connection: bytes in, callbacks on streams, bytes out. Without sockets or clocks.
///
/// `receive` feeds nghttp2 and then delivers what its callbacks recorded; streams queue their output; `nextOutput`
/// fills a buffer with all frames that are due. A unary response is one pass: headers, body and trailers. Flow
/// control is the application's: a window opens only by `HTTP2Stream.consume`.
///
/// - Isolation: not Sendable; the thread that drives it. Sessions of one thread share a workspace.
public final class HTTP2Session {
    /// Maximum size of GOAWAY debug data that is kept.
    public static let debugBytesMax = 256

    public enum Role: Hashable, Sendable { case client, server }

    public let role: Role
    public let limits: HTTP2Limits
    let handle: OpaquePointer
    let sink: UnsafeMutablePointer<SessionSink>
    let workspace: HTTP2Workspace
    /// Unsafe, because it is used several times per call: the owner holds the session and abandons it before it is
    /// released; an abandoned session calls nobody.
    unowned(unsafe) let owner: any HTTP2SessionOwner
    /// The owner was notified and has not taken everything yet.
    private var isAnnounced = false
    private var isAbandoned = false
    /// A frame that did not fit the last output buffer; nghttp2 keeps it valid until the next one is requested.
    private var leftover = UnsafeRawBufferPointer(start: nil, count: 0)
    // Stored separately from the public property: only then can the compiler see that accesses do not overlap.
    private var openStreams = 0
    private var queuedBytes = 0
    public var openStreamCount: Int { openStreams }
    /// Bytes queued by all streams.
    public var queuedByteCount: Int { queuedBytes }
    private var hasReturnedRoom = false
    /// Input is no longer accepted: a GOAWAY with an error was or will be sent.
    public private(set) var isTerminated = false
    /// The peer's GOAWAY was received or ours sent: no new streams.
    public internal(set) var isDraining = false
    public internal(set) var hasRemoteSettings = false

    /// Creates the session and queues its SETTINGS (and the client's preface).
    ///
    /// - Parameter owner: unowned; must outlive the session.
    /// - Throws: out of memory.
    public init(
        role: Role, limits: HTTP2Limits = HTTP2Limits(), workspace: HTTP2Workspace,
        owner: any HTTP2SessionOwner
    ) throws(HTTP2Failure) {
        var created: OpaquePointer?
        let callbacks = try SessionCallbacks.make()
        defer { nghttp2_session_callbacks_del(callbacks) }
        let options = try SessionCallbacks.options(limits, role)
        defer { nghttp2_option_del(options) }
        // Freed in `deinit`, after the C session.
        let sink = UnsafeMutablePointer<SessionSink>.allocate(capacity: 1)
        sink.initialize(to: SessionSink(isServer: role == .server, limits: limits, workspace: workspace))
        let make = role == .server ? nghttp2_session_server_new3 : nghttp2_session_client_new3
        #if SANITIZING || FUZZING
            let code = make(&created, callbacks, sink, options, nil)
        #else
            var memory = RecycledMemory.functions(workspace.memory)
            let code = make(&created, callbacks, sink, options, &memory)
        #endif
        guard code == 0, let created else {
            sink.deinitialize(count: 1)
            sink.deallocate()
            throw HTTP2Failure(code: code, call: "nghttp2_session_new3")
        }
        handle = created
        self.role = role
        self.limits = limits
        self.sink = sink
        self.workspace = workspace
        self.owner = owner
        submitSettings()
    }

    deinit {
        workspace.queuedByteCount -= queuedBytes
        nghttp2_session_del(handle)
        sink.deinitialize(count: 1)
        sink.deallocate()
    }

    // MARK: - Input

    /// Feeds received bytes and delivers what they mean. All bytes are consumed.
    ///
    /// - Parameter now: monotonic nanoseconds, for the rates of `HTTP2Limits`.
    /// - Throws: the peer's bytes are not HTTP/2, or memory ran out; send what is left and close.
    public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64) throws(HTTP2Failure) {
        guard let start = bytes.baseAddress, !isTerminated, !isAbandoned else { return }
        sink.pointee.now = now
        sink.pointee.scan(bytes)
        if sink.pointee.violation == .continuations {
            // nghttp2 would fail on them permanently, and could no longer send GOAWAY.
            return checkViolations()
        }
        var offset = 0
        while offset < bytes.count, !isTerminated, !isAbandoned {
            sink.pointee.input = start + offset
            let used = nghttp2_session_mem_recv(
                handle, (start + offset).assumingMemoryBound(to: UInt8.self), bytes.count - offset)
            guard used >= 0 else {
                // Acknowledgements beyond `queuedAcksMax`, all from one read: a limit like our own.
                if used == NGHTTP2_ERR_FLOODED.rawValue {
                    sink.pointee.violation = sink.pointee.violation ?? .outboundQueue
                }
                if sink.pointee.violation != nil {
                    checkViolations()
                    return deliver()
                }
                isTerminated = true
                deliver()
                throw HTTP2Failure(code: Int32(used), call: "nghttp2_session_mem_recv")
            }
            checkViolations()
            deliver()
            // Without a pause everything is consumed; nghttp2 also stops by itself once it has sent GOAWAY.
            if used == 0 { break }
            offset += used
        }
        sink.pointee.input = nil
        sink.pointee.refuseLateData(in: handle)
        sink.pointee.refuseSelfDependencies(in: handle)
        announceIfNeeded()
    }

    private func checkViolations() {
        if nghttp2_session_get_outbound_queue_size(handle) > 2 * limits.outboundFramesMax {
            sink.pointee.violation = sink.pointee.violation ?? .outboundQueue
        }
        if let violation = sink.pointee.violation { terminate(violation.code, debug: violation.label) }
    }

    /// Our frames are piling up because the socket does not accept them: stop reading until they are fewer.
    public var shouldPauseReading: Bool {
        nghttp2_session_get_outbound_queue_size(handle) > limits.outboundFramesMax
    }

    // MARK: - Output

    /// Fills `buffer` with as many due frames as fit, then notifies streams of what was sent.
    ///
    /// - Parameter buffer: at least 32 KiB, so that the largest frame fits.
    /// - Returns: bytes written; 0 when there is nothing to send now.
    /// - Throws: out of memory; the session is unusable. Streams were notified before.
    public func nextOutput(into buffer: UnsafeMutableRawBufferPointer) throws(HTTP2Failure) -> Int {
        isAnnounced = false
        guard let target = buffer.baseAddress, !isAbandoned else { return 0 }
        sink.pointee.output = buffer
        sink.pointee.filledByteCount = 0
        // Nothing is written into it when this has returned.
        defer { sink.pointee.output = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        while true {
            if leftover.isEmpty {
                var frame: UnsafePointer<UInt8>?
                // Large DATA frames it writes itself: `SessionSink.writeFrame`.
                let count = nghttp2_session_mem_send(handle, &frame)
                guard count >= 0 else {
                    isTerminated = true
                    // What was noted is this session's, and the notes are everybody's.
                    deliver()
                    throw HTTP2Failure(code: Int32(count), call: "nghttp2_session_mem_send")
                }
                if count == 0 { break }
                leftover = UnsafeRawBufferPointer(start: frame, count: count)
            }
            let filled = sink.pointee.filledByteCount
            if leftover.count > buffer.count - filled { break }
            memcpy(target + filled, leftover.baseAddress!, leftover.count)
            sink.pointee.filledByteCount = filled + leftover.count
            leftover = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        deliver()
        return sink.pointee.filledByteCount
    }

    /// Whether the connection is done: nothing more to send, and nothing more to wait for.
    public var isFinished: Bool {
        leftover.isEmpty && (isTerminated || nghttp2_session_want_read(handle) == 0)
            && nghttp2_session_want_write(handle) == 0
    }

    /// nghttp2 itself found an unrecoverable error and queued a GOAWAY.
    public var hasGivenUp: Bool { isTerminated || nghttp2_session_want_read(handle) == 0 }

    /// A header block has begun and not ended.
    public var isReceivingHeaders: Bool { sink.pointee.isInBlock }

    /// The limit or rule that the peer violated, if that ended the session.
    public var violationLabel: String? { sink.pointee.violation?.label }

    /// Whether it was a limit of ``HTTP2Limits``, not a rule of HTTP/2.
    public var hasExceededLimit: Bool { sink.pointee.violation?.code == .enhanceYourCalm }

    /// HEADERS and DATA frames sent so far; see gRPC proposal A8 on ping strikes.
    public var sentHeadersAndData: UInt64 { sink.pointee.sentHeadersAndData }

    /// Called after every submission from outside a `receive`.
    func announceIfNeeded() {
        guard !isAnnounced, !isAbandoned, !leftover.isEmpty || nghttp2_session_want_write(handle) != 0 else {
            return
        }
        isAnnounced = true
        owner.sessionHasOutput()
    }

    // MARK: - Events to streams

    private func deliver() {
        var index = 0
        // Delivering may append: a reset of one stream can end another.
        while index < workspace.notes.pointee.events.count {
            let event = workspace.notes.pointee.events[index]
            index += 1
            if isAbandoned { continue }
            hand(event)
        }
        workspace.notes.pointee.events.removeAll(keepingCapacity: true)
        if sink.pointee.isInBlock { sink.pointee.keepOpenBlock() }
        workspace.notes.pointee.headers.reset()
        announceIfNeeded()
    }

    private func hand(_ event: ReceivedEvent) {
        switch event {
        case .headers(let slot, let block, let endStream):
            receivedHeaders(Int(slot), Int(block), endStream)
        case .trailers(let slot, let block):
            guard let stream = liveStream(slot) else { return }
            stream.state.insert(.remoteEnded)
            workspace.notes.pointee.headers.withBlock(Int(block)) { stream.receiveTrailers($0) }
        case .data(let slot, let offset, let count):
            let bytes = UnsafeRawBufferPointer(start: sink.pointee.input! + Int(offset), count: Int(count))
            guard let stream = liveStream(slot) else {
                nghttp2_session_consume_connection(handle, Int(count))
                return
            }
            stream.unconsumedByteCount += Int(count)
            stream.receiveData(bytes)
        case .end(let slot):
            guard let stream = liveStream(slot) else { return }
            stream.state.insert(.remoteEnded)
            stream.receiveEnd()
        case .writable(let slot):
            liveStream(slot)?.becameWritable()
        case .closed(let slot, let code):
            closedStream(Int(slot), HTTP2ErrorCode(rawValue: code))
        case .settings:
            hasRemoteSettings = true
            owner.sessionReceivedSettings()
        case .ping:
            owner.sessionReceivedPing()
        case .pingAcknowledged(let payload):
            owner.sessionReceivedPingAcknowledgement(payload: payload)
        case .goAway(let last, let code):
            isDraining = true
            owner.sessionReceivedGoAway(
                lastStreamID: last, code: HTTP2ErrorCode(rawValue: code),
                debugData: workspace.notes.pointee.debugData)
        }
    }

    private func liveStream(_ slot: Int32) -> HTTP2Stream? {
        guard let stream = sink.pointee.slots[Int(slot)].stream, !stream.state.contains(.resetLocally) else {
            return nil
        }
        return stream
    }

    private func receivedHeaders(_ slot: Int, _ block: Int, _ endStream: Bool) {
        if role == .server {
            let stream = owner.sessionMakesStream()
            sink.pointee.slots[slot].stream = stream
            attach(stream, id: sink.pointee.slots[slot].id, slot: Int32(slot))
        }
        guard let stream = liveStream(Int32(slot)) else { return }
        if endStream { stream.state.insert(.remoteEnded) }
        workspace.notes.pointee.headers.withBlock(block) { stream.receiveHeaders($0, endStream: endStream) }
    }

    func attach(_ stream: HTTP2Stream, id: Int32, slot: Int32) {
        stream.id = id
        stream.slot = slot
        stream.session = self
        openStreams += 1
    }

    private func closedStream(_ index: Int, _ code: HTTP2ErrorCode) {
        let slot = sink.pointee.slots[index]
        sink.pointee.slots[index].stream = nil
        sink.pointee.freeSlots.append(Int32(index))
        guard let stream = slot.stream else { return }
        detach(stream, reason(slot, stream, code))
        owner.sessionClosedStream()
    }

    private func detach(_ stream: HTTP2Stream, _ reason: StreamCloseReason) {
        if stream.unconsumedByteCount > 0 {
            nghttp2_session_consume_connection(handle, stream.unconsumedByteCount)
            stream.unconsumedByteCount = 0
        }
        queuedBytes -= stream.queue.count
        stream.queue.removeAll()
        stream.trailers = nil
        stream.state.insert([.closed, .localEnded])
        stream.session = nil
        openStreams -= 1
        stream.closed(reason)
    }

    private func reason(
        _ slot: SessionSink.Slot, _ stream: HTTP2Stream, _ code: HTTP2ErrorCode
    ) -> StreamCloseReason {
        if let peer = slot.peerReset.map(HTTP2ErrorCode.init(rawValue:)) {
            if peer == .noError, stream.isRemoteEnded { return .finished }
            return peer == .refusedStream && role == .client ? .refused : .resetByPeer(peer)
        }
        if code == .noError { return .finished }
        return code == .refusedStream && role == .client ? .refused : .resetLocally(code)
    }

    /// Calls `body` with every open stream.
    ///
    /// - Complexity: O(maximum number of streams that were open at the same time); for periodic work.
    public func forEachStream(_ body: (HTTP2Stream) -> Void) {
        for stream in sink.pointee.slots.compactMap(\.stream) { body(stream) }
    }

    /// Whether `matches` is true of an open stream.
    public func hasStream(where matches: (HTTP2Stream) -> Bool) -> Bool {
        sink.pointee.slots.contains { $0.stream.map(matches) ?? false }
    }

    // MARK: - The end

    /// Queues GOAWAY with an error and stops accepting input; flush once more, then close the socket.
    ///
    /// - Parameter debug: for the peer's log; must not be personal or secret.
    public func terminate(_ code: HTTP2ErrorCode, debug: String) {
        guard !isTerminated else { return }
        isTerminated = true
        isDraining = true
        submitGoAway(lastStreamID: nghttp2_session_get_last_proc_stream_id(handle), code, debug: debug)
    }

    /// The connection is gone: every open stream gets `closed(.connectionLost)`, and nothing more is sent.
    public func abandon() {
        guard !isAbandoned else { return }
        isAbandoned = true
        isTerminated = true
        for index in sink.pointee.slots.indices {
            guard let stream = sink.pointee.slots[index].stream else { continue }
            sink.pointee.slots[index].stream = nil
            detach(stream, .connectionLost)
        }
    }

    func addQueued(_ count: Int) {
        let wasFull = queuedBytes > fullQueueBytes
        queuedBytes += count
        workspace.queuedByteCount += count
        if wasFull, queuedBytes <= fullQueueBytes { hasReturnedRoom = true }
    }

    /// Whether this connection, or the whole loop, has too much queued for another byte of it.
    var hasQueuedTooMuch: Bool {
        queuedBytes > limits.queuedBytesMax
            || workspace.queuedByteCount > limits.queuedBytesInAllMax && queuedBytes > limits.queuedBytesShare
    }

    /// Queued bytes above which no streams are opened.
    var fullQueueBytes: Int { limits.queuedBytesMax / 2 }

    /// Whether ``availableStreamCount`` has increased since the last time because queued bytes were sent. Asked after
    /// ``nextOutput(into:)``: bytes are sent inside a callback of nghttp2, where notifications are not allowed.
    public func takeReturnedRoom() -> Bool {
        defer { hasReturnedRoom = false }
        return hasReturnedRoom
    }
}
