internal import TextFormats

/// Ordered name/value pairs of a call: request metadata, initial and trailing response metadata.
///
/// Names are lower-case. A name that ends in `-bin` has a binary value (base64 on the wire), any other an ASCII text
/// value. Pairs are stored in one byte array with an index, so metadata that is not read costs one copy and no
/// strings.
/// - Spec: PROTOCOL-HTTP2.md, "Custom-Metadata".
public struct Metadata: Sendable {
    public enum FieldValue: Sendable, Hashable {
        case text(String)
        case binary([UInt8])
    }

    /// Where one field is in `bytes`.
    private struct Field {
        var nameStart: Int
        var nameEnd: Int
        var valueEnd: Int
        var isBinary: Bool
    }

    /// A field is the length of its name and of its value, 4 bytes little-endian each, then name and value. One
    /// array: a call's metadata costs one allocation. The top bit of the first length marks a binary value.
    private var bytes: [UInt8] = []
    private static let lengthsByteCount = 8
    private static let binaryMark: UInt32 = 1 << 31

    public init() {}

    public var isEmpty: Bool { bytes.isEmpty }

    /// Reserves space for fields to be appended: their number, and the bytes of names and values together.
    public mutating func reserve(fieldCount: Int, byteCount: Int) {
        bytes.reserveCapacity(bytes.count + fieldCount * Self.lengthsByteCount + byteCount)
    }

    /// Appends a text value.
    ///
    /// - Parameter name: lower-case letters, digits, `-`, `_`, `.`; not `grpc-…`, not `…-bin`. An invalid name is a
    ///   programming error and traps: check names from users with ``isValidName(_:)``.
    /// - Parameter value: characters outside 0x20...0x7E are sent as `?`, because a header cannot contain them.
    public mutating func append(_ name: String, _ value: String) {
        precondition(
            Self.isValidName(name) && !name.hasSuffix("-bin"), "invalid name for text metadata: \(name)")
        append(
            name: name.utf8, isBinary: false,
            value: value.utf8.lazy.map { (0x20...0x7E).contains($0) ? $0 : 0x3F })
    }

    /// Appends a binary value; `name` must end in `-bin`.
    public mutating func append(_ name: String, binary value: [UInt8]) {
        precondition(
            Self.isValidName(name) && name.hasSuffix("-bin"),
            "invalid name for binary metadata (must end in -bin): \(name)")
        append(name: name.utf8, isBinary: true, value: value)
    }

    /// Appends a field as received: decodes `-bin` values, splitting them on commas.
    ///
    /// A `-bin` value that is not base64 is dropped: the peer's fault must not fail the call.
    public mutating func append(
        wireName name: UnsafeRawBufferPointer, wireValue value: UnsafeRawBufferPointer
    ) {
        guard unsafe Self.isBinaryName(name) else {
            appendLengths(name.count, value.count, isBinary: false)
            unsafe bytes.append(contentsOf: name)
            unsafe bytes.append(contentsOf: value)
            return
        }
        for part in unsafe [UInt8](value).split(separator: 0x2C, omittingEmptySubsequences: false) {
            guard let decoded = Base64.unpadded.decode(part) else { continue }
            unsafe append(name: name, isBinary: true, value: decoded)
        }
    }

    /// Whether a program may send this name: gRPC's character set, and without the reserved prefix `grpc-`.
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
        var offset = 0
        while let field = next(&offset) {
            if !field.isBinary, matches(field, name) { return text(of: field) }
        }
        return nil
    }

    /// Every text value under `name`, in order.
    public func values(named name: String) -> [String] {
        var values: [String] = []
        var offset = 0
        while let field = next(&offset) {
            if !field.isBinary, matches(field, name) { values.append(text(of: field)) }
        }
        return values
    }

    /// Fields under that name.
    public func count(named name: String) -> Int {
        var count = 0
        var offset = 0
        while let field = next(&offset) {
            if matches(field, name) { count += 1 }
        }
        return count
    }

    /// The first binary value under `name`, which ends in `-bin`.
    public func binary(named name: String) -> [UInt8]? {
        var offset = 0
        while let field = next(&offset) {
            if field.isBinary, matches(field, name) { return value(of: field) }
        }
        return nil
    }

    /// Removes every value under `name`.
    public mutating func removeAll(named name: String) {
        var kept: [UInt8] = []
        var (offset, start) = (0, 0)
        while let field = next(&offset) {
            if !matches(field, name) { kept += bytes[start..<offset] }
            start = offset
        }
        bytes = kept
    }

    /// Appends every pair of `other` after the existing ones.
    public mutating func append(contentsOf other: Metadata) {
        if bytes.isEmpty { bytes = other.bytes } else { bytes += other.bytes }
    }

    /// Calls `body` with each field as sent on the wire: `-bin` values in unpadded base64.
    public func forEachWireField(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        var offset = 0
        while let field = next(&offset) {
            let value = bytes[field.nameEnd..<field.valueEnd]
            body(bytes[field.nameStart..<field.nameEnd], field.isBinary ? Base64.unpadded.encode(value)[...] : value)
        }
    }

    private mutating func append(name: some Sequence<UInt8>, isBinary: Bool, value: some Sequence<UInt8>) {
        let (name, value) = (Array(name), Array(value))
        appendLengths(name.count, value.count, isBinary: isBinary)
        bytes += name
        bytes += value
    }

    private mutating func appendLengths(_ nameCount: Int, _ valueCount: Int, isBinary: Bool) {
        let name = UInt32(nameCount) | (isBinary ? Self.binaryMark : 0)
        let both = UInt64(UInt32(valueCount)) << 32 | UInt64(name)
        unsafe withUnsafeBytes(of: both.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// The field at `offset`, which moves past it; `nil` at the end.
    private func next(_ offset: inout Int) -> Field? {
        guard offset < bytes.count else { return nil }
        // Every field begins with its lengths, so they are there.
        let both = UInt64(
            littleEndian: unsafe bytes.withUnsafeBytes {
                unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            })
        let name = UInt32(truncatingIfNeeded: both)
        let nameStart = offset + Self.lengthsByteCount
        let nameEnd = nameStart + Int(name & ~Self.binaryMark)
        offset = nameEnd + Int(both >> 32)
        return Field(
            nameStart: nameStart, nameEnd: nameEnd, valueEnd: offset, isBinary: name & Self.binaryMark != 0)
    }

    private func matches(_ field: Field, _ name: String) -> Bool {
        // Most names differ in length.
        field.nameEnd - field.nameStart == name.utf8.count
            && bytes[field.nameStart..<field.nameEnd].elementsEqual(name.utf8)
    }

    private func text(of field: Field) -> String {
        String(decoding: bytes[field.nameEnd..<field.valueEnd], as: UTF8.self)
    }

    private func value(of field: Field) -> [UInt8] { Array(bytes[field.nameEnd..<field.valueEnd]) }

    private static func isBinaryName(_ name: UnsafeRawBufferPointer) -> Bool {
        unsafe name.count > 4 && name.suffix(4).elementsEqual("-bin".utf8)
    }
}

extension Metadata: Sequence {
    /// The pairs in order, as (name, value).
    public func makeIterator() -> AnyIterator<(name: String, value: FieldValue)> {
        var offset = 0
        return AnyIterator { [self] in
            guard let field = next(&offset) else { return nil }
            let name = String(decoding: bytes[field.nameStart..<field.nameEnd], as: UTF8.self)
            return (name, field.isBinary ? .binary(value(of: field)) : .text(text(of: field)))
        }
    }
}

extension Metadata: Hashable {
    public static func == (left: Metadata, right: Metadata) -> Bool {
        left.bytes == right.bytes
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}
