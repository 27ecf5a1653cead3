/// UUIDs as text: 32 hexadecimal digits in five groups.
/// - Spec: RFC 9562 section 4.
public enum UUIDText {
    private static let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]

    /// The lower-case text of 128 bits.
    public static func text(_ high: UInt64, _ low: UInt64) -> String { grouped(Hex.encode(high) + Hex.encode(low)) }

    /// - Parameter digits: 32 of them.
    public static func grouped(_ digits: String) -> String {
        let digits = Array(digits.utf8)
        return groups.map { String(decoding: digits[$0.clamped(to: 0..<digits.count)], as: UTF8.self) }
            .joined(separator: "-")
    }

    /// Whether a text has the form, in either case.
    public static func isValid(_ text: String) -> Bool {
        guard text.utf8.count == 36 else { return false }
        return text.utf8.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: Hex.value(of: byte) != nil
            }
        }
    }
}
