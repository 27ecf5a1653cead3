internal import TextFormats

/// How long the audit log was when that was last known to be on the device: kept beside the database, so that a
/// database that lost its end is found out, whatever lost it.
public struct AuditMark: Sendable, Hashable {
    /// Rows in the log, which is also the last row's number.
    public let size: Int64
    /// The last row's MAC.
    public let mac: [UInt8]

    public init(size: Int64, mac: [UInt8]) {
        self.size = size
        self.mac = mac
    }

    /// One line without its line break: words, the MAC and a MAC over both under the log's key, in hexadecimal.
    public func line(_ key: AuditKey) -> String {
        "mark \(size) \(Hex.encode(mac)) \(Hex.encode(key.mac(previous: mac, encoding: statement[...])))"
    }

    /// Reads what ``line(_:)`` writes.
    ///
    /// - Returns: nil for anything else, and for a line of another key.
    public init?(line: some StringProtocol, _ key: AuditKey) {
        let words = line.split(separator: " ")
        guard words.count == 4, words[0] == "mark", let size = Int64(words[1]), size > 0,
            let mac = Hex.decode(words[2]), mac.count == AuditKey.byteCount
        else { return nil }
        self.init(size: size, mac: mac)
        guard self.line(key) == line else { return nil }
    }

    /// Begins unlike any row's encoding, whose first byte is 1.
    private var statement: [UInt8] {
        var bytes = Array("telehealth.audit.mark.v1\0".utf8)
        bytes.appendBigEndian(UInt64(bitPattern: size))
        return bytes
    }
}
