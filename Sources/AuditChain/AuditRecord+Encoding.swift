internal import TelehealthModel

extension AuditRecord {
    /// All fields and the number as bytes, in exactly one way: what MAC and leaf hash are made of.
    ///
    /// | field | bytes |
    /// |---|---|
    /// | version of this encoding | 1: 0x01 |
    /// | number, at (microseconds since 1970), count | 8 each, big endian |
    /// | subject, role, actor, source, action, outcome, person, session, target, reason | text each |
    ///
    /// A text is 0x00 when absent, otherwise 0x01, its length (4 bytes, big endian) and its UTF-8 bytes: no
    /// two rows have the same bytes, whatever their texts hold.
    public var encoding: [UInt8] { encoding(number: number) }

    func encoding(number: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        encode(number: number, into: &bytes)
        return bytes
    }

    /// Appends what ``encoding(number:)`` returns.
    func encode(number: Int64, into bytes: inout [UInt8]) {
        bytes.append(0x01)
        bytes.appendBigEndian(UInt64(bitPattern: number))
        bytes.appendBigEndian(UInt64(bitPattern: at.microseconds))
        bytes.appendBigEndian(UInt64(bitPattern: count))
        bytes.append(text: subject.rawValue)
        bytes.append(text: role)
        bytes.append(text: actor?.rawValue)
        bytes.append(text: source)
        bytes.append(text: action)
        bytes.append(text: outcome)
        bytes.append(text: person)
        bytes.append(text: sessionID)
        bytes.append(text: target)
        bytes.append(text: reason)
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    fileprivate mutating func append(text: String?) {
        guard let text else { return append(0x00) }
        append(0x01)
        let count = UInt32(text.utf8.count)
        for shift in [24, 16, 8, 0] as [UInt32] { append(UInt8(truncatingIfNeeded: count >> shift)) }
        append(contentsOf: text.utf8)
    }
}
