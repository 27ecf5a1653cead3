/// Compares a map's keys.
///
/// Protobuf's keys are equal if their bytes are. Swift's strings are also equal when canonically equivalent, such as
/// a composed and a decomposed "é": two entries of a peer's map would become one.
public protocol MapKey: Hashable, Sendable {
    /// True when the key has the same wire bytes as another.
    func isSameKey(as other: Self) -> Bool
    /// Feeds the wire bytes to a hasher: keys that Swift considers equal must not all have the same hash, because a
    /// peer could send many of them.
    func hashKey(into hasher: inout Hasher)
}

extension MapKey {
    @inlinable @inline(__always)
    public func isSameKey(as other: Self) -> Bool { self == other }

    @inlinable
    public func hashKey(into hasher: inout Hasher) { hash(into: &hasher) }
}

extension Bool: MapKey {}
extension Int32: MapKey {}
extension Int64: MapKey {}
extension UInt32: MapKey {}
extension UInt64: MapKey {}

extension String: MapKey {
    /// Does not use Swift's equality first: it normalizes non-ASCII text, at microseconds per key.
    @inlinable
    public func isSameKey(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    public func hashKey(into hasher: inout Hasher) {
        var contiguous = self
        contiguous.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
    }
}

/// A key as ``MapKey`` compares it, for a dictionary.
@usableFromInline
struct ExactKey<Key: MapKey>: Hashable, Sendable {
    @usableFromInline let key: Key

    @inlinable init(_ key: Key) { self.key = key }

    @inlinable static func == (left: Self, right: Self) -> Bool { left.key.isSameKey(as: right.key) }

    @inlinable func hash(into hasher: inout Hasher) { key.hashKey(into: &hasher) }
}
