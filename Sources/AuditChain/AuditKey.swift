internal import Crypto

/// The secret under which the audit log's rows are chained; it lies outside the database.
///
/// Its text shows nothing of the key, which may be part of a value that is logged.
public struct AuditKey: Sendable, CustomStringConvertible, CustomReflectable {
    public static let byteCount = 32

    private let key: SymmetricKey
    /// A code before its first byte of data: copying it costs half of beginning one.
    private let emptyCode: HMAC<SHA256>

    /// - Returns: nil unless there are exactly ``byteCount`` bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        key = SymmetricKey(data: bytes)
        emptyCode = HMAC(key: key)
    }

    /// A fresh key's bytes, from the system's random source.
    public static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    public var description: String { "<audit key>" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// HMAC-SHA256 over the previous row's MAC and a row's encoding.
    ///
    /// The previous MAC has one length, so the two cannot be cut differently.
    func mac(previous: [UInt8], encoding: ArraySlice<UInt8>) -> [UInt8] {
        var authenticator = emptyCode
        authenticator.update(data: previous)
        authenticator.update(data: encoding)
        return Array(authenticator.finalize())
    }

    /// Whether a row's MAC is right for its fields at its own place in the chain.
    public func verifies(_ record: AuditRecord) -> Bool { verifies(record, as: record.number) }

    /// Whether it would be right under another number; the comparison takes as long whatever differs.
    func verifies(_ record: AuditRecord, as number: Int64) -> Bool {
        guard record.previous.count == Self.byteCount else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            record.mac, authenticating: record.previous + record.encoding(number: number), using: key)
    }
}
