/// Which streams a client has begun and not ended, according to its own frames. A server needs this to distinguish
/// late frames of a stream that it reset itself, which must be ignored, from frames of a stream that the client had
/// ended, which are errors (RFC 9113 section 5.1, "closed").
///
/// nghttp2 could keep closed streams for that, at 30 KiB per connection; this takes 4 bytes per stream.
struct PeerStreams {
    /// Minimum number of ids kept; beyond the concurrency limit, they belong to streams that we reset.
    private static let idsMin = 256

    private var ids: [Int32] = []
    private let idsMax: Int
    private var highest: Int32 = 0
    /// The ids skipped by the latest jump: closed without having been used (section 5.1.1).
    private var skipped: ClosedRange<Int32>?

    init(concurrentStreamsMax: UInt32) {
        idsMax = max(Self.idsMin, 2 * Int(clamping: concurrentStreamsMax))
    }

    /// The meaning of HEADERS on a stream.
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

    /// - Returns: whether the stream may carry DATA; nghttp2 checks idle streams.
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
