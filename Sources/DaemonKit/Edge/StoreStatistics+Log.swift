internal import Logging
internal import Storage
internal import StorageSQLite

extension StoreStatistics {
    /// The store's counters since it was opened, for the last line of the log: they show whether writes share commits,
    /// how long a commit takes on this disk, and how many reads were answered from memory.
    var logMetadata: Logger.Metadata {
        [
            "commits": "\(commits)", "decisions": "\(decisionsCommitted)", "conflicts": "\(decisionsInConflict)",
            "repeated": "\(requestsRepeated)", "failed": "\(writesFailed)", "batch_max": "\(batchMax)",
            "commit_us": "\(commitNanoseconds / 1000 / UInt64(max(commits, 1)))",
            "commit_max_us": "\(commitNanosecondsMax / 1000)", "checkpoints": "\(checkpoints)",
            "cache_hits": "\(cacheHits)", "cache_misses": "\(cacheMisses)",
        ]
    }
}
