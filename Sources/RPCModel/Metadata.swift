/// Ordered name/value pairs that travel with a call: request metadata, initial and trailing response
/// metadata.
/// 
///
/// Names are lower-case; a name that ends in `-bin` carries bytes (base64 on the wire), any other carries
/// ASCII text. Pairs live in one byte array with an index, so metadata that nobody looks at costs one copy
/// and
/// no strings.
/// - Spec: PROTOCOL-HTTP2.md, "Custom-Metadata".
public struct Metadata: Sendable {
    public enum FieldValue: Sendable, Hashable {
        case text(String)
        case binary([UInt8])
    }

    @usableFromInline
    struct Field: Sendable {
        var nameStart: Int
        var nameEnd: Int
        var valueEnd: Int
        var isBinary: Bool
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    public init() {}

    public var isEmpty: Bool { fields.isEmpty }

    /// Makes room for what is about to be appended: pairs, and bytes of names and values together.
    public mutating func reserve(fieldCount: Int, byteCount: Int) {
        fields.reserveCapacity(fields.count + fieldCount)
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    /// Appends a text value.
    ///
    /// - Parameter name: lower-case letters, digits, `-`, `_`, `.`; not `grpc-…`, not `…-bin`: names are the
    ///   program's own, so another one is a mistake in the program. Check a user's with ``isValidName(_:)``.
    /// - Parameter value: characters outside 0x20...0x7E are sent as `?`, because a header cannot carry them.
    public mutating func append(_ name: String, _ value: String) {
        precondition(
            Self.isValidName(name) && !name.hasSuffix("-bin"), "not a metadata name for text: \(name)")
        append(
            name: name.utf8, isBinary: false,
            value: value.utf8.lazy.map { (0x20...0x7E).contains($0) ? $0 : 0x3F })
    }

    /// Appends a binary value; `name` must end in `-bin`.
    public mutating func append(_ name: String, binary value: [UInt8]) {
        precondition(
            Self.isValidName(name) && name.hasSuffix("-bin"), "not a metadata name for bytes: \(name)")
        append(name: name.utf8, isBinary: true, value: value)
    }

    /// Appends a field as it came over the wire: decodes `-bin` values, splitting them on commas.
    ///
    /// A `-bin` value that is no base64 is dropped: the peer's fault must not fail the call.
    public mutating func append(
        wireName name: UnsafeRawBufferPointer, wireValue value: UnsafeRawBufferPointer
    ) {
        guard unsafe Self.isBinaryName(name) else {
            let nameStart = bytes.count
            unsafe bytes.append(contentsOf: name)
            unsafe bytes.append(contentsOf: value)
            fields.append(
                Field(
                    nameStart: nameStart, nameEnd: nameStart + name.count, valueEnd: bytes.count,
                    isBinary: false))
            return
        }
        for part in unsafe [UInt8](value).split(separator: 0x2C, omittingEmptySubsequences: false) {
            guard let decoded = Base64.decode(part) else { continue }
            unsafe append(name: name, isBinary: true, value: decoded)
        }
    }

    /// Whether a program may send this name: the gRPC character set, and outside the reserved `grpc-`.
    public static func isValidName(_ name: String) -> Bool {
        guard !name.isEmpty, !name.hasPrefix("grpc-") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }

    /// The first text value under `name`.
    public subscript(name: String) -> String? {
        for field in fields where !field.isBinary && matches(field, name) { return text(of: field) }
        return nil
    }

    /// Every text value under `name`, in order.
    public func values(named name: String) -> [String] {
        fields.filter { !$0.isBinary && matches($0, name) }.map(text(of:))
    }

    /// The first binary value under `name`, which ends in `-bin`.
    public func binary(named name: String) -> [UInt8]? {
        for field in fields where field.isBinary && matches(field, name) { return value(of: field) }
        return nil
    }

    /// Removes every value under `name`.
    public mutating func removeAll(named name: String) {
        fields = fields.filter { !matches($0, name) }
    }

    /// Appends every pair of `other`, after the own ones.
    public mutating func append(contentsOf other: Metadata) {
        if fields.isEmpty {
            self = other
            return
        }
        for field in other.fields {
            append(
                name: other.bytes[field.nameStart..<field.nameEnd], isBinary: field.isBinary,
                value: other.value(of: field))
        }
    }

    /// Calls `body` with each field as it goes on the wire: `-bin` values in unpadded base64.
    public func forEachWireField(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for field in fields {
            let value = bytes[field.nameEnd..<field.valueEnd]
            body(bytes[field.nameStart..<field.nameEnd], field.isBinary ? Base64.encode(value)[...] : value)
        }
    }

    /// Bytes as HTTP/2 counts a header list: name + value + 32 for each field, base64 included.
    /// - Spec: RFC 9113 section 6.5.2, SETTINGS_MAX_HEADER_LIST_SIZE.
    public var headerListByteCount: Int {
        fields.reduce(0) { sum, field in
            let value = field.valueEnd - field.nameEnd
            return sum + field.nameEnd - field.nameStart + (field.isBinary ? (value * 4 + 2) / 3 : value) + 32
        }
    }

    private mutating func append(name: some Sequence<UInt8>, isBinary: Bool, value: some Sequence<UInt8>) {
        let nameStart = bytes.count
        bytes.append(contentsOf: name)
        let nameEnd = bytes.count
        bytes.append(contentsOf: value)
        fields.append(
            Field(nameStart: nameStart, nameEnd: nameEnd, valueEnd: bytes.count, isBinary: isBinary))
    }

    private func matches(_ field: Field, _ name: String) -> Bool {
        bytes[field.nameStart..<field.nameEnd].elementsEqual(name.utf8)
    }

    private func text(of field: Field) -> String { String(decoding: value(of: field), as: UTF8.self) }

    private func value(of field: Field) -> [UInt8] { Array(bytes[field.nameEnd..<field.valueEnd]) }

    private static func isBinaryName(_ name: UnsafeRawBufferPointer) -> Bool {
        unsafe name.count > 4 && name.suffix(4).elementsEqual("-bin".utf8)
    }
}

extension Metadata: Sequence {
    /// The pairs in order, as (name, value).
    public func makeIterator() -> AnyIterator<(name: String, value: FieldValue)> {
        var index = 0
        return AnyIterator { [self] in
            guard index < fields.count else { return nil }
            let field = fields[index]
            index += 1
            let name = String(decoding: bytes[field.nameStart..<field.nameEnd], as: UTF8.self)
            return (name, field.isBinary ? .binary(value(of: field)) : .text(text(of: field)))
        }
    }
}

extension Metadata: Hashable {
    public static func == (left: Metadata, right: Metadata) -> Bool {
        left.fields.count == right.fields.count
            && zip(left, right).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        for (name, value) in self {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}
