internal import TelehealthModel

/// Verified tokens by their SHA-256, for as long as they are used.
///
/// A signature check takes tens of microseconds, more than a whole read, and the same token comes with every call for
/// an hour. Only the digest is stored, so that no bearer secret stays in memory.
struct VerifiedTokenCache {
    struct Entry: Sendable {
        let caller: Caller
        let isDevelopment: Bool
    }

    /// Four 8-byte words of a SHA-256.
    struct Digest: Hashable, Sendable {
        let words: (UInt64, UInt64, UInt64, UInt64)

        static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

        func hash(into hasher: inout Hasher) {
            // The digest is uniform already; one word is enough for the table.
            hasher.combine(words.0)
        }
    }

    /// About 300 bytes each: 5 MB when full.
    static let entriesMax = 16_384
    /// After this time without use, a token is verified again at the cost of a new one.
    private static let period: Duration = .seconds(60)

    private var entries: RecentValues<Digest, Entry>
    private var periodBegan = Timestamp(microseconds: 0)

    init(capacity: Int = entriesMax) { entries = RecentValues(capacity: capacity) }

    var count: Int { entries.count }

    /// - Parameter now: entries unused since the last minute are dropped.
    mutating func entry(for digest: Digest, now: Timestamp) -> Entry? {
        // Starts again if the clock went back.
        if now >= periodBegan + Self.period || now < periodBegan {
            periodBegan = now
            entries.endPeriod()
        }
        return entries.value(digest)
    }

    mutating func insert(_ entry: Entry, for digest: Digest) { entries.insert(entry, for: digest) }

    mutating func removeAll() { entries.removeAll() }
}
