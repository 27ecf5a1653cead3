internal import FoundationEssentials

/// Base64 with the URL alphabet and without padding (RFC 4648 §5, RFC 7515 §2).
enum Base64URL {
    /// - Returns: nil when a character is outside the alphabet (including padding), the length is impossible, or bits
    ///   are set after the last byte (RFC 4648 §3.5): each sequence of bytes has one text.
    static func decode(_ text: Substring) -> Data? {
        var standard = Data()
        standard.reserveCapacity(text.utf8.count + 3)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: standard.append(byte)
            }
        }
        while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
        guard let bytes = Data(base64Encoded: standard), encode(bytes).utf8.elementsEqual(text.utf8) else { return nil }
        return bytes
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for character in Data(bytes).base64EncodedString() {
            switch character {
            case "+": text.append("-")
            case "/": text.append("_")
            case "=": break
            default: text.append(character)
            }
        }
        return text
    }
}
