// How values reach the wire. Lengths of nested messages are not known beforehand: one byte is left for the
// length and the content moved up by the few bytes that a longer length needs. One pass, no size pass, no
// cached sizes; what is moved is in cache, and messages below 128 bytes do not move at all.

extension ByteBuffer {
    /// Writes a tag.
    ///
    /// - Parameter field: the field number, 1...536,870,911.
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
    public mutating func writeFixed32(_ value: UInt32) {
        reserve(4)
        unsafe tail.storeBytes(of: value.littleEndian, as: UInt32.self)
        storedCount &+= 4
    }

    /// Eight bytes, least significant first.
    @inlinable @inline(__always)
    public mutating func writeFixed64(_ value: UInt64) {
        reserve(8)
        unsafe tail.storeBytes(of: value.littleEndian, as: UInt64.self)
        storedCount &+= 8
    }

    /// A length and the bytes.
    @inlinable @inline(__always)
    public mutating func writeDelimited(_ bytes: borrowing Span<UInt8>) {
        let count = bytes.count
        reserve(10 &+ count)
        unsafe storeVarint(UInt64(truncatingIfNeeded: count))
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe tail.copyMemory(from: base, byteCount: count)
        }
        storedCount &+= count
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
        guard length >= 0x80 else {
            unsafe storage.unsafelyUnwrapped.storeBytes(
                of: UInt8(truncatingIfNeeded: length), toByteOffset: start &- 1, as: UInt8.self)
            return
        }
        finishLong(from: start, length)
    }

    /// Moves the content up by what its length needs beyond one byte.
    @usableFromInline
    mutating func finishLong(from start: Int, _ length: Int) {
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

    /// Stores into room already reserved: ten bytes, whatever the varint's length; those behind it are lost.
    @unsafe @inlinable @inline(__always)
    mutating func storeVarint(_ value: UInt64) {
        if value < 0x80 {
            unsafe tail.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
            storedCount &+= 1
        } else {
            unsafe storeWideVarint(value)
        }
    }

    /// Spreads the groups of seven bits over the bytes of one word: a loop would guess their number wrong at every
    /// other timestamp.
    @unsafe @usableFromInline
    mutating func storeWideVarint(_ value: UInt64) {
        guard value &>> 56 == 0 else { return unsafe storeLongVarint(value) }
        // Seven bits a byte, as a multiplication: 9/64 is close enough to 1/7 up to 64 bits.
        let byteCount = ((63 &- value.leadingZeroBitCount) &* 9 &+ 73) &>> 6
        var word = value & 0xFFF_FFFF | value &<< 4 & 0x0FFF_FFFF_0000_0000
        word = word & 0x0000_3FFF_0000_3FFF | word &<< 2 & 0x3FFF_0000_3FFF_0000
        word = word & 0x007F_007F_007F_007F | word &<< 1 & 0x7F00_7F00_7F00_7F00
        word |= 0x8080_8080_8080_8080 & (1 &<< UInt64(truncatingIfNeeded: 8 &* (byteCount &- 1)) &- 1)
        unsafe tail.storeBytes(of: word.littleEndian, as: UInt64.self)
        storedCount &+= byteCount
    }

    /// As many bytes as the varint has, and no other, are written.
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
