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
    private var scanner: JSONScanner
    private let fractions: Bool

    init(_ bytes: [UInt8], fractions: Bool) {
        scanner = JSONScanner(bytes)
        self.fractions = fractions
    }

    mutating func document() throws(JSONTextError) -> JSONText {
        let value = try value(depth: 0)
        scanner.skipBlanks()
        if scanner.next != nil { throw fault("unexpected text after the document") }
        return value
    }

    private func fault(_ problem: String) -> JSONTextError { JSONTextError(offset: scanner.offset, problem: problem) }

    private mutating func expect(_ mark: Unicode.Scalar) throws(JSONTextError) {
        if !scanner.take(mark) { throw fault("expected '\(mark)'") }
    }

    private mutating func value(depth: Int) throws(JSONTextError) -> JSONText {
        if depth > JSONText.depthMax { throw fault("nested too deeply") }
        scanner.skipBlanks()
        switch scanner.next {
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
        guard scanner.takeWord(word) else { throw fault("expected a JSON value") }
        return value
    }

    private mutating func number() throws(JSONTextError) -> JSONText {
        let start = scanner.offset
        guard let text = scanner.takeNumber() else { throw fault("expected a number") }
        let whole = text.utf8.prefix { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
        if !fractions, whole < text.utf8.count {
            throw JSONTextError(offset: start + whole, problem: "expected a whole number")
        }
        // -0 has no integer of its own.
        if let value = Int64(text), value != 0 || text == "0" { return .number(value) }
        guard fractions, let value = Double(text), value.isFinite else { throw fault("expected a whole number") }
        return .fraction(value)
    }

    private mutating func array(depth: Int) throws(JSONTextError) -> JSONText {
        try expect("[")
        var items: [JSONText] = []
        if scanner.take("]") { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while scanner.take(",")
        try expect("]")
        return .array(items)
    }

    private mutating func object(depth: Int) throws(JSONTextError) -> JSONText {
        try expect("{")
        var members: [String: JSONText] = [:]
        if scanner.take("}") { return .object(members) }
        repeat {
            scanner.skipBlanks()
            let key = try string()
            try expect(":")
            let value = try value(depth: depth + 1)
            if members.updateValue(value, forKey: key) != nil {
                throw fault("the key \"\(key)\" appears twice")
            }
        } while scanner.take(",")
        try expect("}")
        return .object(members)
    }

    private mutating func string() throws(JSONTextError) -> String {
        do throws(JSONStringError) { return try scanner.takeString() } catch { throw fault(error.problem) }
    }
}
