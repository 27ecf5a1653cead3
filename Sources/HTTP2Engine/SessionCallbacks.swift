internal import CNghttp2

/// The thunks that nghttp2 calls: unwrap, find the sink, one call.
enum SessionCallbacks {
    static func make() throws(HTTP2Failure) -> OpaquePointer {
        var made: OpaquePointer?
        let code = nghttp2_session_callbacks_new(&made)
        guard code == 0, let callbacks = made else {
            throw HTTP2Failure(code: code, call: "nghttp2_session_callbacks_new")
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { session, frame, context in
            SessionSink.of(context).pointee.headersBegan(frame!, in: session)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, context in
            SessionSink.of(context).pointee.header(name!, nameCount, value!, valueCount)
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, context in
            SessionSink.of(context).pointee.frameReceived(frame!, in: session)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            session, _, id, bytes, count, context in
            SessionSink.of(context).pointee.dataReceived(id: id, bytes!, count, in: session)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, code, context in
            SessionSink.of(context).pointee.streamClosed(id: id, code: code, in: session)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, context in
            SessionSink.of(context).pointee.invalidFrame()
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, context in
            SessionSink.of(context).pointee.frameSent(frame!, in: session)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
            session, frame, code, context in
            guard telehealth_frame_type(frame!) == UInt8(NGHTTP2_HEADERS.rawValue) else { return 0 }
            let id = telehealth_frame_stream_id(frame!)
            if telehealth_frame_headers_category(frame!) == NGHTTP2_HCAT_REQUEST {
                SessionSink.of(context).pointee.requestNotSent(id: id)
            } else if code == NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue {
                // Headers or trailers beyond what nghttp2 sends (64 KiB): without them the stream would never end.
                nghttp2_submit_rst_stream(
                    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_INTERNAL_ERROR.rawValue)
            }
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, source, context in
            // Retained by its slot while nghttp2 may ask for its bytes.
            let stream = Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
            SessionSink.of(context).pointee.writeFrame(header!, count, of: stream)
            return 0
        }
        // Unknown frames are ignored as required; they were counted when they began.
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
            NGHTTP2_ERR_CANCEL.rawValue
        }
        return callbacks
    }

    /// Types below are defined by RFC 9113; nghttp2 hides all others unless they are announced to it.
    private static let firstExtensionType: UInt8 = 0x0A

    static func options(_ limits: HTTP2Limits, _ role: HTTP2Session.Role) throws(HTTP2Failure) -> OpaquePointer {
        var made: OpaquePointer?
        let code = nghttp2_option_new(&made)
        guard code == 0, let options = made else {
            throw HTTP2Failure(code: code, call: "nghttp2_option_new")
        }
        // Windows open when the application has consumed bytes, not when nghttp2 has seen them.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Closed streams are kept only for RFC 7540 priorities, which are switched off.
        nghttp2_option_set_no_closed_streams(options, 1)
        // `RequestRules` validates requests, nghttp2 responses.
        if role == .server { nghttp2_option_set_no_http_messaging(options, 1) }
        nghttp2_option_set_max_outbound_ack(options, limits.queuedAcksMax)
        nghttp2_option_set_max_settings(options, limits.settingsEntriesMax)
        nghttp2_option_set_max_continuations(options, limits.continuationsMax)
        for type in firstExtensionType...UInt8.max {
            nghttp2_option_set_user_recv_extension_type(options, type)
        }
        // A second limit after our own bucket, which knows about streams that ended regularly.
        nghttp2_option_set_stream_reset_rate_limit(
            options, UInt64(limits.peerResets.burst) * 4, UInt64(limits.peerResets.perSecond) * 4)
        return options
    }

    /// `ptr` is the stream, kept alive by its slot until its close was delivered.
    static let readBody: nghttp2_data_source_read_callback = { session, _, target, limit, flags, source, _ in
        Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
            .fill(target!, limit, flags!, session!)
    }
}
