internal import CNghttp2

/// Fields to send, in order, in flat storage that `removeAll()` keeps: one per loop serves all its calls.
///
/// Names must be lower-case, pseudo-headers first, and no value may contain CR, LF or NUL: the peer would reset the
/// stream. `PreparedHeaders` consist of these too.
public struct HeaderList: ~Copyable {
    struct Entry {
        /// An address when the text is static, else an offset into `bytes`.
        var name: UInt
        var value: UInt
        var nameCount: Int
        var valueCount: Int
        var flags: UInt8
    }

    private(set) var entries = ContiguousArray<Entry>()
    private var bytes: UnsafeMutableRawPointer
    private var byteCapacity: Int
    private var byteCount = 0

    private static let staticName = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue)
    private static let staticValue = UInt8(NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    private static let neverIndexed = UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue)

    public init() {
        byteCapacity = 256
        bytes = .allocate(byteCount: byteCapacity, alignment: 1)
    }

    deinit { bytes.deallocate() }

    public var count: Int { entries.count }

    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    /// Adds literal text, which is never copied.
    public mutating func add(_ name: StaticString, _ value: StaticString) {
        guard value.hasPointerRepresentation else { return add(name, value.description) }
        append(
            name: Self.address(name), nameCount: name.utf8CodeUnitCount, value: Self.address(value),
            valueCount: value.utf8CodeUnitCount, flags: Self.staticName | Self.staticValue)
    }

    /// - Parameter isSensitive: never added to the peer's compression table, where a guess could be confirmed.
    public mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer, isSensitive: Bool = false)
    {
        let offset = store(value)
        append(
            name: Self.address(name), nameCount: name.utf8CodeUnitCount, value: offset,
            valueCount: value.count,
            flags: Self.staticName | (isSensitive ? Self.neverIndexed : 0))
    }

    public mutating func add(_ name: StaticString, _ value: String, isSensitive: Bool = false) {
        var value = value
        value.withUTF8 { add(name, UnsafeRawBufferPointer($0), isSensitive: isSensitive) }
    }

    public mutating func add(
        name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, isSensitive: Bool = false
    ) {
        let nameOffset = store(name)
        let valueOffset = store(value)
        append(
            name: nameOffset, nameCount: name.count, value: valueOffset, valueCount: value.count,
            flags: isSensitive ? Self.neverIndexed : 0)
    }

    public mutating func add(name: String, value: String, isSensitive: Bool = false) {
        var name = name
        var value = value
        name.withUTF8 { name in
            value.withUTF8 { value in
                add(
                    name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer(value),
                    isSensitive: isSensitive)
            }
        }
    }

    /// Writes nghttp2's representation; pointers stay valid until this list changes.
    func fill(_ fields: UnsafeMutablePointer<nghttp2_nv>) {
        let base = bytes.assumingMemoryBound(to: UInt8.self)
        for (index, entry) in entries.enumerated() {
            let name =
                entry.flags & Self.staticName != 0
                ? UnsafeMutablePointer<UInt8>(bitPattern: entry.name) : base + Int(entry.name)
            let value =
                entry.flags & Self.staticValue != 0
                ? UnsafeMutablePointer<UInt8>(bitPattern: entry.value) : base + Int(entry.value)
            fields[index] = nghttp2_nv(
                name: name, value: value, namelen: entry.nameCount, valuelen: entry.valueCount,
                flags: entry.flags)
        }
    }

    /// An independent list with the same fields.
    func copy() -> HeaderList {
        var list = HeaderList()
        _ = list.store(UnsafeRawBufferPointer(start: bytes, count: byteCount))
        list.entries = entries
        return list
    }

    private mutating func append(name: UInt, nameCount: Int, value: UInt, valueCount: Int, flags: UInt8) {
        entries.append(
            Entry(name: name, value: value, nameCount: nameCount, valueCount: valueCount, flags: flags))
    }

    private mutating func store(_ text: UnsafeRawBufferPointer) -> UInt {
        if byteCount + text.count > byteCapacity {
            while byteCount + text.count > byteCapacity { byteCapacity *= 2 }
            let larger = UnsafeMutableRawPointer.allocate(byteCount: byteCapacity, alignment: 1)
            memcpy(larger, bytes, byteCount)
            bytes.deallocate()
            bytes = larger
        }
        if let start = text.baseAddress { memcpy(bytes + byteCount, start, text.count) }
        byteCount += text.count
        return UInt(byteCount - text.count)
    }

    private static func address(_ text: StaticString) -> UInt {
        precondition(text.hasPointerRepresentation, "a header name is longer than one character")
        return UInt(bitPattern: text.utf8Start)
    }
}

/// An immutable list shared by all calls that send it: response headers, the trailers of success.
///
/// `@unchecked Sendable`: nothing changes after init, and the memory it points to lives as long as the object.
public final class PreparedHeaders: @unchecked Sendable {
    let fields: UnsafeMutablePointer<nghttp2_nv>
    let count: Int
    private let list: HeaderList

    /// Copies `list`.
    public init(_ list: borrowing HeaderList) {
        self.list = list.copy()
        count = list.count
        fields = .allocate(capacity: max(1, count))
        self.list.fill(fields)
    }

    /// Literal fields only.
    public convenience init(_ pairs: [(StaticString, StaticString)]) {
        var list = HeaderList()
        for (name, value) in pairs { list.add(name, value) }
        self.init(list)
    }

    deinit { fields.deallocate() }
}
