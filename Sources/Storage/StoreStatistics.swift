/// Figures since the store was opened, for metrics.
public struct StoreStatistics: Sendable, Hashable {
    /// Transactions that were committed.
    public var commits = 0
    /// Decisions answered committed, conflicting or as repeated requests.
    public var decisionsCommitted = 0
    public var decisionsInConflict = 0
    public var requestsRepeated = 0
    /// Entries of the audit log that belong to no change: reads and denials, a sum counting once.
    public var auditEntriesRecorded = 0
    /// Decisions and claims whose transaction failed.
    public var writesFailed = 0
    /// The largest number of writes in one transaction.
    public var batchMax = 0
    /// Time spent in COMMIT, in nanoseconds, and the longest one.
    public var commitNanoseconds: UInt64 = 0
    public var commitNanosecondsMax: UInt64 = 0
    public var checkpoints = 0
    public var checkpointNanoseconds: UInt64 = 0
    public var checkpointNanosecondsMax: UInt64 = 0
    /// Pages in the WAL after the latest commit.
    public var walPages = 0
    /// Writes that wait now, and those refused because too many did.
    public var queuedWrites = 0
    public var writesRefused = 0
    /// Reads answered from memory and from the database.
    public var cacheHits = 0
    public var cacheMisses = 0
    public var cachedSessions = 0
    /// The device failed: nothing is written any more until the next start.
    public var isReadOnly = false
    /// A write met a full disk, and there is no room for more than one write since.
    public var isFull = false

    public init() {}
}
