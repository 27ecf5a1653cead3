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

    /// Hands out the header of every frame that begins (or whose header is completed) in `bytes`.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, _ found: (FrameHeader) -> Void) {
        var offset = 0
        while true {
            if skipped >= bytes.count - offset {
                skipped -= bytes.count - offset
                return
            }
            offset += skipped
            skipped = 0
            if partialCount == 0, bytes.count - offset >= Self.headerByteCount {
                begin(header { bytes[offset + $0] }, found)
                offset += Self.headerByteCount
                continue
            }
            while partialCount < Self.headerByteCount {
                guard offset < bytes.count else { return }
                partial[partialCount] = bytes[offset]
                partialCount += 1
                offset += 1
            }
            partialCount = 0
            begin(header { partial[$0] }, found)
        }
    }

    private mutating func begin(_ header: FrameHeader, _ found: (FrameHeader) -> Void) {
        skipped = header.byteCount
        found(header)
    }

    /// - Spec: RFC 9113 section 4.1.
    private func header(_ byte: (Int) -> UInt8) -> FrameHeader {
        let id = UInt32(byte(5)) << 24 | UInt32(byte(6)) << 16 | UInt32(byte(7)) << 8 | UInt32(byte(8))
        return FrameHeader(
            byteCount: Int(byte(0)) << 16 | Int(byte(1)) << 8 | Int(byte(2)), type: byte(3), flags: byte(4),
            streamID: Int32(bitPattern: id & 0x7FFF_FFFF))
    }
}
