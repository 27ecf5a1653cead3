/// Why a text is not a JSON string.
public struct JSONStringError: Error, Sendable, Hashable {
    /// What is wrong, without its place: the scanner's offset is there.
    public let problem: String
}

/// Steps through the tokens of a JSON document: every JSON reader of the product builds its own values from them.
/// - Spec: RFC 8259.
public struct JSONScanner {
    private let bytes: [UInt8]
    /// Bytes from the beginning: what errors name as their place.
    public private(set) var offset = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// nil at the end.
    public var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    public mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// Takes a mark, and blanks before it.
    public mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: mark) else { return false }
        offset += 1
        return true
    }

    /// Takes `true`, `false` or `null`.
    public mutating func takeWord(_ word: String) -> Bool {
        guard bytes[offset...].starts(with: word.utf8) else { return false }
        offset += word.utf8.count
        return true
    }

    /// Takes a number, as it is written.
    ///
    /// - Returns: nil when there is none, such as `01`, `1.` or `.5`.
    public mutating func takeNumber() -> String? {
        let length = Self.lengthOfNumber(bytes[offset...])
        guard length > 0 else { return nil }
        defer { offset += length }
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    /// Length in bytes of the number at the front; 0 if there is none.
    public static func lengthOfNumber(_ bytes: some RandomAccessCollection<UInt8>) -> Int {
        var rest = bytes[...]
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leadsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(leadsWithZero && whole > 1) else { return 0 }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return 0 }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard digits() > 0 else { return 0 }
        }
        return bytes.count - rest.count
    }

    /// Takes a string with its quotes; escapes are resolved.
    ///
    /// - Throws: ``JSONStringError``, the document's fault: no opening quote, control characters, unknown or incomplete
    ///   escapes, lone surrogates (a Swift string cannot hold one), bytes that are not UTF-8, no closing quote.
    public mutating func takeString() throws(JSONStringError) -> String {
        guard next == UInt8(ascii: "\"") else { throw JSONStringError(problem: "expected a string") }
        offset += 1
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
            case UInt8(ascii: "\\"): text += String(Character(try escape())).utf8
            case 0..<0x20: throw JSONStringError(problem: "a control character")
            default: text.append(byte)
            }
        }
        throw JSONStringError(problem: "an unfinished string")
    }

    private mutating func escape() throws(JSONStringError) -> Unicode.Scalar {
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
        let high = try codeUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard 0xD800..<0xDC00 ~= high, bytes[offset...].starts(with: #"\u"#.utf8) else {
            throw JSONStringError(problem: "a lone surrogate")
        }
        offset += 2
        let low = try codeUnit()
        guard 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10 | (low - 0xDC00)))
        else { throw JSONStringError(problem: "a lone surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONStringError) -> UInt32 {
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
