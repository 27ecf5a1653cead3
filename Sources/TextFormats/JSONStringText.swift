/// Why a text is not a JSON string.
public struct JSONStringError: Error, Sendable, Hashable {
    /// What is wrong, without its place: the reader's offset is there.
    public let problem: String
}

/// Reads one string of a JSON document, for every JSON reader of the product.
/// - Spec: RFC 8259 section 7.
public enum JSONStringText {
    /// - Parameters:
    ///   - bytes: the document.
    ///   - offset: after the opening quote; on return after the closing one, on failure near what is wrong.
    /// - Throws: ``JSONStringError``, the document's fault: control characters, unknown or incomplete escapes, lone
    ///   surrogates (a Swift string cannot hold one), bytes that are not UTF-8, a missing closing quote.
    public static func read(_ bytes: [UInt8], at offset: inout Int) throws(JSONStringError) -> String {
        var text: [UInt8] = []
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw JSONStringError(problem: "invalid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): text += String(Character(try escape(bytes, &offset))).utf8
            case 0..<0x20: throw JSONStringError(problem: "a control character")
            default: text.append(byte)
            }
        }
        throw JSONStringError(problem: "an unfinished string")
    }

    private static func escape(_ bytes: [UInt8], _ offset: inout Int) throws(JSONStringError) -> Unicode.Scalar {
        guard offset < bytes.count else { throw JSONStringError(problem: "an unfinished escape") }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw JSONStringError(problem: "an unknown escape")
        }
        let high = try codeUnit(bytes, &offset)
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard 0xD800..<0xDC00 ~= high, bytes[offset...].starts(with: #"\u"#.utf8) else {
            throw JSONStringError(problem: "a lone surrogate")
        }
        offset += 2
        let low = try codeUnit(bytes, &offset)
        guard 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10 | (low - 0xDC00)))
        else { throw JSONStringError(problem: "a lone surrogate") }
        return scalar
    }

    private static func codeUnit(_ bytes: [UInt8], _ offset: inout Int) throws(JSONStringError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard offset < bytes.count, let digit = Hex.value(of: bytes[offset]) else {
                throw JSONStringError(problem: "an escape without its four digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
