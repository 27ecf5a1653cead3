internal import AuditChain
internal import Logging
package import RPCModel
package import RPCServer
internal import TelehealthEngine
package import TelehealthHandlers
internal import TelehealthModel
package import TelehealthRules
package import VisitSimulation

/// The whole service in memory: its real handlers behind its real access checks, over a clinic with a simulated store,
/// video provider and clock. Calls reach it through ``channel``.
package struct SimulatedService: Sendable {
    package enum Failure: Error { case noKeys }

    package let clinic: SimulatedClinic
    /// The database as an operator sees it.
    package let care: MemoryCare
    package let services: [any RPCService]
    package let channel: InProcessChannel

    /// - Parameters:
    ///   - settings: of the access checks; by default nobody is refused for calling often.
    ///   - configure: the policy that the clinic works by.
    ///   - change: puts another service in the place of one, for a fault on purpose; it may call on what is sound.
    /// - Throws: what the rules say of a stage that they no longer allow.
    package init(
        seed: UInt64 = 1, stage: SimulatedClinic.Stage, settings: AccessSettings = Self.emergencies,
        _ configure: (inout Policy) -> Void = { _ in },
        changing change: ((_ service: any RPCService, _ sound: InProcessChannel) -> any RPCService)? = nil
    ) async throws {
        let clinic = try await SimulatedClinic(seed: seed, stage: stage, configure)
        let care = MemoryCare()
        var services = try Self.services(clinic, care)
        let access = try AccessInterceptor(
            services: services, settings: settings, now: { clinic.time.now },
            logger: Logger(label: "calls", factory: { _ in SwiftLogNoOpLogHandler() }),
            keepRefusal: { (method, caller, source, reason) async throws(TelehealthError) in
                try await clinic.useCases.audit.recordRefusal(
                    action: method, caller: caller, source: source, reason: reason)
            },
            tokens: TokenReading { (token, _) throws(TokenRefusal) in try People.caller(token, clinic: clinic) })
        if let change {
            let sound = try InProcessChannel(services: services, interceptors: [access])
            services = services.map { change($0, sound) }
        }
        self.clinic = clinic
        self.care = care
        self.services = services
        channel = try InProcessChannel(services: services, interceptors: [access])
    }

    /// Emergency access for a quarter of an hour, and no limits.
    package static var emergencies: AccessSettings {
        var settings = AccessSettings()
        settings.emergencyLasts = .seconds(900)
        return settings
    }

    private static func services(_ clinic: SimulatedClinic, _ care: MemoryCare) throws -> [any RPCService] {
        guard let audit = MemoryAudit(clinic), let receipts = ReceiptSigner(seed: Array(repeating: 7, count: 32)) else {
            throw Failure.noKeys
        }
        let useCases = clinic.useCases
        return TelehealthServices(
            useCases: useCases, audit: AuditQueries(useCases: useCases, trail: audit, witness: audit),
            receipts: ReceiptIssuer(
                useCases: useCases, trail: audit, keys: ReceiptKeyStore(ReceiptKeys(signer: receipts))),
            archive: PersonArchive(useCases: useCases, trail: audit), presence: clinic.presence,
            care: care, openWatches: { clinic.watchCount },
            longWork: globalConcurrentExecutor, watchWork: globalConcurrentExecutor, time: clinic.time
        ).all
    }
}
