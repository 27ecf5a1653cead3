internal import Monitoring
internal import RPCModel
internal import RPCServer
internal import Storage
internal import StorageSQLite
internal import Transport

extension MetricsText {
    /// Bounds of the exported time buckets, as powers of two of a microsecond: 64 us, 256 us, ... 67 s. Only every
    /// second counted bucket is exported, so that fifty methods and codes stay readable.
    private static let shownBuckets = stride(from: 6, to: CallCounts.bucketCount, by: 2)

    mutating func describe(_ calls: CallMetrics, openConnections: Int) {
        family("grpc_server_handled_total", .counter, "Finished calls by method and status.")
        for entry in calls.entries {
            sample(entry.counts.count, ["method": entry.method, "code": entry.code?.description ?? "OK"])
        }
        family("grpc_server_handling_seconds", .histogram, "Time of a call in seconds, from its headers to its status.")
        for entry in calls.entries { describe(entry) }
        single(
            "grpc_server_handlers_running", .gauge, "Handlers that are running or suspended.",
            calls.runningHandlers)
        single(
            "grpc_server_calls_waiting", .gauge, "Calls that wait for a handler.", calls.waitingCalls)
        single("grpc_server_calls_open", .gauge, "Open calls.", calls.openCalls)
        single("http2_connections_open", .gauge, "Open connections.", openConnections)
        family(
            "http2_connections_ended_total", .counter,
            "Connections that ended, by reason or by the limit that their peer exceeded.")
        for (reason, count) in calls.connectionEnds.sorted(by: { $0.key < $1.key }) {
            sample(count, ["reason": reason])
        }
        describeRefusals(calls)
    }

    /// What limits refused: calls on connections that stayed open, and new connections.
    private mutating func describeRefusals(_ calls: CallMetrics) {
        family(
            "grpc_server_calls_refused_total", .counter, "Calls that a limit refused or cut off, by limit.")
        for (limit, count) in calls.refusedCalls.sorted(by: { $0.key < $1.key }) {
            sample(count, ["limit": limit])
        }
        single(
            "grpc_server_forwardings_ignored_total", .counter,
            "Calls whose forwarding header was ignored, because no trusted proxy sent it.",
            calls.ignoredForwardings)
        family(
            "http2_connections_evicted_total", .counter,
            "Idle connections closed to make room for new ones, by limit.")
        for (limit, count) in calls.connections.evicted.sorted(by: { $0.key < $1.key }) {
            sample(count, ["limit": limit])
        }
        family("http2_connections_refused_total", .counter, "Connections closed at accept, by limit.")
        for (limit, count) in calls.connections.refused.sorted(by: { $0.key < $1.key }) {
            sample(count, ["limit": limit])
        }
        single("http2_connections_accepted_total", .counter, "Connections accepted.", calls.connections.accepted)
        single(
            "http2_accept_pauses_total", .counter, "Times that accepting paused because no file descriptor was free.",
            calls.connections.pauses)
        single("tls_handshakes_open", .gauge, "TLS handshakes under way.", calls.connections.handshakes)
    }

    private mutating func describe(_ entry: CallMetrics.Entry) {
        let code = entry.code?.description ?? "OK"
        var sum: UInt64 = 0
        var counted = 0
        for bucket in Self.shownBuckets {
            sum += entry.counts.buckets[counted...bucket].reduce(0, +)
            counted = bucket + 1
            let bound = Double(UInt64(1) << UInt64(bucket)) / 1e6
            sample(
                Double(sum), ["method": entry.method, "code": code, "le": "\(bound)"], suffix: "_bucket")
        }
        let count = Double(entry.counts.count)
        sample(count, ["method": entry.method, "code": code, "le": "+Inf"], suffix: "_bucket")
        sample(
            Double(entry.counts.totalNanoseconds) / 1e9, ["method": entry.method, "code": code],
            suffix: "_sum")
        sample(count, ["method": entry.method, "code": code], suffix: "_count")
    }

    mutating func describe(_ store: StoreStatistics) {
        single("telehealth_store_commits_total", .counter, "Transactions.", store.commits)
        single(
            "telehealth_store_decisions_total", .counter, "Changes stored.",
            store.decisionsCommitted)
        single(
            "telehealth_store_conflicts_total", .counter, "Changes decided again after a conflicting commit.",
            store.decisionsInConflict)
        single(
            "telehealth_store_failures_total", .counter, "Writes whose transaction failed.",
            store.writesFailed)
        single(
            "telehealth_store_refused_total", .counter, "Writes refused because the queue was full.",
            store.writesRefused)
        single("telehealth_store_queued", .gauge, "Writes that wait.", store.queuedWrites)
        single("telehealth_store_wal_pages", .gauge, "Pages in the write-ahead log.", store.walPages)
        single("telehealth_store_batch_max", .gauge, "Largest number of writes in one transaction.", store.batchMax)
        single(
            "telehealth_store_writable", .gauge, "1 while changes can be stored.", store.isReadOnly || store.isFull ? 0 : 1)
        family("telehealth_store_commit_seconds_total", .counter, "Time spent in COMMIT, in seconds.")
        sample(Double(store.commitNanoseconds) / 1e9)
        single("telehealth_store_cache_hits_total", .counter, "Reads answered from memory.", store.cacheHits)
        single(
            "telehealth_store_cache_misses_total", .counter, "Reads answered from the database.",
            store.cacheMisses)
    }
}
