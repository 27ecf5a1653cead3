package import TelehealthModel

/// JSON with one spelling for each value, so that a hash of it means something.
///
/// Spec: RFC 8785 (JSON Canonicalization Scheme): no white space, members by name, shortest escapes. Numbers are
/// whole ones below 2^53 here, and names are ASCII, so the order of UTF-16 units is that of the bytes.
indirect enum CanonicalJSON: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
    case array([CanonicalJSON])
    case object([String: CanonicalJSON])

    var bytes: [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .integer(let value): output += String(value).utf8
        case .text(let text): Self.write(text, to: &output)
        case .array(let items):
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                item.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, member) in sorted.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += "\\\"".utf8
            case UInt8(ascii: "\\"): output += "\\\\".utf8
            case 8: output += "\\b".utf8
            case 9: output += "\\t".utf8
            case 10: output += "\\n".utf8
            case 12: output += "\\f".utf8
            case 13: output += "\\r".utf8
            case 0..<32:
                let digits = Array("0123456789abcdef".utf8)
                output += "\\u00".utf8
                output += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

extension CanonicalJSON {
    static func optional(_ text: String?) -> CanonicalJSON { text.map(CanonicalJSON.text) ?? .null }
    static func optional(_ instant: Timestamp?) -> CanonicalJSON { optional(instant?.rfc3339Microseconds) }
}

extension Timestamp {
    /// RFC 3339 in UTC with six digits of the second ("2026-11-22T09:30:00.000250Z").
    package var rfc3339Microseconds: String {
        let remainder = microseconds % 1_000_000
        let digits = String(remainder < 0 ? remainder + 1_000_000 : remainder)
        return rfc3339.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }
}
