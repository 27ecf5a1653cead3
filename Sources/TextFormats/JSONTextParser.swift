/// Where a text stops being the JSON that is read here.
public struct JSONTextError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Byte offset from the beginning.
    public let offset: Int
    public let problem: String

    public var description: String { "\(problem) at byte \(offset)" }
}

extension JSONText {
    /// Reads one document. Repeated keys, at any depth, and lone surrogates are refused, and so is a byte order mark.
    ///
    /// - Parameter fractions: whether numbers may have a fraction or an exponent.
    /// - Throws: ``JSONTextError``: the text's fault.
    public init(parsing bytes: [UInt8], fractions: Bool = false) throws(JSONTextError) {
        guard bytes.count <= Self.bytesMax else {
            throw JSONTextError(offset: Self.bytesMax, problem: "more than \(Self.bytesMax) bytes")
        }
        var parser = JSONTextParser(bytes, fractions: fractions)
        self = try parser.document()
    }
}

/// Reads one document from its bytes, left to right.
private struct JSONTextParser {
    private let bytes: [UInt8]
    private let fractions: Bool
    private var offset = 0

    init(_ bytes: [UInt8], fractions: Bool) {
        self.bytes = bytes
        self.fractions = fractions
    }

    mutating func document() throws(JSONTextError) -> JSONText {
        let value = try value(depth: 0)
        skipBlanks()
        if offset < bytes.count { throw fault("unexpected text after the document") }
        return value
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func fault(_ problem: String) -> JSONTextError { JSONTextError(offset: offset, problem: problem) }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONTextError) {
        if !take(UInt8(ascii: character)) { throw fault("expected '\(character)'") }
    }

    private mutating func value(depth: Int) throws(JSONTextError) -> JSONText {
        if depth > JSONText.depthMax { throw fault("nested too deeply") }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        default: throw fault("expected a JSON value")
        }
    }

    private mutating func word(_ word: String, _ value: JSONText) throws(JSONTextError) -> JSONText {
        guard bytes[offset...].starts(with: word.utf8) else { throw fault("expected a JSON value") }
        offset += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONTextError) -> JSONText {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        let digits = offset
        skipDigits()
        // RFC 8259 section 6: digits there must be, and no zero before another.
        guard offset > digits, bytes[digits] != UInt8(ascii: "0") || offset == digits + 1 else {
            throw fault("expected a number")
        }
        let isWhole = try !takeFraction()
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let value = Int64(text), value != 0 || text == "0" { return .number(value) }
        guard fractions, let value = Double(text), value.isFinite else { throw fault("expected a whole number") }
        return .fraction(value)
    }

    /// The fraction and the exponent, when they are there.
    private mutating func takeFraction() throws(JSONTextError) -> Bool {
        let start = offset
        if let next, !fractions, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(next) {
            throw fault("expected a whole number")
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            try skipSomeDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try skipSomeDigits()
        }
        return offset > start
    }

    private mutating func skipDigits() {
        while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { offset += 1 }
    }

    private mutating func skipSomeDigits() throws(JSONTextError) {
        let start = offset
        skipDigits()
        if offset == start { throw fault("expected a number") }
    }

    private mutating func array(depth: Int) throws(JSONTextError) -> JSONText {
        try expect("[")
        var items: [JSONText] = []
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
        try expect("]")
        return .array(items)
    }

    private mutating func object(depth: Int) throws(JSONTextError) -> JSONText {
        try expect("{")
        var members: [String: JSONText] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipBlanks()
            let key = try string()
            try expect(":")
            let value = try value(depth: depth + 1)
            if members.updateValue(value, forKey: key) != nil {
                throw fault("the key \"\(key)\" appears twice")
            }
        } while take(UInt8(ascii: ","))
        try expect("}")
        return .object(members)
    }

    private mutating func string() throws(JSONTextError) -> String {
        if next != UInt8(ascii: "\"") { throw fault("expected a string") }
        offset += 1
        do throws(JSONStringError) { return try JSONStringText.read(bytes, at: &offset) } catch {
            throw fault(error.problem)
        }
    }
}
