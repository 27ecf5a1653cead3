internal import AWSClient
internal import ChimeGateway
internal import EventCore
internal import Foundation
internal import HTTPSClient
internal import Identity
internal import Logging
internal import Monitoring
internal import RPCModel
internal import RPCServer
internal import StorageSQLite
internal import TLSEngine
internal import TelehealthCore
internal import TelehealthHandlers
internal import Webhooks

/// Puts the service together, serves until SIGTERM or SIGINT, and takes it apart in the opposite order.
///
/// What comes first is needed by what follows: store, video gateway, domain, identities, workers, server.
/// - Throws: whatever kept it from serving, fit to be shown to the operator.
func serve(_ configuration: DaemonConfiguration, environment: [String: String], logger: Logger) async throws {
    let time = SystemTime()
    let ids = SystemIdentifiers(time: time)
    let policy = configuration.policy
    let alarms = Alarms(logger: logger)

    // The database, locked for this process, and the heads of its audit log, outside it.
    let ring = try configuration.isLocal ? configuration.keyRing.readOrMake() : configuration.keyRing.read()
    let store = try openStore(configuration, ring, alarms)
    let heads = try headKeeper(configuration, store: store, time: time, alarms: alarms)
    try await heads.begin()

    // Chime and S3, behind one https client; credentials are looked up at the first call.
    var https = HTTPSClient.Configuration()
    https.authoritiesFile = configuration.cloud.authoritiesFile
    let http = try HTTPSClient(configuration: https)
    let credentials = CredentialsChain(
        environment: environment, region: configuration.cloud.region, http: http)
    let gateway = try chimeGateway(configuration, http: http, credentials: credentials)

    // The domain, its workers and its clockwork.
    let hub = EventHub()
    let presence = PresenceBoard(startedAt: time.now)
    let committer = Committer(store: store, hub: hub, presence: presence)
    let guestKey = try GuestKeyFile.key(path: configuration.guestKeyFile)
    let executor = CommandExecutor(
        committer: committer, gateway: gateway, time: time, ids: ids, policy: policy, guestKey: guestKey)
    let webhooks = try webhookClient(configuration)
    let worker = EffectWorker(
        committer: committer, gateway: gateway, time: time, ids: ids, policy: policy,
        webhooks: webhooks.map { HTTPSWebhookSender(configuration.webhooks, client: $0) }
    ) {
        alarms.effect($0)
    }
    let sweeper = Sweeper(committer: committer, gateway: gateway, time: time, ids: ids, policy: policy) {
        alarms.sweep($0)
    }

    let poller = try eventPoller(
        configuration, http: http, credentials: credentials,
        intake: EventIntake(committer: committer, gateway: gateway, time: time, ids: ids, policy: policy),
        alarms: alarms)

    // Who may call.
    let verifier = TokenVerifier(policy: TokenPolicy(audience: configuration.identity.audience))
    let keys = try keyDirectory(configuration, verifier: verifier, http: http)
    try await keys.reload()

    // The server.
    let audit = AuditOffice(executor: executor, trail: store, witness: heads.archive)
    let receipts = ReceiptOffice(executor: executor, trail: store, signer: try receiptSigner(configuration))
    let services = TelehealthServices(
        executor: executor, audit: audit, receipts: receipts,
        archive: PersonArchive(executor: executor, trail: store), presence: presence, care: store,
        openWatches: { hub.watchCount }, time: time)
    let gate = try callGate(
        services.all, configuration.access, executor: executor, verifier: verifier, guestKey: guestKey, time: time,
        alarms)
    let certificates = try certificates(configuration)
    let server = try RPCServer(
        configuration: serverConfiguration(configuration, certificates), services: services.all, interceptors: [gate])
    alarms.onStoreLost = { server.health?.set(.notServing) }
    let addresses = try await server.start().map(\.description)
    let monitor = ServiceMonitor(server: server, store: store, hub: hub)
    let monitoring = try await startMonitoring(configuration, monitor)

    await withDiscardingTaskGroup { group in
        group.addTask { await worker.run() }
        group.addTask { await sweeper.run() }
        group.addTask {
            await RenewedFiles(
                keyRing: configuration.keyRing, store: store, certificates: certificates, keys: keys,
                keySetFile: configuration.identity.keySetFile, time: time, alarms: alarms
            ).run(ring)
        }
        if let poller { group.addTask { await poller.run() } }
        group.addTask { await heads.run() }
        group.addTask { await tickWatches(hub, every: policy.watchHeartbeatInterval, time) }
        group.addTask {
            await keys.keepCurrent(every: configuration.identity.reload, time: time) { alarms.keys($0) }
        }
        monitor.becomeReady()
        announce(addresses, monitoring: monitoring?.address, logger)
        SystemdNotifier.tell(.ready, socketPath: environment["NOTIFY_SOCKET"])

        await TerminationSignal.wait()

        logger.notice("stopping")
        monitor.beginStop()
        SystemdNotifier.tell(.stopping, socketPath: environment["NOTIFY_SOCKET"])
        await server.shutdown(grace: configuration.shutdownGrace)
        group.cancelAll()
    }
    monitoring?.server.stop()
    await heads.end()
    await store.close()
    webhooks?.shutdown()
    http.shutdown()
    logger.notice("stopped", metadata: store.statistics.logMetadata)
}

/// The key of receipts, made at the first run.
private func receiptSigner(_ configuration: DaemonConfiguration) throws -> ReceiptSigner {
    let path = configuration.audit.receiptKeyFile
    try FileManager.default.createDirectory(
        at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    return try ReceiptKeyFile.open(path)
}

/// The database, locked for this process.
private func openStore(
    _ configuration: DaemonConfiguration, _ ring: KeyRing, _ alarms: Alarms
) throws -> SQLiteStore {
    try FileManager.default.createDirectory(
        atPath: configuration.dataDirectory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    var storage = StoreConfiguration()
    storage.keyRing = ring
    storage.backupDirectory = configuration.backupDirectory
    storage.onCondition = { alarms.store($0) }
    storage.auditKeyFile = configuration.audit.keyFile
    return try SQLiteStore.open(directory: configuration.dataDirectory, configuration: storage)
}

/// Where the audit log's heads are signed and kept.
private func headKeeper(
    _ configuration: DaemonConfiguration, store: SQLiteStore, time: SystemTime, alarms: Alarms
) throws -> AuditHeadKeeper {
    let audit = configuration.audit
    let archive = try AuditHeadArchive.open(
        directory: audit.headsDirectory, keyFile: audit.headKeyFile, trail: store, time: time)
    return AuditHeadKeeper(
        archive: archive, store: store, time: time, interval: audit.headInterval, rows: Int64(audit.headRows),
        alarms: alarms)
}

/// The endpoint for probers and scrapers, where the configuration wants one.
private func startMonitoring(_ configuration: DaemonConfiguration, _ monitor: ServiceMonitor) async throws
    -> (server: MonitoringServer, address: String)?
{
    guard let (host, port) = configuration.monitoring else { return nil }
    guard let address = SocketAddress(ipAddress: host == "localhost" ? "127.0.0.1" : host, port: port) else {
        throw ConfigurationFailure(
            sentences: ["TELEHEALTH_MONITORING_LISTEN: '\(host)' is no IP address"])
    }
    let server = try MonitoringServer { await monitor.answer($0) }
    return (server, try await server.start(on: address).description)
}

/// A client of their own for webhooks: receivers that hang must not take the places of calls to Chime.
private func webhookClient(_ configuration: DaemonConfiguration) throws -> HTTPSClient? {
    if configuration.webhooks.isEmpty { return nil }
    var https = HTTPSClient.Configuration()
    https.authoritiesFile = configuration.cloud.authoritiesFile
    return try HTTPSClient(configuration: https)
}

/// The configured issuer's keys and, where it counts, the data directory's own.
private func keyDirectory(
    _ configuration: DaemonConfiguration, verifier: TokenVerifier, http: HTTPSClient
) throws -> KeyDirectory {
    let identity = configuration.identity
    return KeyDirectory(
        verifier: verifier, issuer: identity.issuer.map { ($0.name, KeySource($0.keys)) },
        development: identity.acceptsDevelopmentTokens
            ? try DevelopmentIssuer(directory: configuration.dataDirectory, createIfAbsent: true) : nil,
        client: http)
}

private func callGate(
    _ services: [any RPCService], _ settings: AccessSettings, executor: CommandExecutor, verifier: TokenVerifier,
    guestKey: GuestKey, time: SystemTime, _ alarms: Alarms
) throws -> CallGate {
    try CallGate(
        services: services, settings: settings, now: { time.now }, logger: Logger(label: "calls"),
        onEmergency: { alarms.emergency($0, $1) },
        keepRefusal: { (method, caller, source, reason) async throws(TelehealthError) in
            try await executor.recordRefusal(action: method, caller: caller, source: source, reason: reason)
        }
    ) {
        (token, isLocal) throws(TokenRefusal) in
        do throws(TokenError) {
            if token.hasPrefix(GuestKey.prefix) {
                guard let guest = guestKey.caller(token) else { throw TokenError.malformed }
                guard time.now < guest.expiresAt else { throw TokenError.expired }
                return guest
            }
            return try verifier.verify(token, isLocal: isLocal, now: time.now)
        } catch {
            throw TokenRefusal(reason: error.reason, message: error.advice)
        }
    }
}

/// Says where it serves: in the log, and as one line of JSON on standard output, which a program that started this one
/// reads to know where to call.
private func announce(_ addresses: [String], monitoring: String?, _ logger: Logger) {
    var metadata: Logger.Metadata = ["addresses": "\(addresses.joined(separator: ","))"]
    metadata["monitoring"] = monitoring.map { "\($0)" }
    logger.notice("serving", metadata: metadata)
    let list = addresses.map { "\"\($0)\"" }.joined(separator: ",")
    let endpoint = monitoring.map { ",\"monitoring\":\"\($0)\"" } ?? ""
    let line =
        "{\"status\":\"serving\",\"address\":\"\(addresses.first ?? "")\",\"addresses\":[\(list)]\(endpoint)}\n"
    FileHandle.standardOutput.write(Data(line.utf8))
}

/// Heartbeats of quiet watches and the end of those whose token has expired.
private func tickWatches(_ hub: EventHub, every interval: Duration, _ time: any TimeSource) async {
    while true {
        do { try await time.sleep(for: interval) } catch { return }
        hub.tick(now: time.now)
    }
}

/// nil when no queue is configured: heartbeats then stand in for AWS's events.
private func eventPoller(
    _ configuration: DaemonConfiguration, http: HTTPSClient, credentials: CredentialsChain,
    intake: EventIntake, alarms: Alarms
) throws -> EventPoller? {
    let cloud = configuration.cloud
    guard let url = cloud.eventsQueue else { return nil }
    let queue = try EventQueue(
        url: url, controlRegion: cloud.region,
        endpoint: cloud.endpoints["AWS_ENDPOINT_URL_SQS"] ?? cloud.endpoints["AWS_ENDPOINT_URL"], http: http,
        credentials: credentials, logger: Logger(label: "events"))
    return EventPoller(queue: queue, intake: intake) { alarms.events($0) }
}

private func chimeGateway(
    _ configuration: DaemonConfiguration, http: HTTPSClient, credentials: CredentialsChain
) throws -> ChimeGateway {
    let cloud = configuration.cloud
    var chime = ChimeConfiguration(
        controlRegion: cloud.region, allowedMediaRegions: configuration.policy.allowedMediaRegions,
        endpoints: try .init(controlRegion: cloud.region, environment: cloud.endpoints))
    chime.echoReduction = cloud.echoReduction ? .available : .unavailable
    chime.videoResolution = .init(rawValue: cloud.videoResolution) ?? .hd
    chime.attendeesMax = cloud.attendeesMax
    chime.recordingsBucket = cloud.bucket
    if let cloudFront = cloud.cloudFront {
        let key = try String(contentsOfFile: cloudFront.keyFile, encoding: .utf8)
        chime.cloudFront = try .init(
            distribution: cloudFront.distribution,
            signer: CloudFrontSigner(keyPairID: cloudFront.keyPairID, privateKeyPEM: key),
            usesCustomPolicy: cloudFront.usesCustomPolicy)
    }
    var calls = AWSServiceClient.Configuration()
    calls.limits.perSecond = Double(cloud.callsPerSecond)
    calls.limits.burst = Double(cloud.callsPerSecond * 2)
    return try ChimeGateway(
        configuration: chime, http: http, credentials: credentials, logger: Logger(label: "chime"), calls: calls)
}

private func certificates(_ configuration: DaemonConfiguration) throws -> TLSServerContextSource? {
    guard let tls = configuration.tls else { return nil }
    return try TLSServerContextSource(
        TLSServerConfiguration(
            certificateChainFile: tls.certificate, privateKeyFile: tls.key,
            clientCertificates: tls.clientAuthorities.map {
                tls.requiresClientCertificate ? .required(authorityFile: $0) : .optional(authorityFile: $0)
            } ?? .none))
}

private func serverConfiguration(
    _ configuration: DaemonConfiguration, _ contexts: TLSServerContextSource?
) -> ServerConfiguration {
    var server = ServerConfiguration(
        listeners: configuration.listeners.map { listener in
            switch listener {
            case .unix(let path): .unix(path: path)
            case .tcp(let host, let port):
                contexts.map { .tls(host: host, port: port, $0) } ?? .tcp(host: host, port: port)
            }
        })
    server.loopCount =
        configuration.loops == 0 ? ProcessInfo.processInfo.activeProcessorCount : configuration.loops
    server.offersReflection = configuration.offersReflection
    return server
}

extension KeySource {
    fileprivate init(_ keys: DaemonConfiguration.KeySet) {
        switch keys {
        case .file(let path): self = .file(path)
        case .url(let url): self = .url(url)
        }
    }
}
