/// The wire type in the low three bits of a tag.
///
/// - Spec: protobuf encoding, "Message Structure".
public enum WireFormat: UInt32, Sendable {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}

/// Reads tags and values from the bytes of one message, including nested messages.
///
/// The reader borrows its bytes: it lives inside the call that decodes them. It is not copyable and is passed `inout`
/// only, so a message's `merge` cannot keep it.
@safe
public struct WireReader: ~Copyable {
    @usableFromInline var current: UnsafeRawPointer
    /// The end of the current message; a nested message moves it inwards temporarily.
    @usableFromInline var end: UnsafeRawPointer
    @usableFromInline var depthLeft: Int
    @usableFromInline var messagesLeft: Int
    /// The tag that ends the group being read; 0 outside groups.
    @usableFromInline var groupEndTag: UInt32
    @usableFromInline let limits: DecodingLimits

    /// - Parameter bytes: one whole message; must outlive the reader.
    /// - Parameter limits: bounds on depth, sizes and counts, checked before memory is taken.
    @unsafe @inlinable
    public init(_ bytes: UnsafeRawBufferPointer, limits: DecodingLimits = .default) {
        // An empty buffer may have no address; any non-null address works, because it is never read.
        unsafe current = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        unsafe end = unsafe current + bytes.count
        depthLeft = limits.maximumDepth
        messagesLeft = limits.maximumMessageCount
        groupEndTag = 0
        self.limits = limits
    }

    /// Bytes left in the message being read.
    @inlinable public var remaining: Int { unsafe end - current }

    /// The next tag, or nil at the end of the current message.
    ///
    /// Field number and wire type are not checked: a tag that the message does not know goes to
    /// ``keepUnknown(_:in:)``, which refuses invalid ones.
    @inlinable @inline(__always)
    public mutating func nextTag() throws(WireError) -> UInt32? {
        guard unsafe current < end else { return nil }
        let first = unsafe current.load(as: UInt8.self)
        if first < 0x80 {
            unsafe current += 1
            return UInt32(first)
        }
        // Two bytes: field numbers 16 to 2047.
        if remaining >= 2 {
            let second = unsafe current.load(fromByteOffset: 1, as: UInt8.self)
            if second < 0x80 {
                unsafe current += 2
                return UInt32(first & 0x7F) | UInt32(second) &<< 7
            }
        }
        return try longTag()
    }

    /// A tag of up to five bytes; longer ones or above 32 bits are refused, even if they are only padding.
    @usableFromInline
    mutating func longTag() throws(WireError) -> UInt32 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while unsafe current < end {
            let byte = unsafe current.load(as: UInt8.self)
            unsafe current += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard value <= UInt64(UInt32.max) else { throw .invalidTag }
                return UInt32(truncatingIfNeeded: value)
            }
            shift += 7
            guard shift < 35 else { throw .invalidTag }
        }
        throw .truncated
    }

    /// A base-128 varint of one to ten bytes.
    ///
    /// - Throws: ``WireError/truncated``; ``WireError/varintOverflow`` past ten bytes. Bits above 64 in the tenth
    ///   byte are dropped, as in every implementation.
    @inlinable @inline(__always)
    public mutating func readVarint() throws(WireError) -> UInt64 {
        guard unsafe current < end else { throw .truncated }
        let first = unsafe current.load(as: UInt8.self)
        if first < 0x80 {
            unsafe current += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    @usableFromInline
    mutating func longVarint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while unsafe current < end {
            let byte = unsafe current.load(as: UInt8.self)
            unsafe current += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 70 else { throw .varintOverflow }
        }
        throw .truncated
    }

    /// Four bytes, least significant first.
    @inlinable @inline(__always)
    public mutating func readFixed32() throws(WireError) -> UInt32 {
        guard remaining >= 4 else { throw .truncated }
        let value = unsafe current.loadUnaligned(as: UInt32.self)
        unsafe current += 4
        return UInt32(littleEndian: value)
    }

    /// Eight bytes, least significant first.
    @inlinable @inline(__always)
    public mutating func readFixed64() throws(WireError) -> UInt64 {
        guard remaining >= 8 else { throw .truncated }
        let value = unsafe current.loadUnaligned(as: UInt64.self)
        unsafe current += 8
        return UInt64(littleEndian: value)
    }

    /// A length: a varint of one to five bytes.
    ///
    /// - Throws: ``WireError/truncated``; ``WireError/varintOverflow`` past five bytes, even if they are only
    ///   padding, and past the 2 GiB that no message may exceed: other implementations refuse these, and the end of a
    ///   message must not depend on its reader.
    @inlinable @inline(__always)
    mutating func readLength() throws(WireError) -> Int {
        guard unsafe current < end else { throw .truncated }
        let first = unsafe current.load(as: UInt8.self)
        if first < 0x80 {
            unsafe current += 1
            return Int(first)
        }
        return try longLength()
    }

    @usableFromInline
    mutating func longLength() throws(WireError) -> Int {
        let start = unsafe current
        let value = try longVarint()
        guard unsafe current - start <= 5, value <= UInt64(Int32.max) else { throw .varintOverflow }
        return Int(truncatingIfNeeded: value)
    }

    /// A length and that many bytes, which are skipped. Nothing is allocated before the bytes are known to be
    /// present.
    ///
    /// - Returns: the bytes, valid as long as the reader.
    @unsafe @inlinable @inline(__always)
    mutating func readDelimited() throws(WireError) -> UnsafeRawBufferPointer {
        let count = try readLength()
        guard count <= remaining else { throw .truncated }
        let start = unsafe current
        unsafe current += count
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }

    /// A `string` value: a length and UTF-8.
    ///
    /// - Throws: ``WireError/invalidUTF8``, ``WireError/truncated``, ``WireError/varintOverflow``.
    @inlinable @inline(__always)
    mutating func readString() throws(WireError) -> String {
        let bytes = try unsafe readDelimited()
        return try unsafe Self.makeString(bytes)
    }

    @usableFromInline
    static func makeString(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> String {
        let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
        if unsafe isASCII(bytes) {
            return String(copying: unsafe UTF8Span(unchecked: span, isKnownASCII: true))
        }
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: span))
        } catch {
            throw .invalidUTF8
        }
    }

    /// Eight bytes at a time: most texts are identifiers and names, which need no further check.
    @inline(__always)
    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        var seen: UInt64 = 0
        while offset &+ 8 <= bytes.count {
            seen |= unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        while offset < bytes.count {
            seen |= UInt64(unsafe bytes.load(fromByteOffset: offset, as: UInt8.self))
            offset &+= 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// A `bytes` value.
    @inlinable
    public mutating func readBytes() throws(WireError) -> [UInt8] {
        unsafe [UInt8](try readDelimited())
    }

    /// Everything left of the message being read, appended to `bytes`.
    mutating func readRemaining(into bytes: inout [UInt8]) {
        unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: current, count: remaining))
        unsafe current = unsafe end
    }

    /// Runs `body` on a length-delimited nested message.
    ///
    /// - Throws: what `body` throws; ``WireError/depthExceeded(limit:)`` and
    ///   ``WireError/messageCountExceeded(limit:)`` before anything is created.
    @inlinable
    public mutating func readNested(
        _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        let bytes = try unsafe readDelimited()
        let after = unsafe current
        let outerEnd = unsafe end
        let outerGroup = groupEndTag
        try enter()
        unsafe current = unsafe after - bytes.count
        unsafe end = unsafe after
        groupEndTag = 0
        try body(&self)
        unsafe current = unsafe after
        unsafe end = unsafe outerEnd
        groupEndTag = outerGroup
        depthLeft &+= 1
    }

    /// Runs `body` once per element of a packed run.
    public mutating func readRun(
        _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        let bytes = try unsafe readDelimited()
        let after = unsafe current
        let outerEnd = unsafe end
        unsafe current = unsafe after - bytes.count
        unsafe end = unsafe after
        while unsafe current < end { try body(&self) }
        unsafe end = unsafe outerEnd
    }

    /// Runs `body` on a group whose start tag was just read, up to and including its end tag.
    ///
    /// - Throws: ``WireError/truncated`` when the group does not end, and as ``readNested(_:)``.
    public mutating func readGroup(
        _ field: UInt32, _ body: (inout WireReader) throws(WireError) -> Void
    ) throws(WireError) {
        let outerGroup = groupEndTag
        try enter()
        groupEndTag = field << 3 | WireFormat.groupEnd.rawValue
        try body(&self)
        // `keepUnknown` clears the tag when it meets the end; a body that ran out of bytes leaves it.
        guard groupEndTag == 0 else { throw .truncated }
        groupEndTag = outerGroup
        depthLeft &+= 1
    }

    @inlinable @inline(__always)
    mutating func enter() throws(WireError) {
        guard depthLeft > 0 else { throw .depthExceeded(limit: limits.maximumDepth) }
        guard messagesLeft > 0 else { throw .messageCountExceeded(limit: limits.maximumMessageCount) }
        depthLeft &-= 1
        messagesLeft &-= 1
    }

    /// Handles a field that the message does not know: keeps its bytes, or ends the message at the end of the
    /// enclosing group.
    ///
    /// - Returns: false when `tag` ends the current group; the message is then complete.
    /// - Throws: ``WireError/invalidTag`` for field number 0 and wire types 6 and 7, ``WireError/unmatchedGroupEnd``,
    ///   and any error of the value.
    public mutating func keepUnknown(
        _ tag: UInt32, in fields: inout UnknownFields
    ) throws(WireError) -> Bool {
        guard try !endsGroup(tag) else { return false }
        let start = unsafe current
        try skipValue(tag)
        unsafe fields.append(tag: tag, value: UnsafeRawBufferPointer(start: start, count: current - start))
        return true
    }

    /// Skips a field, like ``keepUnknown(_:in:)`` without keeping it.
    public mutating func skipUnknown(_ tag: UInt32) throws(WireError) -> Bool {
        guard try !endsGroup(tag) else { return false }
        try skipValue(tag)
        return true
    }

    private mutating func endsGroup(_ tag: UInt32) throws(WireError) -> Bool {
        guard tag & 7 == WireFormat.groupEnd.rawValue else { return false }
        guard tag >= 8 else { throw .invalidTag }
        guard tag == groupEndTag else { throw .unmatchedGroupEnd }
        groupEndTag = 0
        return true
    }

    private mutating func skipValue(_ tag: UInt32) throws(WireError) {
        guard tag >= 8, let format = WireFormat(rawValue: tag & 7) else { throw .invalidTag }
        switch format {
        case .varint: _ = try readVarint()
        case .fixed64: _ = try readFixed64()
        case .lengthDelimited: _ = try unsafe readDelimited()
        case .fixed32: _ = try readFixed32()
        case .groupStart: try skipGroup(tag)
        case .groupEnd: throw .unmatchedGroupEnd
        }
    }

    private mutating func skipGroup(_ startTag: UInt32) throws(WireError) {
        guard depthLeft > 0 else { throw .depthExceeded(limit: limits.maximumDepth) }
        depthLeft -= 1
        let endTag = startTag + 1
        while let tag = try nextTag() {
            if tag == endTag {
                depthLeft += 1
                return
            }
            try skipValue(tag)
        }
        throw .truncated
    }
}
