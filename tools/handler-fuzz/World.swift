internal import AuditChain
internal import GRPCStandardAPI
internal import Logging
internal import ProtobufReflection
internal import RPCModel
internal import RPCServer
internal import TelehealthAPI
internal import TelehealthEngine
internal import TelehealthHandlers
internal import TelehealthModel
internal import TelehealthRules
internal import VisitSimulation

/// The service's real handlers with its real access checks, over an in-memory clinic.
struct World {
    struct Method: Sendable {
        let descriptor: MethodDescriptor
        let request: MessageDescriptor
        let response: MessageDescriptor
        /// Who may call it; empty: whoever holds what the request holds.
        let roles: [Role]
        let promise: Promise
    }

    enum Failure: Error { case noKeys, undescribed(String) }

    let clinic: SimulatedClinic
    let channel: InProcessChannel

    init(seed: UInt64, stage: SimulatedClinic.Stage, plantsTrap: Bool) async throws {
        let clinic = try await SimulatedClinic(seed: seed, stage: stage)
        self.clinic = clinic
        var services = try Self.services(clinic)
        let access = try AccessInterceptor(
            services: services, settings: Self.settings, now: { clinic.time.now },
            logger: Logger(label: "calls", factory: { _ in SwiftLogNoOpLogHandler() }),
            keepRefusal: { (method, caller, source, reason) async throws(TelehealthError) in
                try await clinic.executor.recordRefusal(
                    action: method, caller: caller, source: source, reason: reason)
            },
            tokens: TokenReading { (token, _) throws(TokenRefusal) in try People.caller(token, clinic: clinic) })
        if plantsTrap {
            let sound = try InProcessChannel(services: services, interceptors: [access])
            services = services.map { PlantedTrap(in: $0, before: sound) }
        }
        channel = try InProcessChannel(services: services, interceptors: [access])
    }

    /// Nobody is refused for calling often.
    private static var settings: AccessSettings {
        var settings = AccessSettings()
        settings.emergencyLasts = .seconds(900)
        return settings
    }

    private static func services(_ clinic: SimulatedClinic) throws -> [any RPCService] {
        guard let audit = MemoryAudit(clinic), let receipts = ReceiptSigner(seed: Array(repeating: 7, count: 32)) else {
            throw Failure.noKeys
        }
        let executor = clinic.executor
        return TelehealthServices(
            executor: executor, audit: AuditQueries(executor: executor, trail: audit, witness: audit),
            receipts: ReceiptIssuer(
                executor: executor, trail: audit, keys: ReceiptKeyStore(ReceiptKeys(signer: receipts))),
            archive: PersonArchive(executor: executor, trail: audit), presence: clinic.presence,
            care: MemoryCare(), openWatches: { clinic.hub.watchCount },
            longWork: globalConcurrentExecutor, watchWork: globalConcurrentExecutor, time: clinic.time
        ).all
    }

    /// Every call of the API, as its descriptors say.
    static func methods() async throws -> [Method] {
        let clinic = try await SimulatedClinic(seed: 1, stage: .empty)
        let services = try services(clinic)
        let pool = try DescriptorPool(services.flatMap(\.fileDescriptors))
        let contracts = Dictionary(uniqueKeysWithValues: AccessTable.contracts.map { ($0.method.path, $0.option) })
        return try services.flatMap(\.routes).map { route in
            let name = route.method
            guard let described = pool.service(named: name.service)?.method(named: name.name),
                let contract = contracts[name.path]
            else {
                throw Failure.undescribed(name.path)
            }
            return Method(
                descriptor: name, request: described.input, response: described.output,
                roles: contract.roles.compactMap(Role.init).sorted { $0.rawValue < $1.rawValue },
                promise: Promise(contract, of: described.input))
        }
    }
}
