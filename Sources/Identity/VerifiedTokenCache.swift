internal import TelehealthCore

/// Tokens that were verified, by their SHA-256, oldest forgotten first.
///
/// A signature check costs tens of microseconds, more than a whole read; the same token comes with every call of its
/// hour. The digest stands for the token so that no bearer secret stays in memory.
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

    /// About 300 bytes each: 5 MB when full, enough for 16,384 people within their hour.
    static let entriesMax = 16_384

    private var entries: [Digest: Entry] = [:]
    /// Digests by age; `oldest` walks round once it is full.
    private var ring: [Digest] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int = entriesMax) { self.capacity = capacity }

    var count: Int { entries.count }

    subscript(digest: Digest) -> Entry? { entries[digest] }

    mutating func insert(_ entry: Entry, for digest: Digest) {
        guard entries.updateValue(entry, forKey: digest) == nil else { return }
        if ring.count < capacity {
            ring.append(digest)
        } else {
            entries[ring[oldest]] = nil
            ring[oldest] = digest
            oldest = (oldest + 1) % capacity
        }
    }

    mutating func removeAll() {
        entries.removeAll()
        ring.removeAll()
        oldest = 0
    }
}
