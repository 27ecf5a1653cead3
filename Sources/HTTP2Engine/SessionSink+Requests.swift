internal import CNghttp2

/// HTTP's rules for requests, which a server's session checks itself (``RequestRules``).
extension SessionSink {
    /// Checks the block that just ended: a request's headers, or its trailers.
    mutating func isInOrder(_ id: Int32, endsStream: Bool, in session: OpaquePointer?) -> Bool {
        guard rules.end(endsStream: endsStream) else {
            refuse(id, in: session)
            return false
        }
        let slot = blockSlot
        if slots[Int(slot)].hasFinalHead { return bodyEnded(slot, id, in: session) }
        guard let expected = rules.contentLength else { return true }
        announcedLengths[slot] = AnnouncedLength(expected: expected)
        return endsStream ? bodyEnded(slot, id, in: session) : true
    }

    /// - Returns: whether this many more bytes are within the announced length.
    mutating func isAnnounced(_ count: Int, _ slot: Int32, _ id: Int32, in session: OpaquePointer?) -> Bool {
        guard var length = announcedLengths[slot] else { return true }
        let wasExceeded = length.isExceeded
        let isWithin = length.receive(count)
        announcedLengths[slot] = length
        if !isWithin {
            nghttp2_session_consume_connection(session, count)
            if !wasExceeded { refuse(id, in: session) }
        }
        return isWithin
    }

    /// - Returns: whether the body has the announced length.
    mutating func bodyEnded(_ slot: Int32, _ id: Int32, in session: OpaquePointer?) -> Bool {
        guard !announcedLengths.isEmpty, let length = announcedLengths[slot] else { return true }
        announcedLengths[slot] = nil
        if !length.isComplete { refuse(id, in: session) }
        return length.isComplete
    }

    /// RFC 9113 section 8.1.1: a malformed request is a stream error. Only queues; nghttp2 ignores everything else
    /// that arrives for the stream.
    private mutating func refuse(_ id: Int32, in session: OpaquePointer?) {
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_PROTOCOL_ERROR.rawValue)
        invalidFrame()
    }
}
