internal import TextFormats

/// Whether a text is a JSON number, and the exact value of whole numbers written with a fraction or exponent.
enum JSONNumber {
    /// True when the whole text is a JSON number.
    static func isNumber(_ text: String) -> Bool {
        let bytes = [UInt8](text.utf8)
        return !bytes.isEmpty && JSONScanner.lengthOfNumber(bytes) == bytes.count
    }

    /// The exact value of a JSON number that is whole and fits, such as `12`, `1.0` or `12e2`; nil otherwise.
    static func integer<I: FixedWidthInteger>(_ text: String, as type: I.Type) -> I? {
        guard isNumber(text) else { return nil }
        if let plain = I(text) { return plain }
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split { $0 == "e" || $0 == "E" }
        guard let mantissa = parts.first else { return nil }
        // An exponent out of Int's range cannot belong to a number that fits, unless the number is zero.
        let halves = mantissa.split(separator: ".")
        var digits = halves.joined()
        let fractionCount = halves.count == 2 ? halves[1].count : 0
        digits = String(digits.drop { $0 == "0" })
        guard !digits.isEmpty else { return 0 }
        guard let exponent = parts.count == 2 ? Int(parts[1]) : 0, exponent.magnitude < 1_000_000 else {
            return nil
        }
        var shift = exponent - fractionCount
        while shift < 0, digits.last == "0" {
            digits.removeLast()
            shift += 1
        }
        // 20 digits are the most a 64-bit number has.
        guard shift >= 0, digits.count + shift <= 20 else { return nil }
        return I((isNegative ? "-" : "") + digits + String(repeating: "0", count: shift))
    }

    /// A double as JSON writes it: shortest digits that read back the same, whole numbers without a fraction.
    static func text(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
        if value.isNaN { return "\"NaN\"" }
        if value.isInfinite { return value < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
        // Many readers take a number without a point as an integer, which has no negative zero.
        if value == 0, value.sign == .minus { return "-0.0" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
