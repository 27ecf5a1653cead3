internal import DurableFile
internal import EventCore
internal import HTTPSClient
internal import Identity
internal import TelehealthCore
internal import TelehealthHandlers
internal import Webhooks

/// The rules at work: what carries out callers' commands, and what works by itself.
struct Domain {
    let hub = EventHub()
    let executor: CommandExecutor
    let services: TelehealthServices
    let guestKey: GuestKey
    let limitedCalls: LimitedCalls
    let receiptKeys: ReceiptKeyBoard
    let openWatches: @Sendable () -> Int
    private let policy: Policy
    private let time: SystemTime
    /// One thread: what reads much waits for its like and for nobody's calls.
    private let longWork: EventLoop
    /// One thread for all watches of many visits.
    private let watchWork: EventLoop
    private let worker: EffectWorker
    private let sweeper: Sweeper
    private let poller: EventPoller?
    private let webhooks: HTTPSClient?

    /// - Throws: a key file that cannot be read or made, an events queue or webhook target that is none.
    init(
        _ configuration: DaemonConfiguration, records: Records, cloud: Cloud, time: SystemTime, alarms: Alarms
    ) throws {
        let ids = SystemIdentifiers(time: time)
        let (store, gateway) = (records.store, cloud.gateway)
        self.time = time
        policy = configuration.policy
        let presence = PresenceBoard(time: time)
        let committer = Committer(store: store, hub: hub, presence: presence)
        limitedCalls = LimitedCalls(store: store, time: time)
        guestKey = try StartFailure.naming("key of guests' grants in \(configuration.guestKeyFile) (--guest-key-file)") {
            try GuestKeyFile.key(path: configuration.guestKeyFile)
        }
        executor = CommandExecutor(
            committer: committer, gateway: gateway, time: time, ids: ids, policy: policy, guestKey: guestKey)
        webhooks = try Self.webhookClient(configuration)
        worker = EffectWorker(
            committer: committer, gateway: gateway, time: time, ids: ids, policy: policy,
            webhooks: webhooks.map { HTTPSWebhookSender(configuration.webhooks, client: $0) }
        ) { alarms.effect($0) }
        sweeper = Sweeper(committer: committer, gateway: gateway, time: time, ids: ids, policy: policy) {
            alarms.sweep($0)
        }
        let intake = EventIntake(committer: committer, gateway: gateway, time: time, ids: ids, policy: policy)
        poller = try StartFailure.naming("queue of events (--events-queue-url)") {
            try cloud.eventPoller(configuration, intake: intake, alarms: alarms)
        }

        let audit = AuditOffice(executor: executor, trail: store, witness: records.heads.archive)
        receiptKeys = ReceiptKeyBoard(
            try StartFailure.naming("key of receipts in \(configuration.audit.receiptKeyFile) (--receipt-key-file)") {
                try Self.receiptKeys(configuration)
            })
        let receipts = ReceiptOffice(executor: executor, trail: store, keys: receiptKeys)
        longWork = try EventLoop(name: "long-work", givesWay: true)
        try longWork.start()
        watchWork = try EventLoop(name: "watch-work", givesWay: true)
        try watchWork.start()
        openWatches = { [hub, others = executor.sessionsWatches] in hub.watchCount + others.watchCount }
        services = TelehealthServices(
            executor: executor, audit: audit, receipts: receipts,
            archive: PersonArchive(executor: executor, trail: store), presence: presence, care: store,
            openWatches: openWatches, longWork: longWork, watchWork: watchWork, time: time)
    }

    /// Starts what works without being called; it stops when the group is cancelled.
    func work(in group: inout DiscardingTaskGroup) {
        group.addTask { [worker] in await worker.run() }
        group.addTask { [sweeper] in await sweeper.run() }
        group.addTask { [limitedCalls] in await limitedCalls.run() }
        if let poller { group.addTask { await poller.run() } }
        group.addTask { [hub, sessionsWatches = executor.sessionsWatches, policy, time] in
            await Self.tickWatches(hub, sessionsWatches, every: policy.watchHeartbeatInterval, time)
        }
        group.addTask(executorPreference: watchWork) { [executor] in await executor.tellSessionsWatches() }
    }

    func close() {
        webhooks?.shutdown()
        longWork.stop()
        watchWork.stop()
    }

    /// The keys of receipts, the first made at the first run.
    private static func receiptKeys(_ configuration: DaemonConfiguration) throws -> ReceiptKeys {
        let path = configuration.audit.receiptKeyFile
        try Folder.makeAll(Folder.parent(of: path))
        return try ReceiptKeyFile.open(path)
    }

    /// A client of their own for webhooks: receivers that hang must not take the places of calls to Chime.
    private static func webhookClient(_ configuration: DaemonConfiguration) throws -> HTTPSClient? {
        if configuration.webhooks.isEmpty { return nil }
        var https = HTTPSClient.Configuration()
        https.authoritiesFile = configuration.cloud.authoritiesFile
        return try HTTPSClient(configuration: https)
    }

    /// Heartbeats of quiet watches and the end of those whose token has expired.
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
