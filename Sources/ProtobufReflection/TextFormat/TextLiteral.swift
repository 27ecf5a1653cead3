internal import TextFormats

/// Strings and bytes in the quotation of text format.
enum TextLiteral {
    /// Text stays readable; what a terminal or an editor would act upon is escaped.
    static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\0"..."\u{7F}": escape(UInt8(scalar.value), into: &text)
            case _ where scalar.isActedUponByDisplays:
                for byte in String(scalar).utf8 { escape(byte, into: &text) }
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// Every byte outside printable ASCII is escaped.
    static func quoted(_ value: [UInt8]) -> String {
        var text = "\""
        for byte in value { escape(byte, into: &text) }
        return text + "\""
    }

    private static func escape(_ byte: UInt8, into text: inout String) {
        switch byte {
        case UInt8(ascii: "\n"): text += "\\n"
        case UInt8(ascii: "\r"): text += "\\r"
        case UInt8(ascii: "\t"): text += "\\t"
        case UInt8(ascii: "\""): text += "\\\""
        case UInt8(ascii: "'"): text += "\\'"
        case UInt8(ascii: "\\"): text += "\\\\"
        case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            // Always three digits: a following digit of the text could be taken for a fourth.
            let digits = String(byte, radix: 8)
            text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
    }
}
