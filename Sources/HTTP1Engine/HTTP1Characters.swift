/// The classes of bytes that the grammars of RFC 9110 and RFC 3986 are made of.
enum HTTP1Characters {
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")

    /// RFC 9110 section 5.6.2, tchar.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        // - . ^ _ ` | ~
        case 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        // ! # $ % & ' * +
        case 0x21, 0x23...0x27, 0x2A, 0x2B: true
        default: false
        }
    }

    static func isToken(_ bytes: some Collection<UInt8>) -> Bool { !bytes.isEmpty && bytes.allSatisfy(isToken) }

    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// RFC 9110 section 5.5: everything but control characters, tabs excepted.
    static func isFieldValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == tab }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// 0 to 15; nil for other bytes.
    static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    /// Without the blanks at both ends (RFC 9110 section 5.6.3).
    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, isBlank(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return bytes
    }

    /// Without regard to the case of ASCII letters.
    static func equals(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        left.lazy.map(lowercased).elementsEqual(right.lazy.map(lowercased))
    }
}
