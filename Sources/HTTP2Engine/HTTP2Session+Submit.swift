internal import CNghttp2

/// What streams request from their session: everything here only queues inside nghttp2.
extension HTTP2Session {
    func submitResponse(_ stream: HTTP2Stream, _ headers: borrowing HeaderList, hasBody: Bool) {
        let fields = workspace.fields(count: headers.count)
        headers.fill(fields)
        submitResponse(stream, fields, headers.count, hasBody: hasBody)
    }

    func submitResponse(
        _ stream: HTTP2Stream, _ fields: UnsafePointer<CField>, _ count: Int, hasBody: Bool
    ) {
        precondition(role == .server, "only servers respond")
        let code: Int32
        if !hasBody {
            code = nghttp2_submit_response(handle, stream.id, fields, count, nil)
        } else if stream.queue.isEmpty, !stream.state.contains(.localEnded) {
            // A body that may arrive late: send the headers only.
            stream.state.insert(.unprovided)
            code = nghttp2_submit_headers(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, fields, count, nil)
        } else {
            var provider = stream.bodyProvider
            code = nghttp2_submit_response(handle, stream.id, fields, count, &provider)
        }
        submitted(code, for: stream)
    }

    /// Opens a stream with a request (client). Ids are assigned in the order of the calls.
    ///
    /// - Parameter endStream: there is no request body.
    /// - Returns: false when the connection accepts no new streams any longer; `stream` stays unopened and may be
    ///   opened on another connection.
    public func open(_ stream: HTTP2Stream, headers: borrowing HeaderList, endStream: Bool) -> Bool {
        precondition(role == .client, "only clients open streams")
        precondition(stream.session == nil && stream.id == 0, "a stream is opened once")
        guard !isDraining, !isTerminated else { return false }
        let slot = sink.pointee.addSlot(id: 0, stream: stream)
        let fields = workspace.fields(count: headers.count)
        headers.fill(fields)
        var provider = stream.bodyProvider
        let id =
            endStream
            ? nghttp2_submit_request(handle, nil, fields, headers.count, nil, SessionSink.context(of: slot))
            : nghttp2_submit_request(
                handle, nil, fields, headers.count, &provider, SessionSink.context(of: slot))
        guard id > 0 else {
            sink.pointee.slots[Int(slot)].stream = nil
            sink.pointee.freeSlots.append(slot)
            return false
        }
        sink.pointee.slots[Int(slot)].id = id
        stream.state.insert(endStream ? [.headersSent, .localEnded] : .headersSent)
        attach(stream, id: id, slot: slot)
        announceIfNeeded()
        return true
    }

    /// Streams that may be opened now without waiting for one to end (client). None while half of the connection's
    /// queue limit is used: more would be reset, and a call that waits costs less than one that fails.
    public var availableStreamCount: Int {
        guard !isDraining, !isTerminated, queuedByteCount <= fullQueueBytes else { return 0 }
        return max(0, allowedStreamCount - openStreamCount)
    }

    /// Whether as many streams are open as the peer allows.
    public var isAtStreamLimit: Bool { openStreamCount >= allowedStreamCount }

    private var allowedStreamCount: Int {
        let allowed = nghttp2_session_get_remote_settings(handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return Int(min(allowed, UInt32(Int32.max)))
    }

    func queued(_ count: Int, on stream: HTTP2Stream) {
        addQueued(count)
        if hasQueuedTooMuch { return stream.reset(.enhanceYourCalm) }
        if stream.queue.count > Int(stream.highWaterBytes) { stream.state.insert(.aboveHighWater) }
        resume(stream)
    }

    /// Bytes or the end became available.
    func resume(_ stream: HTTP2Stream) {
        if stream.state.contains(.unprovided) {
            let code = stream.submitBody(to: handle)
            precondition(code != NGHTTP2_ERR_NOMEM.rawValue, "out of memory")
            // The previous frame is still being sent: its end submits.
            if code == NGHTTP2_ERR_DATA_EXIST.rawValue { sink.pointee.awaitsFrameEnds = true }
        } else if stream.state.contains(.deferred) {
            stream.state.remove(.deferred)
            nghttp2_session_resume_data(handle, stream.id)
        }
        announceIfNeeded()
    }

    func submitReset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        addQueued(-stream.queue.count)
        stream.queue.removeAll()
        submitted(
            nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue),
            for: stream)
    }

    func consume(_ count: Int, on stream: HTTP2Stream) {
        // Both windows; below half a window nghttp2 only counts.
        nghttp2_session_consume(handle, stream.id, count)
        announceIfNeeded()
    }

    /// nghttp2 refuses a submission only without memory or for a stream that just ended; the latter is not a fault.
    private func submitted(_ code: Int32, for stream: HTTP2Stream) {
        precondition(code != NGHTTP2_ERR_NOMEM.rawValue, "out of memory")
        announceIfNeeded()
    }

    // MARK: - Connection

    func submitSettings() {
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(limits.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(limits.headerListBytesMax)),
        ]
        if role == .server {
            settings.append(
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                    value: limits.concurrentStreamsMax))
            // RFC 9218 section 2.1: priorities of RFC 7540 are not used.
            settings.append(nghttp2_settings_entry(settings_id: Self.noRFC7540Priorities, value: 1))
        } else {
            settings.append(
                nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        var code = nghttp2_submit_settings(
            handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        precondition(code == 0, "our own settings are valid")
        code = nghttp2_session_set_local_window_size(
            handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, limits.connectionWindowBytes)
        precondition(code == 0, "our own window is valid")
    }

    private static let noRFC7540Priorities: Int32 = 9

    /// Queues a PING; its acknowledgement comes back with the same payload.
    public func ping(payload: UInt64) {
        SessionSink.submitPing(payload, to: handle)
        announceIfNeeded()
    }

    /// First step of a graceful end: a GOAWAY that refuses nothing yet, so that requests under way still count,
    /// followed by a PING. Call `finishDrain` on its acknowledgement or on a timeout: what the client sent before has
    /// arrived by then (RFC 9113 section 6.8).
    ///
    /// - Parameter payload: the PING's payload.
    public func beginDrain(pingPayload payload: UInt64) {
        // A client that is leaving itself needs no notice.
        guard role == .server, !isDraining else { return ping(payload: payload) }
        isDraining = true
        // nghttp2 sends a PING before whatever else is queued.
        sink.pointee.pingBehindGoAway = payload
        nghttp2_submit_shutdown_notice(handle)
        announceIfNeeded()
    }

    /// Second step: GOAWAY with the last stream that will be served. The session is finished after its last stream.
    ///
    /// - Parameter debug: "max_idle", "max_age" (gRPC proposal A9) or empty.
    public func finishDrain(debug: String = "") {
        isDraining = true
        submitGoAway(lastStreamID: nghttp2_session_get_last_proc_stream_id(handle), .noError, debug: debug)
    }

    func submitGoAway(lastStreamID: Int32, _ code: HTTP2ErrorCode, debug: String) {
        var debug = debug
        debug.withUTF8 {
            _ = nghttp2_submit_goaway(
                handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), lastStreamID, code.rawValue, $0.baseAddress,
                $0.count)
        }
        announceIfNeeded()
    }
}

extension HTTP2Stream {
    /// The stream is kept alive by its slot for as long as nghttp2 may ask it for bytes.
    fileprivate var bodyProvider: nghttp2_data_provider {
        nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(self).toOpaque()),
            read_callback: SessionCallbacks.readBody)
    }

    /// Tells nghttp2 that an `unprovided` stream has bytes or an end.
    ///
    /// - Returns: nghttp2's code; with NGHTTP2_ERR_DATA_EXIST nothing has changed.
    func submitBody(to session: OpaquePointer?) -> Int32 {
        var provider = bodyProvider
        let code = nghttp2_submit_data(session, UInt8(NGHTTP2_FLAG_END_STREAM.rawValue), id, &provider)
        if code != NGHTTP2_ERR_DATA_EXIST.rawValue { state.remove(.unprovided) }
        return code
    }

    /// nghttp2 asks for the next bytes of a DATA frame.
    func fill(
        _ target: UnsafeMutablePointer<UInt8>, _ limit: Int, _ flags: UnsafeMutablePointer<UInt32>,
        _ session: OpaquePointer
    ) -> Int {
        let owner = self.session
        let waiting = queue.count
        let taken = min(limit, waiting)
        let left = waiting - taken
        if taken > 0, let owner, owner.sink.pointee.hasRoom(forPayload: taken) {
            // `SessionSink.writeFrame` takes them, before anything else happens.
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        } else {
            _ = queue.take(into: target, limit: limit)
        }
        owner?.addQueued(-taken)
        if state.contains(.aboveHighWater), left <= Int(lowWaterBytes) {
            state.remove(.aboveHighWater)
            owner?.workspace.notes.pointee.events.append(.writable(slot: slot))
        }
        guard left == 0 else { return taken }
        guard state.contains(.localEnded) else {
            if taken > 0 {
                // The body goes on; nghttp2 keeps 160 bytes for one that it may ask again, and an idle response has
                // no use for them.
                guard owner?.role == .server else { return taken }
                state.insert(.unprovided)
                flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                return taken
            }
            state.insert(.deferred)
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
        if let trailers {
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
            nghttp2_submit_trailer(session, id, trailers.fields, trailers.count)
        }
        return taken
    }
}
