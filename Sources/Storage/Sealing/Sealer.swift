package import Crypto
internal import FoundationEssentials
internal import Synchronization

/// Seals and opens what personal columns hold.
///
/// A text is sealed with AES-256-GCM under the ring's current key. The value stored, a blob where a text stood:
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 1 | format, 1 |
/// | 1 | 4 | key id, big-endian |
/// | 5 | 12 | nonce, random: NIST SP 800-38D §8.3 allows 2^32 values a key, a clinic writes some 10^8 in ten years |
/// | 17 | n | ciphertext |
/// | 17 + n | 16 | tag |
///
/// The first five bytes, table, column and the row's key are authenticated with it, so a value copied to another row or
/// column does not open.
///
/// Isolation: any; the lock is held for a look-up, never for a cipher.
package final class Sealer: Sendable {
    package static let overhead = headerCount + 12 + 16
    private static let headerCount = 5
    private static let format: UInt8 = 1

    private struct State {
        var keys: [UInt32: SymmetricKey]
        var current: UInt32
        /// Whether a text may stand where a sealed value belongs (``ClearTextPermit``).
        var takesClearTexts = false
    }

    private let state: Mutex<State>
    private let nonces = NonceSource()
    package let identifiers: IdentifierSealer
    package let rows: RowSeal

    package init(_ ring: KeyRing) {
        state = Mutex(Self.state(ring))
        identifiers = IdentifierSealer(ring.indexSecret)
        rows = RowSeal(ring.indexSecret)
    }

    /// False until the store has looked: what is not known to be allowed is refused.
    package var takesClearTexts: Bool { state.withLock { $0.takesClearTexts } }
    package func takeClearTexts(_ takes: Bool) { state.withLock { $0.takesClearTexts = takes } }

    private static func state(_ ring: KeyRing) -> State {
        State(
            keys: Dictionary(uniqueKeysWithValues: ring.keys.map { ($0.id, $0.secret) }),
            current: ring.currentID)
    }

    /// Takes over another ring's data keys; its index secret is the same.
    package func adopt(_ ring: KeyRing) {
        let fresh = Self.state(ring)
        state.withLock { state in
            state.keys = fresh.keys
            state.current = fresh.current
        }
    }

    package var currentKey: UInt32 { state.withLock { $0.current } }

    /// - Parameter row: the row's key, as ``SealedTable/key`` says.
    package func seal(_ text: String, _ column: SealedColumn, row: String) -> [UInt8] {
        let (id, key) = state.withLock { ($0.current, $0.keys[$0.current]) }
        let header = Self.header(id)
        guard let key,
            let box = try? AES.GCM.seal(
                Array(text.utf8), using: key, nonce: nonces.next(), authenticating: Self.context(header, column, row))
        else { preconditionFailure("a 256-bit key that is in the ring seals any text") }
        var value: [UInt8] = []
        value.reserveCapacity(text.utf8.count + Self.overhead)
        value.append(contentsOf: header)
        // Nonce, ciphertext and tag, whole: byte by byte out of their own types they cost as much as the cipher.
        guard let combined = box.combined else { preconditionFailure("a nonce of 12 bytes combines") }
        combined.withUnsafeBytes { value.append(contentsOf: $0) }
        return value
    }

    /// - Returns: nil when the value is not one of this column and row, or its key is not in the ring.
    package func open(_ value: [UInt8], _ column: SealedColumn, row: String) -> String? {
        guard value.count >= Self.overhead, value[0] == Self.format else { return nil }
        let header = Array(value[..<Self.headerCount])
        guard let id = Self.keyID(of: value), let key = state.withLock({ $0.keys[id] }),
            let box = try? AES.GCM.SealedBox(combined: value[Self.headerCount...]),
            let text = try? AES.GCM.open(box, using: key, authenticating: Self.context(header, column, row))
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// The key that a value says it was sealed with; nil when it is not a sealed value.
    package static func keyID(of value: [UInt8]) -> UInt32? {
        guard value.count >= overhead, value[0] == format else { return nil }
        return value[1..<headerCount].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func header(_ id: UInt32) -> [UInt8] {
        [format] + (0..<4).map { UInt8(truncatingIfNeeded: id >> (24 - 8 * $0)) }
    }

    /// Names cannot hold a zero byte, so two contexts never join to the same bytes.
    private static func context(_ header: [UInt8], _ column: SealedColumn, _ row: String) -> [UInt8] {
        var context: [UInt8] = []
        context.reserveCapacity(header.count + column.table.utf8.count + column.name.utf8.count + row.utf8.count + 2)
        context.append(contentsOf: header)
        context.append(contentsOf: column.table.utf8)
        context.append(0)
        context.append(contentsOf: column.name.utf8)
        context.append(0)
        context.append(contentsOf: row.utf8)
        return context
    }

    /// A few bytes by which a database knows a key again, of no use to find it.
    package static func fingerprint(_ secret: SymmetricKey) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: Array("telehealth key fingerprint".utf8), using: secret)
                .prefix(8))
    }
}
