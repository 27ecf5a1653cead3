/// A protobuf map: pairs in insertion order, looked up by key.
///
/// An array of pairs decodes faster than a dictionary (no hashing, one allocation) at the usual sizes of maps. Above
/// ``linearCountMax`` pairs there is an index, so that a peer cannot make decoding quadratic. Equality and hash do
/// not depend on the order, as for a dictionary. Keys are compared by their bytes, see ``MapKey``.
public struct MapField<Key: MapKey, Value: Hashable & Sendable>: Sendable {
    /// Pairs searched one by one before an index is built: a short scan costs less than hashing a string.
    @usableFromInline static var linearCountMax: Int { 12 }

    @usableFromInline var storage: [(key: Key, value: Value)]
    @usableFromInline var index: [ExactKey<Key>: Int]?

    /// An empty map.
    @inlinable
    public init() {
        storage = []
        index = nil
    }

    /// The pairs of a dictionary, in its order.
    public init(_ dictionary: [Key: Value]) {
        self.init()
        for (key, value) in dictionary { self[key] = value }
    }

    /// The pairs, in insertion order.
    @inlinable public var pairs: [(key: Key, value: Value)] { storage }
    /// The keys, in insertion order.
    public var keys: [Key] { storage.map(\.key) }
    /// The values, in insertion order.
    public var values: [Value] { storage.map(\.value) }
    /// The pairs as a dictionary. Of keys that Swift considers equal although their bytes differ, the last is kept.
    public var dictionary: [Key: Value] {
        Dictionary(storage.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    /// The value of a key. Setting replaces in place or appends; setting nil removes, in O(n).
    @inlinable
    public subscript(key: Key) -> Value? {
        get { position(of: key).map { storage[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            insert(key, newValue)
        }
    }

    /// Replaces the value of a key in place or appends the pair.
    @inlinable
    mutating func insert(_ key: Key, _ value: Value) {
        if let position = position(of: key) {
            storage[position].value = value
            return
        }
        if storage.isEmpty { storage.reserveCapacity(4) }
        storage.append((key, value))
        if index != nil {
            index![ExactKey(key)] = storage.count &- 1
        } else if storage.count > Self.linearCountMax {
            rebuildIndex()
        }
    }

    @inlinable
    func position(of key: Key) -> Int? {
        if let index { return index[ExactKey(key)] }
        for position in storage.indices where storage[position].key.isSameKey(as: key) { return position }
        return nil
    }

    @inlinable
    mutating func remove(_ key: Key) {
        guard let position = position(of: key) else { return }
        storage.remove(at: position)
        index = nil
        if storage.count > Self.linearCountMax { rebuildIndex() }
    }

    @inlinable
    mutating func rebuildIndex() {
        var built: [ExactKey<Key>: Int] = [:]
        built.reserveCapacity(storage.count * 2)
        for (position, pair) in storage.enumerated() { built[ExactKey(pair.key)] = position }
        index = built
    }
}

extension MapField: Hashable {
    public static func == (left: MapField, right: MapField) -> Bool {
        left.storage.count == right.storage.count
            && left.storage.allSatisfy { right[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var combined = 0
        for pair in storage {
            var one = Hasher()
            one.combine(pair.key)
            one.combine(pair.value)
            combined ^= one.finalize()
        }
        hasher.combine(combined)
    }
}

extension MapField: Sequence {
    // Not a collection: a subscript by position beside the one by key would be ambiguous for integer keys.
    /// Pairs held.
    public var count: Int { storage.count }
    /// True when no pair is held.
    public var isEmpty: Bool { storage.isEmpty }

    public func makeIterator() -> IndexingIterator<[(key: Key, value: Value)]> { storage.makeIterator() }
}

extension MapField: ExpressibleByDictionaryLiteral {
    /// A repeated key takes the last value.
    public init(dictionaryLiteral elements: (Key, Value)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }
}
