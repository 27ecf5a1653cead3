/// Reads one JSON document (RFC 8259) and nothing after it: independent of the product's readers on purpose,
/// as ``JSONValue`` says.
struct JSONParser {
    /// A request nested deeper is refused: the deepest shape of the simulated APIs has nine levels, and the
    /// parser recurses.
    static let depthMax = 32

    enum Failure: Error, Hashable {
        case unexpectedByte(offset: Int)
        case truncated
        case tooDeep
        case notUTF8
    }

    private let bytes: [UInt8]
    private var offset = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipWhiteSpace()
        guard parser.offset == bytes.count else { throw .unexpectedByte(offset: parser.offset) }
        return value
    }

    private mutating func skipWhiteSpace() {
        while offset < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset]) { offset += 1 }
    }

    private func peek() throws(Failure) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        return bytes[offset]
    }

    private mutating func expect(_ byte: UInt8) throws(Failure) {
        guard try peek() == byte else { throw .unexpectedByte(offset: offset) }
        offset += 1
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.depthMax else { throw .tooDeep }
        skipWhiteSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        for byte in word.description.utf8 { try expect(byte) }
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        try expect(UInt8(ascii: "{"))
        var members: [JSONValue.Member] = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            skipWhiteSpace()
            let name = try string()
            skipWhiteSpace()
            try expect(UInt8(ascii: ":"))
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            skipWhiteSpace()
            if try peek() == UInt8(ascii: ",") {
                offset += 1
            } else {
                try expect(UInt8(ascii: "}"))
                return .object(members)
            }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        try expect(UInt8(ascii: "["))
        var items: [JSONValue] = []
        skipWhiteSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipWhiteSpace()
            if try peek() == UInt8(ascii: ",") {
                offset += 1
            } else {
                try expect(UInt8(ascii: "]"))
                return .array(items)
            }
        }
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = offset
        while offset < bytes.count, Self.numberBytes.contains(bytes[offset]) { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if let value = Int64(text), !text.hasPrefix("+") { return .integer(value) }
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || first.isDigit,
            let last = text.utf8.last, last.isDigit, let value = Double(text), value.isFinite
        else { throw .unexpectedByte(offset: start) }
        return .number(value)
    }

    private static let numberBytes = Set("+-.0123456789eE".utf8)

    private mutating func string() throws(Failure) -> String {
        try expect(UInt8(ascii: "\""))
        var content: [UInt8] = []
        while true {
            let start = offset
            while offset < bytes.count, bytes[offset] != UInt8(ascii: "\""),
                bytes[offset] != UInt8(ascii: "\\")
            {
                guard bytes[offset] >= 0x20 else { throw .unexpectedByte(offset: offset) }
                offset += 1
            }
            content.append(contentsOf: bytes[start..<offset])
            if try peek() == UInt8(ascii: "\"") {
                offset += 1
                guard let text = String(validating: content, as: UTF8.self) else { throw .notUTF8 }
                return text
            }
            offset += 1
            try escape(into: &content)
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(Failure) {
        let byte = try peek()
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw .unexpectedByte(offset: offset - 1)
        }
    }

    /// The scalar of `\uXXXX`, or of the surrogate pair that begins here; half a pair is not valid text.
    private mutating func unicodeEscape() throws(Failure) -> Character {
        var code = try codeUnit()
        if (0xd800..<0xdc00).contains(code) {
            try expect(UInt8(ascii: "\\"))
            try expect(UInt8(ascii: "u"))
            let low = try codeUnit()
            guard (0xdc00..<0xe000).contains(low) else { throw .notUTF8 }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw .notUTF8 }
        return Character(scalar)
    }

    private mutating func codeUnit() throws(Failure) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = try peek().hexValue else { throw .unexpectedByte(offset: offset) }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// 0...15 for a hexadecimal digit of either case.
    var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
