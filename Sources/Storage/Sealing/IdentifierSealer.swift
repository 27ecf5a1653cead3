package import Crypto
internal import Synchronization
internal import TelehealthModel

/// How people's ids are stored in the database: equal ids give equal bytes, so they are searched, joined and
/// ordered in indexes, and nobody reads them without the ring.
///
/// The clinic's ids of clients, guardians and staff are personal: a medical record number is an identifier by 45 CFR
/// 164.514(b)(2)(i)(H), and with the plain ids a stolen file tells anybody who knows one person's number when
/// that person saw whom. So the nonce of AES-256-GCM is a blind index of the id, the first 12 bytes of its
/// HMAC-SHA256 under a key of its own (the construction of SIV, RFC 5297 §3): two different ids share a nonce
/// with a probability of n^2 / 2^97. One column thus holds both the index and the id; a column for each would
/// double every index for nothing.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 1 | format, 1 |
/// | 1 | 12 | blind index, also the nonce |
/// | 13 | n | ciphertext |
/// | 13 + n | 16 | tag |
///
/// An id is not bound to its column, or it could not be compared with another column's.
///
/// Isolation: any. Ids come again and again, so both directions are remembered for a while, at most ``rememberedMax``
/// each.
package final class IdentifierSealer: Sendable {
    package static let overhead = 1 + 12 + 16
    private static let format: UInt8 = 1
    /// About 300 bytes each.
    private static let rememberedMax = 16_384

    private struct Memory {
        var tokens = RecentValues<Subject, [UInt8]>(capacity: rememberedMax)
        var ids = RecentValues<[UInt8], String>(capacity: rememberedMax)
    }

    private let cipherKey: SymmetricKey
    private let indexKey: SymmetricKey
    private let memory = Mutex(Memory())

    package init(_ secret: SymmetricKey) {
        cipherKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("telehealth ids: cipher".utf8), outputByteCount: 32)
        indexKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("telehealth ids: index".utf8), outputByteCount: 32)
    }

    package func token(_ id: String) -> [UInt8] {
        if let token = memory.withLock({ $0.tokens.value(Subject(id)) }) { return token }
        let bytes = Array(id.utf8)
        let index = Array(HMAC<SHA256>.authenticationCode(for: bytes, using: indexKey).prefix(12))
        guard let nonce = try? AES.GCM.Nonce(data: index),
            let box = try? AES.GCM.seal(bytes, using: cipherKey, nonce: nonce)
        else { preconditionFailure("a 256-bit key and a 96-bit nonce seal any text") }
        let token = [Self.format] + index + box.ciphertext + box.tag
        remember(id, token)
        return token
    }

    /// - Returns: nil when the token was made under another ring, or never.
    package func id(_ token: [UInt8]) -> String? {
        if let id = memory.withLock({ $0.ids.value(token) }) { return id }
        guard let id = open(token) else { return nil }
        remember(id, token)
        return id
    }

    /// Whether the bytes are a token of this ring. Nothing is remembered: a check of every row would push out what
    /// calls need.
    package func opens(_ token: [UInt8]) -> Bool { open(token) != nil }

    private func open(_ token: [UInt8]) -> String? {
        guard token.count >= Self.overhead, token[0] == Self.format,
            let box = try? AES.GCM.SealedBox(combined: token[1...]),
            let bytes = try? AES.GCM.open(box, using: cipherKey)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func remember(_ id: String, _ token: [UInt8]) {
        memory.withLock { memory in
            memory.tokens.insert(token, for: Subject(id))
            memory.ids.insert(id, for: token)
        }
    }

    /// Forgets the ids that were not asked for since the last call of this.
    package func forgetUnused() {
        memory.withLock { memory in
            memory.tokens.endPeriod()
            memory.ids.endPeriod()
        }
    }

    /// How many ids are remembered.
    package var rememberedCount: Int { memory.withLock { $0.tokens.count } }
}
