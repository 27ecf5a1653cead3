/// A number as it is written, without its sign.
struct TextNumber {
    enum Form { case decimal, octal, hexadecimal, float }

    let form: Form
    /// The digits, without `0x`, an octal's leading zero and a float's `f`.
    let digits: String
    /// `1f`, which only a floating point field takes.
    let hasSuffix: Bool

    /// The value of a whole number that fits; nil otherwise.
    func integer<I: FixedWidthInteger>(isNegative: Bool) -> I? {
        guard !hasSuffix else { return nil }
        let signed = isNegative ? "-" + digits : digits
        switch form {
        case .decimal: return I(signed)
        case .octal: return I(signed, radix: 8)
        case .hexadecimal: return I(signed, radix: 16)
        case .float: return nil
        }
    }

    /// The nearest floating point number, infinity out of range; nil for octal and hexadecimal.
    func float<F: BinaryFloatingPoint & LosslessStringConvertible>() -> F? {
        switch form {
        case .decimal, .float: F(digits)
        case .octal, .hexadecimal: nil
        }
    }
}

extension TextScanner {
    /// True when a number without sign begins here.
    var isAtNumber: Bool {
        guard let first = next else { return false }
        return Self.isDigit(first) || first == UInt8(ascii: ".")
    }

    /// A number without sign. What follows must not be glued to it.
    mutating func number() throws(TextFormatError) -> TextNumber {
        let start = offset
        guard isAtNumber else { throw syntax("expected a number") }
        var form = TextNumber.Form.decimal
        var digits: ArraySlice<UInt8>
        if next == UInt8(ascii: "0"), peek(1).map({ $0 | 0x20 }) == UInt8(ascii: "x") {
            form = .hexadecimal
            offset += 2
            digits = run { Self.hexValue($0) != nil }
            guard !digits.isEmpty else { throw error(.syntax("expected hexadecimal digits"), at: start) }
        } else if next == UInt8(ascii: "0"), let second = peek(1), Self.isDigit(second) {
            form = .octal
            offset += 1
            digits = run { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
        } else {
            _ = run(Self.isDigit)
            if next == UInt8(ascii: ".") {
                form = .float
                offset += 1
                _ = run(Self.isDigit)
                guard offset - start > 1 else { throw error(.syntax("expected a number"), at: start) }
            }
            if let letter = next, letter | 0x20 == UInt8(ascii: "e") {
                form = .float
                offset += 1
                if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
                guard !run(Self.isDigit).isEmpty else {
                    throw error(.syntax("expected digits after the exponent's 'e'"), at: start)
                }
            }
            digits = bytes[start..<offset]
        }
        var hasSuffix = false
        if form == .decimal || form == .float, let letter = next, letter | 0x20 == UInt8(ascii: "f") {
            hasSuffix = true
            offset += 1
        }
        if let byte = next, Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".") {
            throw error(.syntax("invalid end of a number"), at: start)
        }
        let number = TextNumber(
            form: form, digits: String(decoding: digits, as: UTF8.self), hasSuffix: hasSuffix)
        skipBlanks()
        return number
    }

    /// The bytes of one or more string literals side by side, joined.
    mutating func string() throws(TextFormatError) -> [UInt8] {
        guard next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") else {
            throw syntax("expected a string in quotes")
        }
        var content: [UInt8] = []
        while let quote = next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            try literal(quote, into: &content)
            skipBlanks()
        }
        return content
    }

    private mutating func literal(_ quote: UInt8, into content: inout [UInt8]) throws(TextFormatError) {
        let start = offset
        offset += 1
        while let byte = next {
            switch byte {
            case quote:
                offset += 1
                return
            case UInt8(ascii: "\\"): try escape(into: &content)
            case UInt8(ascii: "\n"), 0: throw syntax("a string cannot contain a line break or NUL; write \\n or \\0")
            default:
                content.append(byte)
                offset += 1
            }
        }
        throw error(.syntax("unterminated string"), at: start)
    }

    private mutating func escape(into content: inout [UInt8]) throws(TextFormatError) {
        let start = offset
        offset += 1
        guard let letter = next else { throw error(.syntax("unterminated string"), at: start) }
        if let plain = Self.plainEscape(letter) {
            offset += 1
            return content.append(plain)
        }
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            let value = digits(atMost: 3, radix: 8)
            guard value.value <= 0xFF else { throw error(.syntax("octal escape above \\377"), at: start) }
            content.append(UInt8(value.value))
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            offset += 1
            let value = digits(atMost: 2, radix: 16)
            guard value.count > 0 else { throw error(.syntax("expected hexadecimal digits"), at: start) }
            content.append(UInt8(value.value))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            offset += 1
            let wanted = letter == UInt8(ascii: "u") ? 4 : 8
            let value = digits(atMost: wanted, radix: 16)
            guard value.count == wanted, let scalar = Unicode.Scalar(value.value) else {
                throw error(.syntax("not a Unicode character"), at: start)
            }
            content += String(scalar).utf8
        default:
            throw error(.syntax("unknown escape"), at: start)
        }
    }

    /// Escapes of one letter.
    private static func plainEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "a"): 0x07
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "v"): 0x0B
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "?"), UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): letter
        default: nil
        }
    }

    /// Up to `most` (at most 8) digits of a radix.
    private mutating func digits(atMost most: Int, radix: UInt32) -> (value: UInt32, count: Int) {
        var value: UInt32 = 0
        var count = 0
        while count < most, let byte = next, let digit = Self.hexValue(byte), digit < radix {
            value = value * radix + digit
            count += 1
            offset += 1
        }
        return (value, count)
    }

    private func peek(_ distance: Int) -> UInt8? {
        offset + distance < bytes.count ? bytes[offset + distance] : nil
    }

    private mutating func run(_ belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = offset
        while let byte = next, belongs(byte) { offset += 1 }
        return bytes[start..<offset]
    }

    private static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
