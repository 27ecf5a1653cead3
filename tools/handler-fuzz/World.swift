internal import ProtobufReflection
internal import RPCModel
internal import RPCServer
internal import ServiceSimulation
internal import TelehealthAPI
internal import TelehealthHandlers
internal import TelehealthModel
internal import VisitSimulation

/// The service that is called, and its calls as the descriptors of the API describe them.
struct World {
    struct Method: Sendable {
        let descriptor: MethodDescriptor
        let request: MessageDescriptor
        let response: MessageDescriptor
        /// Who may call it; empty: whoever holds what the request holds.
        let roles: [Role]
        let promise: Promise
    }

    enum Failure: Error { case undescribed(String) }

    private let service: SimulatedService
    var clinic: SimulatedClinic { service.clinic }
    var channel: InProcessChannel { service.channel }

    init(seed: UInt64, stage: SimulatedClinic.Stage, plantsTrap: Bool) async throws {
        service = try await SimulatedService(
            seed: seed, stage: stage, changing: plantsTrap ? { PlantedTrap(in: $0, before: $1) } : nil)
    }

    /// Every call of the API, as its descriptors say.
    static func methods() async throws -> [Method] {
        let services = try await SimulatedService(stage: .empty).services
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
