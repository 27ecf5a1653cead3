/// The encoding of `grpc-message`: UTF-8, with everything outside 0x20...0x7E and `%` itself as `%XX`.
/// - Spec: PROTOCOL-HTTP2.md, "Status-Message".
public enum PercentEncoding {
    private static let hexDigits = [UInt8]("0123456789ABCDEF".utf8)

    public static func encode(_ message: String) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(message.utf8.count)
        for byte in message.utf8 {
            if (0x20...0x7E).contains(byte), byte != 0x25 {
                encoded.append(byte)
            } else {
                encoded.append(0x25)
                encoded.append(hexDigits[Int(byte >> 4)])
                encoded.append(hexDigits[Int(byte & 15)])
            }
        }
        return encoded
    }

    /// Never fails: an invalid escape is kept as it is, and invalid UTF-8 becomes U+FFFD.
    public static func decode(_ encoded: [UInt8]) -> String {
        guard encoded.contains(0x25) else { return String(decoding: encoded, as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var index = 0
        while index < encoded.count {
            if encoded[index] == 0x25, index + 2 < encoded.count,
                let high = hexValue(encoded[index + 1]), let low = hexValue(encoded[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(encoded[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
