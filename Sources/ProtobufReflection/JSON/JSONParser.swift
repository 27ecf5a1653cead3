internal import TextFormats

/// Parses one JSON document.
///
/// - Spec: RFC 8259; duplicate keys and lone surrogates are refused (a `string` field could not contain them).
struct JSONParser {
    private var scanner: JSONScanner
    private var depthLeft: Int
    private let maximumDepth: Int

    private init(_ bytes: [UInt8], maximumDepth: Int) {
        scanner = JSONScanner(bytes)
        depthLeft = maximumDepth
        self.maximumDepth = maximumDepth
    }

    /// - Parameter text: valid UTF-8, as Swift strings are.
    static func parse(_ text: String, maximumDepth: Int) throws(JSONError) -> JSONValue {
        var parser = JSONParser([UInt8](text.utf8), maximumDepth: maximumDepth)
        let value = try parser.parseValue()
        parser.scanner.skipBlanks()
        guard parser.scanner.next == nil else { throw parser.syntax("unexpected text after the value") }
        return value
    }

    private func syntax(_ what: String) -> JSONError { JSONError(.syntax("\(what) at byte \(scanner.offset)")) }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        scanner.skipBlanks()
        guard let first = scanner.next else { throw syntax("unexpected end of text, expected a value") }
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
        let value = try body(&self)
        depthLeft += 1
        return value
    }

    private mutating func parseWord(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard scanner.takeWord(word) else { throw syntax("expected \"\(word)\"") }
        return value
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        _ = scanner.take("{")
        var members: [JSONMember] = []
        // As bytes: a map may have keys that Swift considers equal.
        var keys: Set<[UInt8]> = []
        if scanner.take("}") { return .object(members) }
        while true {
            scanner.skipBlanks()
            let key = try parseString()
            guard keys.insert([UInt8](key.utf8)).inserted else { throw JSONError(.duplicateKey, path: key) }
            guard scanner.take(":") else { throw syntax("expected ':'") }
            members.append(JSONMember(key: key, value: try parseValue()))
            if scanner.take(",") { continue }
            guard scanner.take("}") else { throw syntax("expected ',' or '}'") }
            return .object(members)
        }
    }

    private mutating func parseArray() throws(JSONError) -> JSONValue {
        _ = scanner.take("[")
        var elements: [JSONValue] = []
        if scanner.take("]") { return .array(elements) }
        while true {
            elements.append(try parseValue())
            if scanner.take(",") { continue }
            guard scanner.take("]") else { throw syntax("expected ',' or ']'") }
            return .array(elements)
        }
    }

    private mutating func parseNumber() throws(JSONError) -> String {
        guard let text = scanner.takeNumber() else { throw syntax("expected a number") }
        return text
    }

    private mutating func parseString() throws(JSONError) -> String {
        do throws(JSONStringError) { return try scanner.takeString() } catch { throw syntax(error.problem) }
    }
}
