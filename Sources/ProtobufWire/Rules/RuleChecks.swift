/// The checks used by generated code, with the semantics of `buf.validate`: characters are Unicode scalars, texts are
/// compared by their bytes. Only ``hasDuplicates(_:)-([Value])`` of long lists allocates.
public enum RuleChecks {
    /// Whether a text has at least `count` characters.
    @inlinable
    public static func hasCharacters(_ text: String, atLeast count: Int) -> Bool {
        let bytes = text.utf8.count
        // A character takes one to four bytes: only lengths in between require counting.
        if bytes < count { return false }
        return bytes / 4 >= count || text.unicodeScalars.count >= count
    }

    /// Whether a text has at most `count` characters.
    @inlinable
    public static func hasCharacters(_ text: String, atMost count: Int) -> Bool {
        text.utf8.count <= count || !hasCharacters(text, atLeast: count + 1)
    }

    /// Whether a text has `count` bytes, all of them ASCII characters of a set.
    ///
    /// - Parameters:
    ///   - low: bit n is the character with number n.
    ///   - high: bit n is the character with number 64 + n.
    @inlinable
    public static func isText(_ text: String, of low: UInt64, _ high: UInt64, count: ClosedRange<Int>) -> Bool {
        guard count.contains(text.utf8.count) else { return false }
        for byte in text.utf8 {
            // A shift by 64 or more gives 0, so a byte of 128 or more is in no set.
            guard (byte < 64 ? low >> UInt64(byte) : high >> (UInt64(byte) - 64)) & 1 == 1 else { return false }
        }
        return true
    }

    /// Whether a text is a UUID: 32 hexadecimal digits in five groups, in either case.
    @inlinable
    public static func isUUID(_ text: String) -> Bool {
        guard text.utf8.count == 36 else { return false }
        var index = 0
        for byte in text.utf8 {
            switch index {
            case 8, 13, 18, 23: guard byte == UInt8(ascii: "-") else { return false }
            default:
                guard
                    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                        || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
                else { return false }
            }
            index += 1
        }
        return true
    }

    /// Whether a text is one of some, byte by byte.
    @inlinable
    public static func isOne(_ text: String, of texts: some Sequence<String>) -> Bool {
        texts.contains { text.isSameKey(as: $0) }
    }

    /// Whether a text begins with another, byte by byte.
    @inlinable
    public static func begins(_ text: String, with prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// Whether a list contains a value twice. A NaN equals nothing, and the two zeros are equal.
    @inlinable
    public static func hasDuplicates<Value: Hashable>(_ values: [Value]) -> Bool {
        // Comparing each with each is cheaper than a set at first, and never more than some dozens of comparisons.
        guard values.count > 12 else {
            for (index, value) in values.enumerated() where values[..<index].contains(value) { return true }
            return false
        }
        var seen = Set<Value>(minimumCapacity: values.count)
        return !values.allSatisfy { seen.insert($0).inserted }
    }

    /// The same of texts, which are told apart by their bytes.
    public static func hasDuplicates(_ values: [String]) -> Bool {
        guard values.count > 12 else {
            for (index, value) in values.enumerated() where isOne(value, of: values[..<index]) { return true }
            return false
        }
        var seen = Set<ExactKey<String>>(minimumCapacity: values.count)
        return !values.allSatisfy { seen.insert(ExactKey($0)).inserted }
    }

    /// A duration in nanoseconds, whatever its fields hold.
    @inlinable
    public static func nanoseconds(_ value: Google_Protobuf_Duration) -> Int128 {
        Int128(value.seconds) * 1_000_000_000 + Int128(value.nanos)
    }

    /// A time in nanoseconds since 1970, whatever its fields hold.
    @inlinable
    public static func nanoseconds(_ value: Google_Protobuf_Timestamp) -> Int128 {
        Int128(value.seconds) * 1_000_000_000 + Int128(value.nanos)
    }
}
