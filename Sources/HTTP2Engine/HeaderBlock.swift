internal import CNghttp2

/// The fields of one received header block: a view of the loop's scratch memory.
///
/// Valid only during the callback that receives it: copy what is kept.
public struct HeaderBlock {
    /// Where one field lies in the scratch.
    @usableFromInline
    struct Entry {
        @usableFromInline var nameOffset: UInt32
        @usableFromInline var nameCount: UInt32
        @usableFromInline var valueOffset: UInt32
        @usableFromInline var valueCount: UInt32
        @usableFromInline var known: KnownHeader

        init(
            nameOffset: UInt32, nameCount: UInt32, valueOffset: UInt32, valueCount: UInt32, known: KnownHeader
        ) {
            self.nameOffset = nameOffset
            self.nameCount = nameCount
            self.valueOffset = valueOffset
            self.valueCount = valueCount
            self.known = known
        }

        func moved(by offset: Int) -> Entry {
            Entry(
                nameOffset: UInt32(Int(nameOffset) + offset), nameCount: nameCount,
                valueOffset: UInt32(Int(valueOffset) + offset), valueCount: valueCount, known: known)
        }
    }

    @usableFromInline let bytes: UnsafeRawPointer
    @usableFromInline let entries: UnsafeBufferPointer<Entry>

    /// The block exceeded `HTTP2Limits.headerFieldsMax` or `headerListBytesMax`: the fields beyond are missing.
    public let exceedsLimit: Bool

    init(bytes: UnsafeRawPointer, entries: UnsafeBufferPointer<Entry>, exceedsLimit: Bool) {
        self.bytes = bytes
        self.entries = entries
        self.exceedsLimit = exceedsLimit
    }

    @inlinable
    public var count: Int { entries.count }

    @inlinable
    public subscript(index: Int) -> HeaderField {
        let entry = entries[index]
        return HeaderField(
            known: entry.known,
            name: UnsafeRawBufferPointer(start: bytes + Int(entry.nameOffset), count: Int(entry.nameCount)),
            value: UnsafeRawBufferPointer(start: bytes + Int(entry.valueOffset), count: Int(entry.valueCount))
        )
    }

    /// The first field of that name.
    @inlinable
    public func value(of known: KnownHeader) -> UnsafeRawBufferPointer? {
        for entry in entries where entry.known == known {
            return UnsafeRawBufferPointer(start: bytes + Int(entry.valueOffset), count: Int(entry.valueCount))
        }
        return nil
    }
}

extension HeaderBlock {
    /// Whether the first field of that name has exactly the value `text`.
    public func value(of known: KnownHeader, is text: StaticString) -> Bool {
        guard let value = value(of: known), let start = value.baseAddress else { return false }
        return value.count == text.utf8CodeUnitCount && memcmp(start, text.utf8Start, value.count) == 0
    }
}

/// One received field; valid as long as its block.
public struct HeaderField {
    /// `other` for a name outside the table; two fields of one known name have the same value here.
    public let known: KnownHeader
    /// Lower-case as HTTP/2 demands; pseudo-headers start with a colon.
    public let name: UnsafeRawBufferPointer
    /// Any bytes HTTP allows; not necessarily UTF-8.
    public let value: UnsafeRawBufferPointer

    @inlinable
    init(known: KnownHeader, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        self.known = known
        self.name = name
        self.value = value
    }

    /// Whether the name begins with `prefix`.
    public func nameStarts(with prefix: StaticString) -> Bool {
        guard let start = name.baseAddress, name.count >= prefix.utf8CodeUnitCount else { return false }
        return memcmp(start, prefix.utf8Start, prefix.utf8CodeUnitCount) == 0
    }

    public var nameString: String { String(decoding: name, as: UTF8.self) }
    public var valueString: String { String(decoding: value, as: UTF8.self) }
}

/// What a session keeps of a header block between two reads. A field is copied in once and out once, however small
/// the reads are.
struct UnfinishedHeaderBlock {
    fileprivate var entries = ContiguousArray<HeaderBlock.Entry>()
    fileprivate var bytes: [UInt8] = []
}

/// Where fields are collected while nghttp2 decodes: one growing byte area and one entry per field, for all blocks of
/// one `receive`. Offsets, not pointers: the area moves when it grows.
///
/// All sessions of a loop use it, one `receive` after the other, so nothing of a session may remain when its
/// `receive` returns: the next session would take it for its own (``UnfinishedHeaderBlock``).
struct HeaderScratch {
    struct Block {
        var firstEntry: Int
        var entryCount: Int
        var exceedsLimit: Bool
    }

    /// Larger areas are released once their blocks are handled.
    private static let keptBytesMax = 64 << 10

    private var area: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var byteCount = 0
    private var entries = ContiguousArray<HeaderBlock.Entry>()
    private var blocks = ContiguousArray<Block>()
    private var openBlockEntry = 0
    private var openBlockByte = 0
    /// Header bytes moved to or from sessions so far.
    private(set) var copiedByteCount = 0

    init() {
        capacity = 8 << 10
        area = .allocate(byteCount: capacity, alignment: 16)
    }

    func deallocate() { area.deallocate() }

    mutating func beginBlock() {
        openBlockEntry = entries.count
        openBlockByte = byteCount
    }

    mutating func append(
        known: KnownHeader, name: UnsafePointer<UInt8>, nameCount: Int, value: UnsafePointer<UInt8>,
        valueCount: Int
    ) {
        reserve(nameCount + valueCount)
        let nameOffset = byteCount
        memcpy(area + byteCount, name, nameCount)
        byteCount += nameCount
        memcpy(area + byteCount, value, valueCount)
        entries.append(
            HeaderBlock.Entry(
                nameOffset: UInt32(nameOffset), nameCount: UInt32(nameCount), valueOffset: UInt32(byteCount),
                valueCount: UInt32(valueCount), known: known))
        byteCount += valueCount
    }

    /// - Returns: the block's number, for `view`.
    mutating func endBlock(exceedsLimit: Bool) -> Int {
        blocks.append(
            Block(
                firstEntry: openBlockEntry, entryCount: entries.count - openBlockEntry,
                exceedsLimit: exceedsLimit))
        return blocks.count - 1
    }

    /// Drops the block that `beginBlock` started, for a 1xx response.
    mutating func dropOpenBlock() {
        entries.removeSubrange(openBlockEntry...)
        byteCount = openBlockByte
    }

    /// The first byte of the open block's value of `known`, to tell 1xx from a final status.
    func openBlockFirstByte(of known: KnownHeader) -> UInt8? {
        for entry in entries[openBlockEntry...] where entry.known == known && entry.valueCount > 0 {
            return area.load(fromByteOffset: Int(entry.valueOffset), as: UInt8.self)
        }
        return nil
    }

    /// Lends out a block; nothing may be appended meanwhile.
    func withBlock(_ number: Int, _ body: (HeaderBlock) -> Void) {
        let block = blocks[number]
        entries.withUnsafeBufferPointer { all in
            body(
                HeaderBlock(
                    bytes: area,
                    entries: UnsafeBufferPointer(
                        rebasing: all[block.firstEntry..<block.firstEntry + block.entryCount]),
                    exceedsLimit: block.exceedsLimit))
        }
    }

    /// Moves the fields of the incomplete block to those that its session already keeps.
    mutating func moveOpenBlock(to kept: inout UnfinishedHeaderBlock) {
        let moved = entries[openBlockEntry...]
        guard !moved.isEmpty else { return }
        let shift = kept.bytes.count - openBlockByte
        kept.entries.append(contentsOf: moved.lazy.map { $0.moved(by: shift) })
        kept.bytes.append(
            contentsOf: UnsafeRawBufferPointer(start: area + openBlockByte, count: byteCount - openBlockByte))
        copiedByteCount += byteCount - openBlockByte
        dropOpenBlock()
    }

    /// Completes the open block at its end: what its session kept, and what arrived with this read.
    mutating func joinOpenBlock(to kept: consuming UnfinishedHeaderBlock) {
        moveOpenBlock(to: &kept)
        reserve(kept.bytes.count)
        let start = byteCount
        kept.bytes.withUnsafeBytes { if let source = $0.baseAddress { memcpy(area + start, source, $0.count) } }
        byteCount += kept.bytes.count
        copiedByteCount += kept.bytes.count
        entries.append(contentsOf: kept.entries.lazy.map { $0.moved(by: start) })
    }

    /// Drops everything.
    mutating func reset() {
        blocks.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        byteCount = 0
        openBlockEntry = 0
        openBlockByte = 0
        if capacity > Self.keptBytesMax {
            area.deallocate()
            capacity = Self.keptBytesMax
            area = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    private mutating func reserve(_ more: Int) {
        guard byteCount + more > capacity else { return }
        while byteCount + more > capacity { capacity *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        memcpy(larger, area, byteCount)
        area.deallocate()
        area = larger
    }
}
