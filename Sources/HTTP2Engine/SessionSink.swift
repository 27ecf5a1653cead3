internal import CNghttp2

/// The object of nghttp2's `user_data`: callbacks only record what happened, or refuse. No user code runs while C is
/// on the stack, so nothing can re-enter.
///
/// A value at an address that the session owns, not an object: the sixteen callbacks of one small call would each
/// retain and release it, and each property access would be checked.
struct SessionSink: ~Copyable {
    /// One stream that is open, or closed but not yet notified.
    struct Slot {
        // In the order that packs best: 24 bytes for each stream that may be open.
        var stream: HTTP2Stream?
        var id: Int32
        var peerReset: UInt32?
        var hasFinalHead = false
        var isClosed = false

        init(id: Int32, stream: HTTP2Stream?) {
            self.id = id
            self.stream = stream
        }
    }

    /// Shorter DATA carries not even the prefix of a message.
    private static let tinyDataBytes = 5

    let isServer: Bool
    let limits: HTTP2Limits
    /// The workspace's; the session keeps it alive. Never changed, and `var` all the same: the compiler's
    /// instrumentation for ThreadSanitizer fails on a mutation through a constant of a noncopyable value.
    private(set) var notes: UnsafeMutablePointer<HTTP2Workspace.Notes>
    var slots = ContiguousArray<Slot>()
    var freeSlots = ContiguousArray<Int32>()
    var flood: FloodGuard
    var now: UInt64 = 0
    /// Why input is no longer accepted, after a limit was exceeded.
    var violation: HTTP2Violation?
    /// HEADERS and DATA frames sent so far: what a peer's ping strikes are reset by (gRPC proposal A8).
    var sentHeadersAndData: UInt64 = 0
    /// A stream requested ``HTTP2Stream/stopPeerAfterEnd()``; before that, none is searched for.
    var stopsPeers = false
    /// A stream was written to while nghttp2 held its last DATA frame; before that, none is searched for.
    var awaitsFrameEnds = false
    /// Payload of the PING that follows our next GOAWAY.
    var pingBehindGoAway: UInt64?
    var isInBlock = false
    /// The fields of the open block that earlier reads brought.
    private var unfinishedBlock: UnfinishedHeaderBlock?
    /// Start of the bytes that nghttp2 is processing, to turn its pointers into offsets.
    var input: UnsafeRawPointer?

    /// What frames are gathered in while ``HTTP2Session/nextOutput(into:)`` runs, and how much of it is filled.
    var output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var filledByteCount = 0

    var blockSlot: Int32 = -1
    /// Since the last HEADERS.
    private var continuationCount = 0
    /// Heads with a status of 1xx since the last final one, of all streams.
    private var informationalHeadCount = 0
    private var blockFieldCount = 0
    private var blockByteCount = 0
    private var blockExceeds = false
    var rules = RequestRules(areTrailers: false)
    /// Of requests that announced one and whose body is still coming.
    var announcedLengths = AnnouncedLengths()
    private var lastData: (id: Int32, slot: Int32) = (0, -1)
    private var scanner: FrameScanner
    private var peerStreams: PeerStreams
    /// Of DATA frames in the bytes at hand.
    private var lateDataIDs: [Int32] = []
    /// Of PRIORITY frames in the bytes at hand, those that name their own stream, which is not idle.
    private var selfDependentIDs: [Int32] = []

    init(isServer: Bool, limits: HTTP2Limits, workspace: HTTP2Workspace) {
        self.isServer = isServer
        self.limits = limits
        notes = workspace.notes
        flood = FloodGuard(limits: limits)
        scanner = FrameScanner(prefaceByteCount: isServer ? Int(NGHTTP2_CLIENT_MAGIC_LEN) : 0)
        peerStreams = PeerStreams(concurrentStreamsMax: limits.concurrentStreamsMax)
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<SessionSink> {
        context!.assumingMemoryBound(to: SessionSink.self)
    }

    mutating func addSlot(id: Int32, stream: HTTP2Stream?) -> Int32 {
        if let free = freeSlots.popLast() {
            slots[Int(free)] = Slot(id: id, stream: stream)
            return free
        }
        slots.append(Slot(id: id, stream: stream))
        return Int32(slots.count - 1)
    }

    func slot(of id: Int32, in session: OpaquePointer?) -> Int32? {
        guard let context = nghttp2_session_get_stream_user_data(session, id) else { return nil }
        return Int32(truncatingIfNeeded: UInt(bitPattern: context)) - 1
    }

    static func context(of slot: Int32) -> UnsafeMutableRawPointer? {
        UnsafeMutableRawPointer(bitPattern: UInt(slot) + 1)
    }

    // MARK: - Limits

    private mutating func pay(_ kind: FloodKind) {
        if !flood.take(kind, now: now) { violation = violation ?? .flood(kind) }
    }

    /// Counts the frames in `bytes`, and finds those that violate a rule but that nghttp2 would only ignore. Runs
    /// before nghttp2 sees them.
    ///
    /// A violation is only recorded: the bytes at hand are bounded, and nghttp2 stays in a state in which it can send
    /// GOAWAY.
    mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while let frame = scanner.next(in: bytes, at: &offset) {
            let endsStream = frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            switch frame.type {
            case UInt8(NGHTTP2_DATA.rawValue):
                flood.earn(.ping, 1)
                if frame.byteCount < Self.tinyDataBytes, !endsStream { pay(.tinyData) }
                if isServer, !peerStreams.receiveData(frame.streamID, endStream: endsStream) {
                    lateDataIDs.append(frame.streamID)
                }
            case UInt8(NGHTTP2_HEADERS.rawValue):
                continuationCount = 0
                if isServer { requestBegan(frame.streamID, endsStream) }
            case UInt8(NGHTTP2_CONTINUATION.rawValue):
                continuationCount += 1
                if continuationCount > limits.continuationsMax { violation = violation ?? .continuations }
            case UInt8(NGHTTP2_GOAWAY.rawValue):
                // Two are a regular end, hundreds are not.
                pay(.glitch)
            case UInt8(NGHTTP2_RST_STREAM.rawValue):
                // Client-created streams that a server resets: `frameReceived` counts the other resets.
                if isServer { pay(.peerReset) }
                peerStreams.receiveReset(frame.streamID)
            default:
                countControl(frame)
            }
        }
    }

    private mutating func countControl(_ frame: FrameHeader) {
        switch frame.type {
        case UInt8(NGHTTP2_PING.rawValue):
            // Acknowledgements too: we send few PINGs, and need no hundreds of responses.
            pay(.ping)
        case UInt8(NGHTTP2_SETTINGS.rawValue):
            pay(.settings)
        case UInt8(NGHTTP2_PRIORITY.rawValue):
            pay(.priority)
            // Once priorities are switched off nghttp2 looks at no PRIORITY, not even for this (RFC 9113
            // section 6.3).
            if frame.streamID == 0 {
                violation = violation ?? .priorityOfConnection
            } else if isServer, frame.dependency == frame.streamID {
                if peerStreams.isIdle(frame.streamID) {
                    violation = violation ?? .selfDependency
                } else {
                    selfDependentIDs.append(frame.streamID)
                }
            }
        case Self.priorityUpdate:
            pay(.priority)
        case UInt8(NGHTTP2_WINDOW_UPDATE.rawValue):
            pay(.windowUpdate)
        default:
            pay(.unknown)
        }
    }

    private mutating func requestBegan(_ id: Int32, _ endsStream: Bool) {
        switch peerStreams.receiveHeaders(id, endStream: endsStream) {
        case .allowed: break
        case .ofClosedStream: violation = violation ?? .closedStream
        case .ofSkippedStream: violation = violation ?? .skippedStream
        }
    }

    /// Responds to DATA that arrived after the end of its stream, unless nghttp2 still knew the stream and did so
    /// itself.
    mutating func refuseLateData(in session: OpaquePointer?) {
        guard !lateDataIDs.isEmpty else { return }
        for id in lateDataIDs where nghttp2_session_get_stream_user_data(session, id) == nil {
            // Only queues; `frameSent` makes the peer pay for it.
            nghttp2_submit_rst_stream(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_STREAM_CLOSED.rawValue)
        }
        lateDataIDs.removeAll(keepingCapacity: false)
    }

    /// A stream that depends on itself is a stream error (RFC 7540 section 5.3.1), which nghttp2 does not detect once
    /// priorities are disabled.
    mutating func refuseSelfDependencies(in session: OpaquePointer?) {
        guard !selfDependentIDs.isEmpty else { return }
        for id in selfDependentIDs {
            // Only queues; `frameSent` makes the peer pay for it.
            nghttp2_submit_rst_stream(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_PROTOCOL_ERROR.rawValue)
        }
        selfDependentIDs.removeAll(keepingCapacity: false)
    }

    /// RFC 9218 section 7.1.
    private static let priorityUpdate: UInt8 = 0x10
    /// Ends the `mem_recv` that is running, after this field.
    private static let pause = NGHTTP2_ERR_PAUSE.rawValue

    // MARK: - Headers

    mutating func headersBegan(_ frame: UnsafePointer<nghttp2_frame>, in session: OpaquePointer?) {
        blockFieldCount = 0
        blockByteCount = 0
        blockExceeds = false
        let id = telehealth_frame_stream_id(frame)
        if isServer, telehealth_frame_headers_category(frame) == NGHTTP2_HCAT_REQUEST {
            blockSlot = addSlot(id: id, stream: nil)
            nghttp2_session_set_stream_user_data(session, id, Self.context(of: blockSlot))
            flood.earn(.priority, 2)
            flood.earn(.windowUpdate, 2)
        } else {
            blockSlot = slot(of: id, in: session) ?? -1
        }
        rules = RequestRules(areTrailers: blockSlot >= 0 && slots[Int(blockSlot)].hasFinalHead)
        notes.pointee.headers.beginBlock()
        unfinishedBlock = nil
        isInBlock = true
    }

    /// Moves the open block's fields out of the memory that other sessions use next.
    mutating func keepOpenBlock() {
        var kept = unfinishedBlock.take() ?? UnfinishedHeaderBlock()
        notes.pointee.headers.moveOpenBlock(to: &kept)
        unfinishedBlock = kept
    }

    mutating func header(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>, _ valueCount: Int
    ) -> Int32 {
        let known = KnownHeader.match(name, count: nameCount)
        if isServer {
            rules.add(
                known, name: UnsafeBufferPointer(start: name, count: nameCount),
                value: UnsafeBufferPointer(start: value, count: valueCount))
        }
        blockFieldCount += 1
        // RFC 9113 section 10.5.1: name, value and 32 per field.
        blockByteCount += nameCount + valueCount + 32
        if blockFieldCount > limits.headerFieldsMax || blockByteCount > limits.headerListBytesMax {
            blockExceeds = true
            if blockFieldCount > limits.headerFieldsMax * limits.headerExcessFactorMax
                || blockByteCount > limits.headerListBytesMax * limits.headerExcessFactorMax
            {
                violation = violation ?? .headerBlock
                return Self.pause
            }
            return 0
        }
        notes.pointee.headers.append(
            known: known, name: name, nameCount: nameCount, value: value, valueCount: valueCount)
        return notes.pointee.headers.byteCount > HTTP2Workspace.headerBytesMax ? Self.pause : 0
    }

    // MARK: - Frames

    mutating func frameReceived(_ frame: UnsafePointer<nghttp2_frame>, in session: OpaquePointer?) {
        let id = telehealth_frame_stream_id(frame)
        let flags = telehealth_frame_flags(frame)
        let endsStream = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch telehealth_frame_type(frame) {
        case UInt8(NGHTTP2_HEADERS.rawValue):
            headersEnded(id, endsStream: endsStream, in: session)
        case UInt8(NGHTTP2_DATA.rawValue):
            if endsStream, let slot = id == lastData.id ? lastData.slot : slot(of: id, in: session) {
                if bodyEnded(slot, id, in: session) { notes.pointee.events.append(.end(slot: slot)) }
            }
        case UInt8(NGHTTP2_RST_STREAM.rawValue):
            if let slot = slot(of: id, in: session) {
                slots[Int(slot)].peerReset = frame.pointee.rst_stream.error_code
            } else if !isServer {
                pay(.peerReset)
            }
        case UInt8(NGHTTP2_SETTINGS.rawValue):
            if flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { notes.pointee.events.append(.settings) }
        case UInt8(NGHTTP2_PING.rawValue):
            let payload = telehealth_frame_ping_payload(frame)
            let isAck = flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0
            notes.pointee.events.append(isAck ? .pingAcknowledged(payload: payload) : .ping(payload: payload))
        case UInt8(NGHTTP2_GOAWAY.rawValue):
            let goAway = frame.pointee.goaway
            let count = min(goAway.opaque_data_len, HTTP2Session.debugBytesMax)
            notes.pointee.debugData = Array(UnsafeBufferPointer(start: goAway.opaque_data, count: count))
            notes.pointee.events.append(.goAway(lastStreamID: goAway.last_stream_id, code: goAway.error_code))
        default:
            break
        }
    }

    private mutating func headersEnded(_ id: Int32, endsStream: Bool, in session: OpaquePointer?) {
        isInBlock = false
        if let kept = unfinishedBlock.take() { notes.pointee.headers.joinOpenBlock(to: kept) }
        guard blockSlot >= 0 else { return notes.pointee.headers.dropOpenBlock() }
        let slot = Int(blockSlot)
        if isServer, !isInOrder(id, endsStream: endsStream, in: session) {
            return notes.pointee.headers.dropOpenBlock()
        }
        if slots[slot].hasFinalHead {
            let block = notes.pointee.headers.endBlock(exceedsLimit: blockExceeds)
            notes.pointee.events.append(.trailers(slot: blockSlot, block: Int32(block)))
            return
        }
        if !isServer, !endsStream, notes.pointee.headers.openBlockFirstByte(of: .status) == UInt8(ascii: "1") {
            informationalHeadCount += 1
            if informationalHeadCount > limits.informationalHeadsMax * slots.count {
                violation = violation ?? .informationalHeads
            }
            return notes.pointee.headers.dropOpenBlock()
        }
        slots[slot].hasFinalHead = true
        informationalHeadCount = 0
        let block = notes.pointee.headers.endBlock(exceedsLimit: blockExceeds)
        notes.pointee.events.append(.headers(slot: blockSlot, block: Int32(block), endStream: endsStream))
    }

    mutating func dataReceived(id: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int, in session: OpaquePointer?) {
        let slot: Int32
        if lastData.id == id {
            slot = lastData.slot
        } else {
            guard let found = self.slot(of: id, in: session) else { return }
            slot = found
            lastData = (id, slot)
        }
        if !announcedLengths.isEmpty, !isAnnounced(count, slot, id, in: session) { return }
        let offset = UnsafeRawPointer(bytes) - input!
        notes.pointee.events.append(.data(slot: slot, offset: Int32(offset), count: Int32(count)))
    }

    mutating func streamClosed(id: Int32, code: UInt32, in session: OpaquePointer?) {
        if lastData.id == id { lastData = (0, -1) }
        guard let slot = slot(of: id, in: session) else { return }
        close(slot, code)
    }

    mutating func close(_ slot: Int32, _ code: UInt32) {
        guard !slots[Int(slot)].isClosed else { return }
        slots[Int(slot)].isClosed = true
        if !announcedLengths.isEmpty { announcedLengths[slot] = nil }
        if code == 0 { flood.earn(.peerReset, 1) }
        notes.pointee.events.append(.closed(slot: slot, code: code))
    }

    mutating func invalidFrame() {
        // nghttp2 skips the rest of a block with an invalid field, and never reports its end.
        if isInBlock {
            isInBlock = false
            unfinishedBlock = nil
            notes.pointee.headers.dropOpenBlock()
        }
        pay(.glitch)
    }

    mutating func frameSent(_ frame: UnsafePointer<nghttp2_frame>, in session: OpaquePointer?) {
        switch telehealth_frame_type(frame) {
        case UInt8(NGHTTP2_DATA.rawValue):
            sentHeadersAndData &+= 1
            flood.earn(.windowUpdate, 10)
            if awaitsFrameEnds { continueBody(telehealth_frame_stream_id(frame), in: session) }
            if stopsPeers { stopPeerIfAsked(behind: frame, in: session) }
        case UInt8(NGHTTP2_HEADERS.rawValue):
            sentHeadersAndData &+= 1
            if stopsPeers { stopPeerIfAsked(behind: frame, in: session) }
        case UInt8(NGHTTP2_GOAWAY.rawValue):
            if let payload = pingBehindGoAway.take() { Self.submitPing(payload, to: session) }
        case UInt8(NGHTTP2_RST_STREAM.rawValue):
            // Our own decision, or provoked: only the latter is the peer's fault.
            if let slot = slot(of: telehealth_frame_stream_id(frame), in: session),
                slots[Int(slot)].stream?.state.contains(.resetLocally) == true
            {
                return
            }
            pay(.glitch)
        default:
            break
        }
    }

    /// Whether a frame with such a payload can go straight to the output.
    func hasRoom(forPayload byteCount: Int) -> Bool {
        FrameScanner.headerByteCount + byteCount <= output.count - filledByteCount
    }

    /// Writes a DATA frame that ``HTTP2Stream/fill(_:_:_:_:)`` has promised, and that there is room for.
    mutating func writeFrame(_ header: UnsafePointer<UInt8>, _ byteCount: Int, of stream: HTTP2Stream) {
        let start = output.baseAddress! + filledByteCount
        memcpy(start, header, FrameScanner.headerByteCount)
        _ = stream.queue.take(into: start + FrameScanner.headerByteCount, limit: byteCount)
        filledByteCount += FrameScanner.headerByteCount + byteCount
    }

    /// Only queues.
    static func submitPing(_ payload: UInt64, to session: OpaquePointer?) {
        withUnsafeBytes(of: payload) {
            _ = nghttp2_submit_ping(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), $0.baseAddress!.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Submits what was written while the frame was being sent.
    private mutating func continueBody(_ id: Int32, in session: OpaquePointer?) {
        guard let slot = slot(of: id, in: session), let stream = slots[Int(slot)].stream,
            stream.state.contains(.unprovided), !stream.queue.isEmpty || stream.state.contains(.localEnded)
        else { return }
        // Submitting is allowed here; it only queues. nghttp2 has let go of the frame's source by now.
        _ = stream.submitBody(to: session)
    }

    private mutating func stopPeerIfAsked(behind frame: UnsafePointer<nghttp2_frame>, in session: OpaquePointer?) {
        let id = telehealth_frame_stream_id(frame)
        guard telehealth_frame_flags(frame) & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
            let slot = slot(of: id, in: session), let stream = slots[Int(slot)].stream,
            stream.state.contains(.stopPeerAfterEnd), !stream.state.contains(.remoteEnded)
        else { return }
        stream.state.insert(.resetLocally)
        // Submitting is allowed here; it only queues.
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
    }

    /// A request that could not be sent: the peer's GOAWAY came first, or ids ran out.
    mutating func requestNotSent(id: Int32) {
        guard let index = slots.firstIndex(where: { $0.id == id && !$0.isClosed && $0.stream != nil }) else {
            return
        }
        close(Int32(index), HTTP2ErrorCode.refusedStream.rawValue)
    }
}
