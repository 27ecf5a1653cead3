internal import TextFormats

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
        do throws(JSONStringError) { return try JSONStringText.read(bytes, at: &offset) } catch {
            throw syntax(error.problem)
        }
    }
}
