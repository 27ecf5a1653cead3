package import Crypto

/// The secrets that personal columns are sealed with, kept outside the data directory.
///
/// Several data keys, one of them current: it seals what is written, any of them opens what is read. Besides them one
/// index secret, from which the tokens of people's ids are made; it stays the same, since what is looked up by a token
/// must have one form only.
public struct KeyRing: Sendable {
    /// A data key as an operator may see it.
    public struct KeyInfo: Sendable, Hashable {
        public let id: UInt32
        /// Seconds since 1970.
        public let createdAt: Int64
        /// Since when no row is sealed with it; nil while one may be. Backups made before may still need it.
        public let retiredAt: Int64?
        public let isCurrent: Bool
    }

    package struct Key: Sendable {
        package let id: UInt32
        package let secret: SymmetricKey
        package let createdAt: Int64
        package var retiredAt: Int64?
    }

    /// More would mean that nobody ever removes retired ones.
    package static let keysMax = 64

    package private(set) var keys: [Key]
    package private(set) var currentID: UInt32
    package let indexSecret: SymmetricKey

    /// A new ring with one fresh key.
    ///
    /// - Parameter now: seconds since 1970.
    public static func fresh(now: Int64) -> KeyRing {
        KeyRing(
            keys: [Key(id: 1, secret: SymmetricKey(size: .bits256), createdAt: now)], currentID: 1,
            indexSecret: SymmetricKey(size: .bits256))!
    }

    /// - Returns: nil when the current key is not among the keys, ids repeat or are 0, or a secret has not 256 bits.
    package init?(keys: [Key], currentID: UInt32, indexSecret: SymmetricKey) {
        guard keys.contains(where: { $0.id == currentID }), Set(keys.map(\.id)).count == keys.count,
            keys.count <= Self.keysMax, keys.allSatisfy({ $0.id > 0 && $0.secret.bitCount == 256 }),
            indexSecret.bitCount == 256
        else { return nil }
        self.keys = keys
        self.currentID = currentID
        self.indexSecret = indexSecret
    }

    public var list: [KeyInfo] {
        keys.map {
            KeyInfo(
                id: $0.id, createdAt: $0.createdAt, retiredAt: $0.retiredAt, isCurrent: $0.id == currentID)
        }
    }

    /// Adds a fresh key and makes it the current one.
    ///
    /// - Returns: its id; nil when the ring is full.
    public mutating func rotate(now: Int64) -> UInt32? {
        guard keys.count < Self.keysMax, let last = keys.map(\.id).max(), last < .max else { return nil }
        keys.append(Key(id: last + 1, secret: SymmetricKey(size: .bits256), createdAt: now))
        currentID = last + 1
        return currentID
    }

    /// Notes that no row is sealed with any key but the current one.
    ///
    /// - Parameter current: the key that was current when the rows were gone through; nothing is noted when
    ///   another one is by now.
    public mutating func retireOthers(than current: UInt32, now: Int64) {
        guard current == currentID else { return }
        for index in keys.indices where keys[index].id != current && keys[index].retiredAt == nil {
            keys[index].retiredAt = now
        }
    }

    /// Takes a retired key out for good: what it sealed in old backups cannot be read any more.
    ///
    /// - Returns: false when there is no such key or it is not retired.
    public mutating func remove(_ id: UInt32) -> Bool {
        guard let place = keys.firstIndex(where: { $0.id == id && $0.retiredAt != nil }) else { return false }
        keys.remove(at: place)
        return true
    }

    public var current: UInt32 { currentID }
}
