internal import Identity
internal import Monitoring
internal import RPCServer
internal import StorageSQLite
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthHandlers
internal import TelehealthModel

/// Answers `/livez`, `/readyz` and `/metrics` for the running service.
///
/// `/livez` is 200 while the process runs. `/readyz` is 200 while calls can be served: once the listeners are bound,
/// until the stop begins, and only while the database accepts changes.
final class ServiceMonitor: Sendable {
    private let server: RPCServer
    private let access: AccessInterceptor
    private let store: SQLiteStore
    private let openWatches: @Sendable () -> Int
    private let alarms: Alarms
    private let monitoring: MonitoringCounters
    private let isReady = Atomic(false)

    init(
        server: RPCServer, access: AccessInterceptor, store: SQLiteStore, openWatches: @escaping @Sendable () -> Int,
        alarms: Alarms, monitoring: MonitoringCounters
    ) {
        self.server = server
        self.access = access
        self.store = store
        self.openWatches = openWatches
        self.alarms = alarms
        self.monitoring = monitoring
    }

    func becomeReady() { isReady.store(true, ordering: .relaxed) }
    func beginStop() { isReady.store(false, ordering: .relaxed) }

    func answer(_ path: String) async -> MonitoringResponse? {
        switch path {
        case "/livez": return MonitoringResponse(.ok, body: "alive\n")
        case "/readyz": return readiness
        case "/metrics": return MonitoringResponse(.ok, body: await metrics(), contentType: MetricsText.contentType)
        default: return nil
        }
    }

    private var readiness: MonitoringResponse {
        guard isReady.load(ordering: .relaxed) else {
            return MonitoringResponse(.unavailable, body: "starting or stopping\n")
        }
        switch store.maintenance.storeState {
        case .writable: return MonitoringResponse(.ok, body: "ready\n")
        case .full: return MonitoringResponse(.unavailable, body: "store: the disk is full\n")
        case .readOnly:
            return MonitoringResponse(.unavailable, body: "store: the database accepts no changes; see the log\n")
        }
    }

    /// No label holds data of a caller: method and status names come from fixed sets.
    private func metrics() async -> String {
        var text = MetricsText()
        var calls = await server.metrics()
        calls.refusedCalls.merge(access.refusedCalls, uniquingKeysWith: +)
        text.describe(calls, openConnections: server.openConnectionCount)
        text.describe(store.statistics)
        if let space = store.maintenance.storeSpace {
            text.single(
                "telehealth_store_free_bytes", .gauge, "Bytes free on the database's device.", Int(space.free))
            text.single("telehealth_store_size_bytes", .gauge, "Bytes of the database's device.", Int(space.size))
        }
        text.single("telehealth_watches_open", .gauge, "Watches that are open.", openWatches())
        if let effects = try? await store.operations.effectCounts() {
            text.family(
                "telehealth_effects", .gauge,
                "Calls to Chime, S3 and webhooks that are not done: pending, of those refused by AWS, and given up (dead).")
            text.sample(effects.pending, ["state": "pending"])
            text.sample(effects.refused, ["state": "refused"])
            text.sample(effects.dead, ["state": "dead"])
        }
        text.family(
            "telehealth_meetings_refused_total", .counter,
            "Meetings that Chime refused to create, by kind of refusal.")
        let refused = alarms.meetingsRefused.withLock { $0 }
        for (label, failure) in [("quota", MeetingGeneration.Failure.quotaExceeded), ("access", .refused)] {
            text.sample(refused[failure] ?? 0, ["kind": label])
        }
        text.family(
            "telehealth_issuer_reads_failed_total", .counter,
            "Failed reads of the issuer's keys, by what stays in use: the old keys, or the old discovery document.")
        let failed = alarms.keyNotices.withLock { $0 }
        for label in KeyNotice.labels { text.sample(failed[label] ?? 0, ["kept": label]) }
        text.family(
            "monitoring_connections_ended_total", .counter,
            "Connections to the monitoring endpoint that were cut off, by the rule or the limit that their peer broke.")
        for (reason, count) in monitoring.endedConnections.sorted(by: { $0.key < $1.key }) {
            text.sample(count, ["reason": reason])
        }
        text.single(
            "process_resident_memory_bytes", .gauge, "Resident memory.", ProcessMemory.residentByteCount)
        return text.text
    }
}
