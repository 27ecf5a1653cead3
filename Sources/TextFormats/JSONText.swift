/// A JSON document small enough to hold whole: a policy file, a receipt, an exported record.
///
/// Written without spaces and with members in the order of their keys' UTF-8 bytes, so that one value has one text.
/// Numbers are whole: nothing here counts in fractions, and whole numbers read the same everywhere. Others' documents
/// may hold fractions; they are read where that is asked for.
/// - Spec: RFC 8259; the order and the escapes as RFC 8785 has them, for the values that occur here.
public indirect enum JSONText: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Int64)
    /// A number with a fraction or an exponent, or one beyond `Int64`; finite. Only ever read.
    case fraction(Double)
    case string(String)
    case array([JSONText])
    case object([String: JSONText])

    /// Longest document that is read, in bytes: a policy file has some 4 KiB.
    public static let bytesMax = 256 * 1024
    /// Deepest nesting that is read.
    public static let depthMax = 32

    /// The canonical text.
    public var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The canonical text's UTF-8 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let value): bytes += Array((value ? "true" : "false").utf8)
        case .number(let value): bytes += Array(String(value).utf8)
        case .fraction(let value): bytes += Array(String(value).utf8)
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                item.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for (index, key) in keys.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                members[key]?.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): bytes += Array("\\\\".utf8)
            case 0x08: bytes += Array("\\b".utf8)
            case 0x09: bytes += Array("\\t".utf8)
            case 0x0A: bytes += Array("\\n".utf8)
            case 0x0C: bytes += Array("\\f".utf8)
            case 0x0D: bytes += Array("\\r".utf8)
            case 0..<0x20:
                bytes += Array("\\u00".utf8)
                Hex.append(byte, to: &bytes)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSONText {
    /// The object without the members that are nil.
    public static func object(present members: [String: JSONText?]) -> JSONText {
        .object(members.compactMapValues { $0 })
    }

    public static func strings(_ items: some Sequence<String>) -> JSONText {
        .array(items.map(JSONText.string))
    }

    public subscript(key: String) -> JSONText? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    public var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    public var numberValue: Int64? {
        guard case .number(let value) = self else { return nil }
        return value
    }

    /// A number of either kind.
    public var realValue: Double? {
        switch self {
        case .number(let value): Double(value)
        case .fraction(let value): value
        default: nil
        }
    }

    public var arrayValue: [JSONText]? {
        guard case .array(let items) = self else { return nil }
        return items
    }
}
