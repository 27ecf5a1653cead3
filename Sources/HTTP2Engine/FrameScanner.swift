/// The first nine bytes of a frame.
struct FrameHeader: Hashable {
    var byteCount: Int
    var type: UInt8
    var flags: UInt8
    var streamID: Int32
}

/// Finds the frames in the bytes that go to nghttp2, however they are cut.
///
/// nghttp2 tells nobody of a frame it ignores, and an attacker would send only those: so what is counted is
/// counted here. Sizes and types are not judged; bytes that are no frames at all end the connection in
/// nghttp2 a moment later.
struct FrameScanner {
    static let headerByteCount = 9

    /// Bytes until the next frame begins.
    private var skipped: Int
    /// The first `partialCount` bytes of a header that was cut.
    private var partial: InlineArray<9, UInt8> = .init(repeating: 0)
    private var partialCount = 0

    /// - Parameter prefaceByteCount: what comes before the first frame.
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
        let found: FrameHeader
        if partialCount == 0, bytes.count - offset >= Self.headerByteCount {
            found = header { bytes[offset + $0] }
            offset += Self.headerByteCount
        } else {
            while partialCount < Self.headerByteCount {
                guard offset < bytes.count else { return nil }
                partial[partialCount] = bytes[offset]
                partialCount += 1
                offset += 1
            }
            partialCount = 0
            found = header { partial[$0] }
        }
        skipped = found.byteCount
        return found
    }

    /// - Spec: RFC 9113 section 4.1.
    private func header(_ byte: (Int) -> UInt8) -> FrameHeader {
        let id = UInt32(byte(5)) << 24 | UInt32(byte(6)) << 16 | UInt32(byte(7)) << 8 | UInt32(byte(8))
        return FrameHeader(
            byteCount: Int(byte(0)) << 16 | Int(byte(1)) << 8 | Int(byte(2)), type: byte(3), flags: byte(4),
            streamID: Int32(bitPattern: id & 0x7FFF_FFFF))
    }
}
