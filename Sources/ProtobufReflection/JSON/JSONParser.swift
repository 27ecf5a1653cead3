/// Parses one JSON document.
///
/// - Spec: RFC 8259; duplicate keys and lone surrogates are refused (a `string` field could not contain them).
struct JSONParser {
    private let bytes: [UInt8]
    private var offset = 0
    private var depthLeft: Int
    private let maximumDepth: Int

    private init(_ bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        depthLeft = maximumDepth
        self.maximumDepth = maximumDepth
    }

    /// - Parameter text: valid UTF-8, as Swift strings are.
    static func parse(_ text: String, maximumDepth: Int) throws(JSONError) -> JSONValue {
        var parser = JSONParser([UInt8](text.utf8), maximumDepth: maximumDepth)
        let value = try parser.parseValue()
        parser.skipBlanks()
        guard parser.offset == parser.bytes.count else { throw parser.syntax("unexpected text after the value") }
        return value
    }

    private func syntax(_ what: String) -> JSONError { JSONError(.syntax("\(what) at byte \(offset)")) }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        skipBlanks()
        guard let first = next else { throw syntax("unexpected end of text, expected a value") }
        switch first {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.parseObject() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        default: throw syntax("unexpected character, expected a value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depthLeft > 0 else { throw JSONError(.depthExceeded(limit: maximumDepth)) }
        depthLeft -= 1
        offset += 1
        let value = try body(&self)
        depthLeft += 1
        return value
    }

    private mutating func parseWord(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for byte in word.utf8 {
            guard take(byte) else { throw syntax("expected \"\(word)\"") }
        }
        return value
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        var members: [JSONMember] = []
        // As bytes: a map may have keys that Swift considers equal.
        var keys: Set<[UInt8]> = []
        skipBlanks()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw syntax("expected a key in quotes") }
            let key = try parseString()
            guard keys.insert([UInt8](key.utf8)).inserted else { throw JSONError(.duplicateKey, path: key) }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw syntax("expected ':'") }
            members.append(JSONMember(key: key, value: try parseValue()))
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw syntax("expected ',' or '}'") }
            return .object(members)
        }
    }

    private mutating func parseArray() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try parseValue())
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw syntax("expected ',' or ']'") }
            return .array(elements)
        }
    }

    private mutating func parseNumber() throws(JSONError) -> String {
        let length = JSONNumber.length(bytes[offset...])
        guard length > 0 else { throw syntax("expected a number") }
        let text = String(decoding: bytes[offset..<offset + length], as: UTF8.self)
        offset += length
        return text
    }

    private mutating func parseString() throws(JSONError) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += String(try parseEscape()).utf8
            case 0..<0x20: throw syntax("control character in a string")
            default: text.append(byte)
            }
        }
        throw syntax("unterminated string")
    }

    private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = next else { throw syntax("unterminated string") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw syntax("unknown escape")
        }
        let unit = try parseHex()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard (0xD800..<0xDC00).contains(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw syntax("lone surrogate")
        }
        let low = try parseHex()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00)))
        else { throw syntax("lone surrogate") }
        return scalar
    }

    private mutating func parseHex() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw syntax("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
