internal import DevelopmentIdentity
internal import EventCore
internal import FoundationEssentials
internal import HTTPSClient
internal import Identity
internal import Logging
internal import Monitoring
internal import RPCModel
internal import RPCServer
internal import TLSEngine
internal import TelehealthEngine
internal import TelehealthHandlers
internal import TelehealthModel
internal import TelehealthRules

/// The servers for callers and for monitoring, with tokens, certificates and access rules.
struct ServerAssembly {
    let server: RPCServer
    let monitor: ServiceMonitor
    /// The limits in force, for the log.
    let limitsMetadata: Logger.Metadata
    private let certificates: TLSServerContextSource?
    private let keys: KeyDirectory
    private let configuration: DaemonConfiguration
    private let alarms: Alarms
    private let monitoringCounters = MonitoringCounters()

    /// - Throws: ``StartFailure`` for certificates or key sets that cannot be read; an error for a method without a
    ///   rule of access.
    init(
        _ configuration: DaemonConfiguration, records: StorageAssembly, domain: Domain, http: HTTPSClient,
        time: SystemTime,
        alarms: Alarms
    ) async throws {
        self.configuration = configuration
        self.alarms = alarms
        let identity = configuration.identity
        let verifier = TokenVerifier(policy: TokenPolicy(audience: identity.audience, claims: identity.claims))
        keys = try Self.keyDirectory(configuration, verifier: verifier, http: http)
        // Without keys every token would be refused: better no service than one that refuses every call.
        try await StartFailure.naming(identity.keysPlace) { [keys] in _ = try await keys.reload() }
        certificates = try Self.certificates(configuration)
        let services = domain.services.all
        let access = try Self.accessInterceptor(
            services, configuration.access, domain: domain, verifier: verifier, time: time, alarms)
        let serving = Self.serverConfiguration(configuration, certificates)
        limitsMetadata = Dictionary(uniqueKeysWithValues: serving.limits.map { ($0.name, "\($0.value)") })
        let server = try RPCServer(configuration: serving, services: services, interceptors: [access])
        alarms.onReadiness = { server.health?.setAll($0 ? .serving : .notServing) }
        self.server = server
        monitor = ServiceMonitor(
            server: server, access: access, store: records.store, openWatches: domain.openWatches, alarms: alarms,
            monitoring: monitoringCounters)
    }

    /// Reads files and key sets again that others renew while the daemon runs; stops when the group is cancelled.
    func keepCurrent(
        in group: inout DiscardingTaskGroup, records: StorageAssembly, receiptKeys: ReceiptKeyStore, time: SystemTime
    ) {
        let files = CredentialReloader(
            keyRing: configuration.keyRing, store: records.store, certificates: certificates, keys: keys,
            keySetFile: configuration.identity.keySetFile, receiptKeyFile: configuration.audit.receiptKeyFile,
            receiptKeys: receiptKeys, time: time, alarms: alarms)
        group.addTask { await files.run(records.ring) }
        group.addTask { [keys, alarms, interval = configuration.identity.reload] in
            await keys.keepCurrent(every: interval, time: time) { alarms.keys($0) }
        }
    }

    /// The endpoint for health checks and metrics, if one is configured.
    ///
    /// - Throws: ``ConfigurationFailure`` when the host is not an IP address; ``StartFailure`` when it cannot listen.
    func startMonitoring(time: SystemTime) async throws -> (server: MonitoringServer, address: String)? {
        guard let (host, port) = configuration.monitoring else { return nil }
        guard let address = SocketAddress(ipAddress: host == "localhost" ? "127.0.0.1" : host, port: port) else {
            throw ConfigurationFailure(
                sentences: [
                    "TELEHEALTH_MONITORING_LISTEN (--monitoring-listen): '\(host)' must be an IP address or localhost"
                ])
        }
        let server = try MonitoringServer(
            unixSeconds: { time.now.microseconds / 1_000_000 }, counters: monitoringCounters
        ) { [monitor] in await monitor.answer($0) }
        let bound = try await StartFailure.naming("monitoring on \(address) (--monitoring-listen)") {
            try await server.start(on: address).description
        }
        return (server, bound)
    }

    /// The configured issuer's keys and, where it is accepted, the data folder's development key.
    private static func keyDirectory(
        _ configuration: DaemonConfiguration, verifier: TokenVerifier, http: HTTPSClient
    ) throws -> KeyDirectory {
        let identity = configuration.identity
        return KeyDirectory(
            verifier: verifier, issuer: identity.issuer.map { ($0.name, $0.keys) },
            development: identity.acceptsDevelopmentTokens ? try developmentIssuer(configuration.dataDirectory) : nil,
            client: http)
    }

    private static func developmentIssuer(_ directory: String) throws -> DevelopmentIssuer {
        try StartFailure.naming("development key \(directory)/\(DevelopmentIssuer.fileName)") {
            try DevelopmentIssuer(directory: directory, createIfAbsent: true)
        }
    }

    private static func accessInterceptor(
        _ services: [any RPCService], _ settings: AccessSettings, domain: Domain, verifier: TokenVerifier,
        time: SystemTime, _ alarms: Alarms
    ) throws -> AccessInterceptor {
        let (useCases, limitedCalls) = (domain.useCases, domain.limitedCalls)
        return try AccessInterceptor(
            services: services, settings: settings, now: { time.now }, logger: Logger(label: "calls"),
            onEmergency: { alarms.emergency($0, $1) },
            keepRefusal: { (method, caller, source, reason) async throws(TelehealthError) in
                try await useCases.audit.recordRefusal(action: method, caller: caller, source: source, reason: reason)
            },
            noteLimited: { limitedCalls.note(action: $0, caller: $1, source: $2, reason: $3) },
            tokens: tokenReading(verifier, domain.guestKey, time: time))
    }

    private static func tokenReading(
        _ verifier: TokenVerifier, _ guestKey: GuestKey, time: SystemTime
    ) -> TokenReading {
        TokenReading { token, isLocal in
            guard token.hasPrefix(GuestKey.prefix) else {
                return verifier.known(token, isLocal: isLocal, now: time.now)
            }
            // Checking a guest's pass costs no more than looking a token up.
            return guestKey.caller(token).flatMap { time.now < $0.expiresAt ? $0 : nil }
        } deservesCheck: {
            verifier.deservesCheck($0)
        } verify: {
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

    private static func certificates(_ configuration: DaemonConfiguration) throws -> TLSServerContextSource? {
        guard let tls = configuration.tls else { return nil }
        let files = [tls.certificate, tls.key] + (tls.clientAuthorities.map { [$0] } ?? [])
        return try StartFailure.naming(
            "TLS with \(files.joined(separator: ", ")) (--tls-certificate, --tls-key, --tls-client-authorities)"
        ) {
            try TLSServerContextSource(
                TLSServerConfiguration(
                    certificateChainFile: tls.certificate, privateKeyFile: tls.key,
                    clientCertificates: tls.clientAuthorities.map {
                        tls.requiresClientCertificate ? .required(authorityFile: $0) : .optional(authorityFile: $0)
                    } ?? .none))
        }
    }

    static func serverConfiguration(
        _ configuration: DaemonConfiguration, _ contexts: TLSServerContextSource?
    ) -> ServerConfiguration {
        var server = ServerConfiguration(
            listeners: configuration.listeners.map { $0.serving(contexts) })
        configuration.admission.apply(to: &server.transport)
        server.loopCount =
            configuration.loops == 0 ? ProcessInfo.processInfo.activeProcessorCount : configuration.loops
        server.offersReflection = configuration.offersReflection
        server.offersWebProtocols = true
        configuration.connections.apply(to: &server)
        return server
    }
}

extension DaemonConfiguration.Listener {
    fileprivate func serving(_ contexts: TLSServerContextSource?) -> ServerListener {
        switch self {
        case .unix(let path): .unix(path: path)
        case .tcp(let host, let port):
            contexts.map { .tls(host: host, port: port, $0) } ?? .tcp(host: host, port: port)
        case .proxied(let listener): .proxied(listener.serving(contexts))
        }
    }
}

extension DaemonConfiguration.Identity {
    /// The place of the keys with its flag, for the operator.
    fileprivate var keysPlace: String {
        switch issuer?.keys {
        case .file(let place)?, .url(let place)?: "key set \(place) (--jwks-file, --jwks-url)"
        case .discovery(let address)?: "keys of the issuer \(address.name) (--issuer)"
        case nil: "development key"
        }
    }
}
