/// Values by key that were kept or asked for in this period or in the one before, at most `capacity` of them.
///
/// Two tables: what is asked for in the earlier one moves to the present one; a period's end drops the earlier one.
/// So what nobody needs any more goes by itself, and no order has to be kept.
@frozen public struct RecentValues<Key: Hashable, Value> {
    @usableFromInline var present: [Key: Value] = [:]
    @usableFromInline var earlier: [Key: Value] = [:]
    @usableFromInline let capacity: Int

    /// - Parameter capacity: 2 or more.
    public init(capacity: Int) { self.capacity = capacity }

    public var count: Int { present.count + earlier.count }

    @inlinable public mutating func value(_ key: Key) -> Value? {
        if let value = present[key] { return value }
        guard let value = earlier.removeValue(forKey: key) else { return nil }
        insert(value, for: key)
        return value
    }

    @inlinable public mutating func insert(_ value: Value, for key: Key) {
        if present.count >= capacity / 2 { endPeriod() }
        present[key] = value
    }

    /// Forgets what was not kept or asked for since the last end.
    @inlinable public mutating func endPeriod() {
        earlier = present
        present = [:]
    }

    public mutating func removeAll() {
        present = [:]
        earlier = [:]
    }
}
