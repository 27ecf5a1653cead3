internal import CNghttp2

/// The first nine bytes of a frame.
struct FrameHeader: Hashable {
    var byteCount: Int
    var type: UInt8
    var flags: UInt8
    var streamID: Int32
    /// PRIORITY only: the stream that this one depends on.
    var dependency: Int32?
}

/// Finds the frames in the bytes given to nghttp2, regardless of chunk boundaries.
///
/// nghttp2 does not report frames that it ignores, and an attacker would send only those, so frames are counted here.
/// Sizes and types are not validated; bytes that are not frames end the connection in nghttp2 shortly after.
struct FrameScanner {
    static let headerByteCount = 9
    /// The part of a PRIORITY frame's payload that names a stream (RFC 9113 section 6.3).
    private static let dependencyByteCount = 4

    /// Bytes until the next frame begins.
    private var skipped: Int
    /// The first `partialCount` bytes of an incomplete header, or of one followed by a dependency.
    private var partial: InlineArray<13, UInt8> = .init(repeating: 0)
    private var partialCount = 0

    /// - Parameter prefaceByteCount: bytes before the first frame.
    init(prefaceByteCount: Int) { skipped = prefaceByteCount }

    /// The header of the next frame that begins (or whose header is completed) in `bytes`.
    ///
    /// - Parameter offset: how far `bytes` are scanned; 0 with new bytes.
    /// - Returns: `nil` when all bytes are used up.
    mutating func next(in bytes: UnsafeRawBufferPointer, at offset: inout Int) -> FrameHeader? {
        if skipped >= bytes.count - offset {
            skipped -= bytes.count - offset
            offset = bytes.count
            return nil
        }
        offset += skipped
        skipped = 0
        if partialCount == 0, bytes.count - offset >= Self.headerByteCount {
            let found = header { bytes[offset + $0] }
            if !Self.namesDependency(found) {
                offset += Self.headerByteCount
                skipped = found.byteCount
                return found
            }
        }
        guard fill(upTo: Self.headerByteCount, from: bytes, at: &offset) else { return nil }
        var found = header { partial[$0] }
        skipped = found.byteCount
        if Self.namesDependency(found) {
            let count = Self.headerByteCount + Self.dependencyByteCount
            guard fill(upTo: count, from: bytes, at: &offset) else {
                skipped = 0
                return nil
            }
            found.dependency = streamID(at: Self.headerByteCount) { partial[$0] }
            skipped -= Self.dependencyByteCount
        }
        partialCount = 0
        return found
    }

    private static func namesDependency(_ header: FrameHeader) -> Bool {
        header.type == UInt8(NGHTTP2_PRIORITY.rawValue) && header.byteCount >= dependencyByteCount
    }

    /// - Returns: whether `partial` now holds `count` bytes.
    private mutating func fill(upTo count: Int, from bytes: UnsafeRawBufferPointer, at offset: inout Int) -> Bool {
        while partialCount < count {
            guard offset < bytes.count else { return false }
            partial[partialCount] = bytes[offset]
            partialCount += 1
            offset += 1
        }
        return true
    }

    /// - Spec: RFC 9113 section 4.1.
    private func header(_ byte: (Int) -> UInt8) -> FrameHeader {
        FrameHeader(
            byteCount: Int(byte(0)) << 16 | Int(byte(1)) << 8 | Int(byte(2)), type: byte(3), flags: byte(4),
            streamID: streamID(at: 5, byte))
    }

    /// The reserved bit (or that of exclusive dependencies) is left out.
    private func streamID(at start: Int, _ byte: (Int) -> UInt8) -> Int32 {
        let bits =
            UInt32(byte(start)) << 24 | UInt32(byte(start + 1)) << 16 | UInt32(byte(start + 2)) << 8
            | UInt32(byte(start + 3))
        return Int32(bitPattern: bits & 0x7FFF_FFFF)
    }
}
