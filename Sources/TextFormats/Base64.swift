/// Base64: 6 bits a digit, in one of its alphabets.
///
/// - Spec: RFC 4648 sections 4 and 5.
public struct Base64: Sendable {
    /// Section 4, with padding.
    public static let standard = Base64("+", "/", padding: "=")
    /// Section 4 without padding, as gRPC writes `-bin` metadata.
    public static let unpadded = Base64("+", "/", padding: nil)
    /// Section 5 without padding, as JSON Web Signatures have it (RFC 7515 section 2).
    public static let url = Base64("-", "_", padding: nil)

    private let digits: [UInt8]
    /// The value of each ASCII byte, ``none`` where it is not a digit.
    private let values: [UInt8]
    private let padding: UInt8?
    private static let none: UInt8 = 0xFF

    /// - Parameters:
    ///   - digit62: the digit after the letters and numbers.
    ///   - digit63: the last digit.
    ///   - padding: what fills the last group of four; nil: nothing.
    public init(_ digit62: Unicode.Scalar, _ digit63: Unicode.Scalar, padding: Unicode.Scalar?) {
        digits =
            Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
            + [UInt8(ascii: digit62), UInt8(ascii: digit63)]
        var values = [UInt8](repeating: Self.none, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        self.values = values
        self.padding = padding.map { UInt8(ascii: $0) }
    }

    private init(_ written: Base64, alsoReading other: Base64) {
        digits = written.digits
        padding = written.padding
        values = zip(written.values, other.values).map { min($0, $1) }
    }

    /// As protobuf's JSON has it: ``standard`` when written, either alphabet when read.
    public static let eitherAlphabet = Base64(standard, alsoReading: url)

    // Specialized: unspecialized, it was a tenth of what refusing a call cost.
    /// - Returns: ceil(4n/3) digits, filled up to a multiple of four where there is padding.
    @_specialize(where C == [UInt8])
    public func encode<C: Collection<UInt8>>(_ bytes: C) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var pending: UInt32 = 0
        var bits = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(pending >> UInt32(bits) & 0x3F)])
            }
        }
        if bits > 0 { text.append(digits[Int(pending << UInt32(6 - bits) & 0x3F)]) }
        if let padding { while text.count % 4 != 0 { text.append(padding) } }
        return text
    }

    public func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: encode(Array(bytes)), as: UTF8.self) }

    /// Reads with or without `=` as padding.
    ///
    /// - Returns: nil when a digit is outside the alphabet, the length is impossible or the padding is misplaced.
    ///   Bits that are left over after the last byte are ignored, as other implementations do.
    public func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var body = text[...]
        var padding = 0
        while padding < 2, body.last == UInt8(ascii: "=") {
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
            guard value != Self.none else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
            }
        }
        return bytes
    }

    /// Reads only what ``encode(_:)`` writes: each sequence of bytes has one text (RFC 4648 section 3.5).
    public func decodeCanonical(_ text: some StringProtocol) -> [UInt8]? {
        guard let bytes = decode(Array(text.utf8)), encode(bytes).elementsEqual(text.utf8) else { return nil }
        return bytes
    }
}
