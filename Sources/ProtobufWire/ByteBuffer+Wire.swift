// Encoding of values. The length of a nested message is not known in advance: one byte is reserved for it, and the
// content is moved by the few bytes that a longer length needs. This takes one pass without cached sizes; what is
// moved is in the CPU cache, and messages below 128 bytes do not move at all.

extension ByteBuffer {
    /// Writes a tag.
    ///
    /// - Parameter field: the field number, 1...536,870,911.
    /// - Parameter format: how the bytes of the value are laid out on the wire.
    @inlinable @inline(__always)
    public mutating func writeTag(_ field: UInt32, _ format: WireFormat) {
        reserve(5)
        unsafe storeTag(field &<< 3 | format.rawValue)
    }

    /// Writes a base-128 varint of one to ten bytes.
    @inlinable @inline(__always)
    public mutating func writeVarint(_ value: UInt64) {
        reserve(10)
        unsafe storeVarint(value)
    }

    /// Four bytes, least significant first.
    @inlinable @inline(__always)
    mutating func writeFixed32(_ value: UInt32) {
        reserve(4)
        unsafe tail.storeBytes(of: value.littleEndian, as: UInt32.self)
        storedCount &+= 4
    }

    /// Eight bytes, least significant first.
    @inlinable @inline(__always)
    mutating func writeFixed64(_ value: UInt64) {
        reserve(8)
        unsafe tail.storeBytes(of: value.littleEndian, as: UInt64.self)
        storedCount &+= 8
    }

    /// A length and the bytes.
    @inlinable @inline(__always)
    mutating func writeDelimited(_ bytes: borrowing Span<UInt8>) {
        let count = bytes.count
        reserve(10 &+ count)
        unsafe storeVarint(UInt64(truncatingIfNeeded: count))
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe tail.copyMemory(from: base, byteCount: count)
        }
        storedCount &+= count
    }

    /// A text's length and its UTF-8 bytes.
    @usableFromInline
    mutating func writeDelimited(_ text: String) {
        // Faster than a span where the text is native, which it is but for bridged ones.
        let isWritten: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            let count = bytes.count
            reserve(10 &+ count)
            unsafe storeVarint(UInt64(truncatingIfNeeded: count))
            if let base = bytes.baseAddress { unsafe tail.copyMemory(from: base, byteCount: count) }
            storedCount &+= count
        }
        if isWritten == nil { writeDelimited(text.utf8.span) }
    }

    /// Writes what `body` appends with its length in front.
    @inlinable @inline(__always)
    public mutating func writeDelimited(_ body: (inout ByteBuffer) -> Void) {
        reserve(1)
        storedCount &+= 1
        let start = storedCount
        body(&self)
        finishDelimited(from: start)
    }

    /// Fills in the length of the bytes from `start` on, for which one byte was left in front.
    @inlinable @inline(__always)
    mutating func finishDelimited(from start: Int) {
        let length = storedCount &- start
        if length < 0x80 {
            unsafe storage.unsafelyUnwrapped.storeBytes(
                of: UInt8(truncatingIfNeeded: length), toByteOffset: start &- 1, as: UInt8.self)
        } else {
            finishLongDelimited(from: start)
        }
    }

    /// Moves the content up by what a length of several bytes needs more than the one that was left.
    @usableFromInline
    mutating func finishLongDelimited(from start: Int) {
        let length = storedCount &- start
        let lengthBytes = (UInt64.bitWidth - length.leadingZeroBitCount + 6) / 7
        let shift = lengthBytes - 1
        reserve(shift)
        let content = unsafe storage.unsafelyUnwrapped + start
        unsafe (content + shift).copyMemory(from: content, byteCount: length)
        storedCount = start &- 1
        unsafe storeLongVarint(UInt64(truncatingIfNeeded: length))
        storedCount = start &+ shift &+ length
    }

    /// Stores into room already reserved: five bytes for a tag.
    @unsafe @inlinable @inline(__always)
    mutating func storeTag(_ tag: UInt32) {
        if tag < 0x80 {
            unsafe tail.storeBytes(of: UInt8(truncatingIfNeeded: tag), as: UInt8.self)
            storedCount &+= 1
        } else if tag < 0x4000 {
            let pair = UInt16(truncatingIfNeeded: (tag & 0x7F) | 0x80 | (tag &<< 1 & 0x7F00))
            unsafe tail.storeBytes(of: pair.littleEndian, as: UInt16.self)
            storedCount &+= 2
        } else {
            unsafe storeLongVarint(UInt64(tag))
        }
    }

    /// Stores into room already reserved: ten bytes for a varint.
    @unsafe @inlinable @inline(__always)
    mutating func storeVarint(_ value: UInt64) {
        if value < 0x80 {
            unsafe tail.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
            storedCount &+= 1
        } else {
            unsafe storeWideVarint(value)
        }
    }

    /// Stores up to eight bytes at once, without a branch for each; may overwrite more than it stores, up to eight.
    @unsafe @usableFromInline
    mutating func storeWideVarint(_ value: UInt64) {
        guard value < 1 &<< 56 else { return unsafe storeLongVarint(value) }
        // Groups of 7 bits go to bytes of their own: halves of 28 bits first, then of 14, then of 7.
        var word = value & 0x0000_0000_0FFF_FFFF | (value & 0x00FF_FFFF_F000_0000) &<< 4
        word = word & 0x0000_3FFF_0000_3FFF | (word & 0x0FFF_C000_0FFF_C000) &<< 2
        word = word & 0x007F_007F_007F_007F | (word & 0x3F80_3F80_3F80_3F80) &<< 1
        // One byte per 7 bits begun: (9 n + 64) / 64 is that for n from 1 to 64.
        let byteCount = (UInt64(truncatingIfNeeded: UInt64.bitWidth &- value.leadingZeroBitCount) &* 9 &+ 64) &>> 6
        word |= 0x8080_8080_8080_8080 & (1 &<< (byteCount &* 8 &- 8) &- 1)
        unsafe tail.storeBytes(of: word.littleEndian, as: UInt64.self)
        storedCount &+= Int(truncatingIfNeeded: byteCount)
    }

    /// Stores exactly the bytes that the value needs.
    @unsafe @usableFromInline
    mutating func storeLongVarint(_ value: UInt64) {
        var rest = value
        var place = unsafe tail
        while rest >= 0x80 {
            unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            unsafe place += 1
            rest &>>= 7
        }
        unsafe place.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        storedCount = unsafe (place + 1) - storage.unsafelyUnwrapped
    }
}
