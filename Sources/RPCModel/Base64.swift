/// Base64 for `-bin` metadata: written without padding, accepted with or without.
/// - Spec: RFC 4648 section 4; PROTOCOL-HTTP2.md, "Binary-Header".
public enum Base64 {
    private static let alphabet = [UInt8](
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Value of each ASCII byte; 0xFF outside the alphabet.
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in alphabet.enumerated() { table[Int(digit)] = UInt8(value) }
        return table
    }()

    // Specialized for speed: without it, this was a tenth of the cost of refusing a call.
    /// - Returns: ceil(4n/3) digits, no padding.
    @_specialize(where C == [UInt8])
    public static func encode<C: Collection<UInt8>>(_ bytes: C) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count * 4 + 2) / 3)
        var pending: UInt32 = 0
        var bits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                digits.append(alphabet[Int(pending >> UInt32(bits) & 0x3F)])
            }
        }
        if bits > 0 { digits.append(alphabet[Int(pending << UInt32(6 - bits) & 0x3F)]) }
        return digits
    }

    /// - Returns: the bytes, or `nil` for a digit outside the alphabet, an impossible length, or misplaced padding.
    ///   Excess bits are ignored, as in other implementations.
    public static func decode(_ digits: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var body = digits[...]
        var padding = 0
        while padding < 2, body.last == 0x3D {
            body.removeLast()
            padding += 1
        }
        let count = body.count
        guard count % 4 != 1, padding == 0 || (count + padding) % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * 3 / 4)
        var pending: UInt32 = 0
        var bits = 0
        for digit in body {
            let value = values[Int(digit)]
            guard value != 0xFF else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        return bytes
    }
}
