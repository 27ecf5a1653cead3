internal import Synchronization

/// Decoded values of committed rows, at most `capacity` of them, so that a hot read needs no SQL.
///
/// It never shows anything but the newest committed state, because this process has the only writer:
/// - before a commit the writer *withholds* the keys it touched, so reads of them go to the database, which
///   shows the state before or after the commit and never goes back;
/// - after the commit it *publishes* what it knows of them;
/// - a reader that missed gets a ticket and *offers* what it loaded; withholding a key voids its tickets.
///
/// Eviction is by the clock algorithm: one reference bit per slot, a hand that clears bits until it finds a
/// clear one. Isolation: any; the lock is held for a look-up, never for a load.
final class ReadCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A box, so that a hit under the lock costs one retain whatever the value's size.
    private final class Entry: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private struct Slot {
        let key: Key
        var entry: Entry
        var wasUsed: Bool
    }

    private struct State {
        var slots: [Slot?] = []
        var freeSlots: [Int] = []
        var places: [Key: Int] = [:]
        var hand = 0
        /// The newest ticket per key that is being loaded; at most one per reading thread.
        var loading: [Key: UInt64] = [:]
        var withheld: Set<Key> = []
        var lastTicket: UInt64 = 0
        var hits = 0
        var misses = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The cached value, or what `load` brings, which is then kept. Nothing is kept of an absent value.
    func value<Failure>(
        _ key: Key, load: () throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        let (entry, ticket) = find(key)
        if let entry { return entry.value }
        let loaded: Value?
        do throws(Failure) {
            loaded = try load()
        } catch {
            settle(key, ticket: ticket, value: nil)
            throw error
        }
        settle(key, ticket: ticket, value: loaded)
        return loaded
    }

    private func find(_ key: Key) -> (Entry?, ticket: UInt64) {
        state.withLock { state in
            if let place = state.places[key] {
                state.hits += 1
                state.slots[place]!.wasUsed = true
                return (state.slots[place]!.entry, 0)
            }
            state.misses += 1
            guard !state.withheld.contains(key) else { return (nil, 0) }
            state.lastTicket += 1
            state.loading[key] = state.lastTicket
            return (nil, state.lastTicket)
        }
    }

    private func settle(_ key: Key, ticket: UInt64, value: Value?) {
        guard ticket != 0 else { return }
        let entry = value.map(Entry.init)
        // What is evicted is freed outside the lock.
        let evicted: Entry? = state.withLock { state in
            guard state.loading[key] == ticket else { return nil }
            state.loading[key] = nil
            return entry.flatMap { insert(key, $0, &state) }
        }
        _ = evicted
    }

    /// Writer: hides the keys until ``publish(_:)``.
    /// - Returns: what was kept of them.
    func withhold(_ keys: some Sequence<Key>) -> [Key: Value] {
        state.withLock { state in
            var values: [Key: Value] = [:]
            for key in keys {
                state.withheld.insert(key)
                state.loading[key] = nil
                if let entry = remove(key, &state) { values[key] = entry.value }
            }
            return values
        }
    }

    /// Writer: ends the withholding and keeps the given committed values.
    func publish(_ values: [Key: Value]) {
        let entries = values.mapValues(Entry.init)
        state.withLock { state in
            state.withheld.removeAll(keepingCapacity: true)
            for (key, entry) in entries { _ = insert(key, entry, &state) }
        }
    }

    /// Forgets what was not asked for since the last call of this: what was of use once is not kept for good.
    func forgetUnused() {
        // Freed outside the lock.
        let unused: [Entry] = state.withLock { state in
            var unused: [Entry] = []
            for place in state.slots.indices {
                guard let slot = state.slots[place] else { continue }
                if slot.wasUsed {
                    state.slots[place]!.wasUsed = false
                } else if let entry = remove(slot.key, &state) {
                    unused.append(entry)
                }
            }
            return unused
        }
        _ = unused
    }

    var counts: (hits: Int, misses: Int, entries: Int) {
        state.withLock { ($0.hits, $0.misses, $0.places.count) }
    }

    /// - Returns: what had to go.
    private func insert(_ key: Key, _ entry: Entry, _ state: inout State) -> Entry? {
        if let place = state.places[key] {
            let old = state.slots[place]!.entry
            state.slots[place]!.entry = entry
            return old
        }
        let slot = Slot(key: key, entry: entry, wasUsed: false)
        if let place = state.freeSlots.popLast() {
            state.slots[place] = slot
            state.places[key] = place
            return nil
        }
        if state.slots.count < capacity {
            state.places[key] = state.slots.count
            state.slots.append(slot)
            return nil
        }
        while state.slots[state.hand]!.wasUsed {
            state.slots[state.hand]!.wasUsed = false
            state.hand = (state.hand + 1) % capacity
        }
        let place = state.hand
        state.hand = (place + 1) % capacity
        let victim = state.slots[place]!
        state.places[victim.key] = nil
        state.slots[place] = slot
        state.places[key] = place
        return victim.entry
    }

    private func remove(_ key: Key, _ state: inout State) -> Entry? {
        guard let place = state.places.removeValue(forKey: key) else { return nil }
        defer { state.slots[place] = nil }
        state.freeSlots.append(place)
        return state.slots[place]!.entry
    }
}
