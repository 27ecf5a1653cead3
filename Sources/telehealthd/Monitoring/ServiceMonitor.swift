internal import Monitoring
internal import RPCServer
internal import StorageSQLite
internal import Synchronization
internal import TelehealthCore

/// What `/livez`, `/readyz` and `/metrics` say of the running service.
///
/// `/livez` answers as long as the process does. `/readyz` is 200 while calls can be served: from the moment
/// the listeners are bound until the stop begins, and only with a database that takes changes.
final class ServiceMonitor: Sendable {
    private let server: RPCServer
    private let store: SQLiteStore
    private let hub: EventHub
    private let isReady = Atomic(false)

    init(server: RPCServer, store: SQLiteStore, hub: EventHub) {
        self.server = server
        self.store = store
        self.hub = hub
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
        switch store.storeState {
        case .writable: return MonitoringResponse(.ok, body: "ready\n")
        case .full: return MonitoringResponse(.unavailable, body: "store: the disk is full\n")
        case .readOnly:
            return MonitoringResponse(.unavailable, body: "store: the database takes no changes: see the log\n")
        }
    }

    /// Method and status names come from fixed sets; no label holds anything of a caller.
    private func metrics() async -> String {
        var text = MetricsText()
        text.describe(await server.metrics(), openConnections: server.openConnectionCount)
        text.describe(store.statistics)
        if let space = store.storeSpace {
            text.single(
                "telehealth_store_free_bytes", .gauge, "Bytes free on the database's device.", Int(space.free))
            text.single("telehealth_store_size_bytes", .gauge, "Bytes of the database's device.", Int(space.size))
        }
        text.single("telehealth_watches_open", .gauge, "Watches that are open.", hub.watchCount)
        if let effects = try? await store.effectCounts() {
            text.family(
                "telehealth_effects", .gauge, "Calls to others that are not done: pending, or given up (dead).")
            text.sample(effects.pending, ["state": "pending"])
            text.sample(effects.dead, ["state": "dead"])
        }
        text.single(
            "process_resident_memory_bytes", .gauge, "Resident memory.", ProcessMemory.residentByteCount)
        return text.text
    }
}
