internal import AuditChain
internal import DurableFile
internal import EventCore
internal import HTTPSClient
internal import Identity
internal import StorageSQLite
internal import TelehealthEngine
internal import TelehealthHandlers
internal import TelehealthModel
internal import TelehealthRules
internal import Webhooks

/// The domain's parts: those that carry out callers' commands, and those that work by themselves.
struct Domain {
    let hub: EventHub
    let useCases: UseCases
    let services: TelehealthServices
    let guestKey: GuestKey
    let limitedCalls: LimitedCalls
    let receiptKeys: ReceiptKeyStore
    let openWatches: @Sendable () -> Int
    private let policy: Policy
    private let time: SystemTime
    /// One thread for long reads, such as exports: they wait for each other and delay no other call.
    private let longWork: EventLoop
    /// One thread for all WatchSessions streams.
    private let watchWork: EventLoop
    private let worker: EffectWorker
    private let sweeper: Sweeper
    private let poller: EventPoller?
    private let webhooks: HTTPSClient?

    /// - Throws: ``StartFailure`` for a key file that cannot be read or created, and for an events queue that cannot be
    ///   used.
    init(
        _ configuration: DaemonConfiguration, records: StorageAssembly, cloud: AWSAssembly, time: SystemTime,
        alarms: Alarms
    ) throws {
        let ids = SystemIdentifiers(time: time)
        let (store, gateway) = (records.store, cloud.gateway)
        self.time = time
        policy = configuration.policy
        hub = EventHub(following: store)
        let presence = PresenceTracker(time: time, following: store)
        let credentials = CredentialCache(following: store)
        limitedCalls = LimitedCalls(store: store, time: time)
        guestKey = try StartFailure.naming("key of guests' grants in \(configuration.guestKeyFile) (--guest-key-file)") {
            try GuestKeyFile.key(path: configuration.guestKeyFile)
        }
        useCases = UseCases(
            store: store, hub: hub, presence: presence, credentials: credentials, gateway: gateway, time: time,
            ids: ids, policy: policy, guestKey: guestKey)
        webhooks = try Self.webhookClient(configuration)
        worker = EffectWorker(
            store: store, credentials: credentials, gateway: gateway, time: time, ids: ids, policy: policy,
            webhooks: webhooks.map { HTTPSWebhookSender(configuration.webhooks, client: $0) }
        ) { alarms.effect($0) }
        sweeper = Sweeper(
            store: store, presence: presence, gateway: gateway, time: time, ids: ids, policy: policy
        ) { alarms.sweep($0) }
        let intake = EventIntake(store: store, gateway: gateway, time: time, ids: ids, policy: policy)
        poller = try StartFailure.naming("queue of events (--events-queue-url)") {
            try cloud.eventPoller(configuration, intake: intake, alarms: alarms)
        }

        let audit = AuditQueries(useCases: useCases, trail: store.auditTrail, witness: records.heads.archive)
        receiptKeys = ReceiptKeyStore(
            try StartFailure.naming("key of receipts in \(configuration.audit.receiptKeyFile) (--receipt-key-file)") {
                try Self.receiptKeys(configuration)
            })
        let receipts = ReceiptIssuer(useCases: useCases, trail: store.auditTrail, keys: receiptKeys)
        longWork = try EventLoop(name: "long-work", givesWay: true)
        try longWork.start()
        watchWork = try EventLoop(name: "watch-work", givesWay: true)
        try watchWork.start()
        openWatches = { [hub, others = useCases.watches.sessionsWatches] in hub.watchCount + others.watchCount }
        services = TelehealthServices(
            useCases: useCases, audit: audit, receipts: receipts,
            archive: PersonArchive(useCases: useCases, trail: store.auditTrail),
            presence: presence, care: store.maintenance,
            openWatches: openWatches, longWork: longWork, watchWork: watchWork, time: time)
    }

    /// Starts the parts that work by themselves; they stop when the group is cancelled.
    func work(in group: inout DiscardingTaskGroup) {
        group.addTask { [worker] in await worker.run() }
        group.addTask { [sweeper] in await sweeper.run() }
        group.addTask { [limitedCalls] in await limitedCalls.run() }
        if let poller { group.addTask { await poller.run() } }
        group.addTask { [hub, sessionsWatches = useCases.watches.sessionsWatches, policy, time] in
            await Self.tickWatches(hub, sessionsWatches, every: policy.watchHeartbeatInterval, time)
        }
        group.addTask(executorPreference: watchWork) { [useCases] in await useCases.watches.tellSessionsWatches() }
    }

    func close() {
        webhooks?.shutdown()
        longWork.stop()
        watchWork.stop()
    }

    /// The keys of receipts; the first one is created at the first start.
    private static func receiptKeys(_ configuration: DaemonConfiguration) throws -> ReceiptKeys {
        let path = configuration.audit.receiptKeyFile
        try Folder.makeAll(Folder.parent(of: path))
        return try ReceiptKeyFile.open(path)
    }

    /// A separate client for webhooks: receivers that hang must not take the connections of calls to Chime.
    private static func webhookClient(_ configuration: DaemonConfiguration) throws -> HTTPSClient? {
        if configuration.webhooks.isEmpty { return nil }
        var https = HTTPSClient.Configuration()
        https.authoritiesFile = configuration.cloud.authoritiesFile
        return try HTTPSClient(configuration: https)
    }

    /// Sends heartbeats to quiet watches and ends those whose token has expired.
    private static func tickWatches(
        _ hub: EventHub, _ sessionsWatches: SessionsWatchHub, every interval: Duration, _ time: any TimeSource
    ) async {
        while true {
            do { try await time.sleep(for: interval) } catch { return }
            hub.tick(now: time.now)
            sessionsWatches.tick(now: time.now)
        }
    }
}
