/// Received bytes that are not evaluated yet; lines and blocks are taken from the front.
///
/// Each byte of a line is looked at once, however the bytes arrive.
struct HTTP1Input: Sendable {
    private var bytes: [UInt8] = []
    /// Where the next line or block begins.
    private var start = 0
    /// The bytes before are searched for the end of the line.
    private var scanned = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ more: borrowing Span<UInt8>) {
        compact()
        // SAFETY: the pointer is not used after the closure.
        unsafe more.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func removeAll() {
        bytes = []
        start = 0
        scanned = 0
    }

    /// Takes the next line, without its CRLF.
    ///
    /// - Parameters:
    ///   - limit: bytes that it may have.
    ///   - tooLong: thrown for a longer one, as soon as so many bytes are there.
    /// - Returns: nil when the line has not ended.
    /// - Throws: also for CR without LF, LF without CR, and NUL (RFC 9112 section 2.2): other servers end lines, or
    ///   texts, there.
    mutating func nextLine(
        limit: Int, tooLong: HTTP1Violation
    ) throws(HTTP1Violation) -> ArraySlice<UInt8>? {
        while scanned < bytes.count {
            let byte = bytes[scanned]
            let isAfterCarriageReturn = scanned > start && bytes[scanned - 1] == HTTP1Characters.carriageReturn
            switch byte {
            case HTTP1Characters.lineFeed:
                guard isAfterCarriageReturn else { throw .bareLineFeed }
                let line = bytes[start..<scanned - 1]
                scanned += 1
                start = scanned
                return line
            case _ where isAfterCarriageReturn: throw .bareCarriageReturn
            case 0: throw .nulByte
            case HTTP1Characters.carriageReturn: break
            default: if scanned - start >= limit { throw tooLong }
            }
            scanned += 1
        }
        return nil
    }

    /// Takes the next byte.
    mutating func nextByte() -> UInt8? {
        guard start < bytes.count else { return nil }
        defer { skip(1) }
        return bytes[start]
    }

    /// Takes at most `limit` bytes; none only if there are none.
    mutating func take(atMost limit: Int) -> [UInt8] {
        let taken = Array(bytes[start..<start + min(limit, count)])
        skip(taken.count)
        return taken
    }

    private mutating func skip(_ count: Int) {
        start += count
        scanned = start
    }

    /// Keeps little memory while nothing is there: most connections wait for their next request most of the time.
    mutating func shrink() {
        if isEmpty { removeAll() }
    }

    /// Moves what is left to the front, once that is less than what was taken.
    private mutating func compact() {
        guard start > 0, start >= bytes.count - start else { return }
        bytes.removeFirst(start)
        scanned -= start
        start = 0
    }
}
