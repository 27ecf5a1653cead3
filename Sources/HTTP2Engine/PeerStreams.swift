/// Which streams a client has begun and not ended, by its own frames alone: what a server needs to tell
/// late frames of a stream that it reset itself, which are to be ignored, from frames of a stream that the
/// client had ended, which are errors (RFC 9113 section 5.1, "closed").
///
/// nghttp2 could keep closed streams for that, 30 KiB of them on every connection; these are 4 bytes a
/// stream.
struct PeerStreams {
    /// Ids that are kept at least; beyond the concurrency limit, they belong to streams that we reset.
    private static let idsMin = 256

    private var ids: [Int32] = []
    private let idsMax: Int
    private var highest: Int32 = 0
    /// The ids that the latest jump left out: closed without ever having been used (section 5.1.1).
    private var skipped: ClosedRange<Int32>?

    init(concurrentStreamsMax: UInt32) {
        idsMax = max(Self.idsMin, 2 * Int(clamping: concurrentStreamsMax))
    }

    /// What HEADERS on a stream mean.
    enum Headers {
        case allowed
        case ofClosedStream
        case ofSkippedStream
    }

    mutating func receiveHeaders(_ id: Int32, endStream: Bool) -> Headers {
        // Even and zero ids are refused by nghttp2.
        guard id & 1 == 1 else { return .allowed }
        if id > highest {
            if id > highest + 2 { skipped = highest + 1...id - 1 }
            highest = id
            if !endStream { add(id) }
            return .allowed
        }
        guard let index = ids.lastIndex(of: id) else {
            return skipped?.contains(id) == true ? .ofSkippedStream : .ofClosedStream
        }
        if endStream { ids.remove(at: index) }
        return .allowed
    }

    /// - Returns: whether the stream may carry DATA; those of idle streams are left to nghttp2.
    mutating func receiveData(_ id: Int32, endStream: Bool) -> Bool {
        guard id > 0, id <= highest else { return true }
        guard let index = ids.lastIndex(of: id) else { return false }
        if endStream { ids.remove(at: index) }
        return true
    }

    /// Whether the stream was never used, and may be.
    func isIdle(_ id: Int32) -> Bool { id & 1 == 0 || id > highest }

    mutating func receiveReset(_ id: Int32) {
        if let index = ids.lastIndex(of: id) { ids.remove(at: index) }
    }

    private mutating func add(_ id: Int32) {
        if ids.count == idsMax { ids.removeFirst() }
        ids.append(id)
    }
}
