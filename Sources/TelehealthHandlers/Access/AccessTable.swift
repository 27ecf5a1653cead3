public import RPCModel
public import TelehealthAPI
public import TelehealthModel

/// Which role may use which call, according to the contract of each method in proto/. Which rows a caller may see or
/// change is decided in the domain (the participants of the session, the person of a consent).
public struct AccessTable: Sendable {
    /// The access part of a method's contract.
    struct Rule: Sendable {
        let roles: Set<Role>
        /// Needs no token: the request contains its own credential.
        let isOpen: Bool
        /// A clinician who is not a participant may use it in an emergency.
        let countsEmergencies: Bool

        init(_ contract: Telehealth_V1_CallContract) {
            roles = Set(contract.roles.compactMap(Role.init))
            isOpen = contract.open
            countsEmergencies = contract.emergency
        }
    }

    /// Services whose calls need no token: health reveals nothing about anyone.
    static let openServices: Set<String> = ["grpc.health.v1.Health"]

    /// The contract of every method of the API.
    public static let contracts: [(method: MethodDescriptor, option: Telehealth_V1_CallContract)] =
        Telehealth_V1_AppointmentService_Methods.callOptions + Telehealth_V1_TelehealthService_Methods.callOptions
        + Telehealth_V1_ParticipantService_Methods.callOptions + Telehealth_V1_ConsentService_Methods.callOptions
        + Telehealth_V1_ConsentDocumentService_Methods.callOptions
        + Telehealth_V1_PersonService_Methods.callOptions
        + Telehealth_V1_RecordingService_Methods.callOptions + Telehealth_V1_EventsService_Methods.callOptions
        + Telehealth_V1_QualityService_Methods.callOptions + Telehealth_V1_OperationsService_Methods.callOptions
        + Telehealth_V1_AuditService_Methods.callOptions

    private let rulesByPath: [String: Rule]

    /// - Throws: ``AccessTableGap`` naming each method offered without a contract and each contract of a method that
    ///   is not offered: the service then does not start.
    public init(covering services: [any RPCService]) throws(AccessTableGap) {
        let offered = Set(services.flatMap(\.routes).map(\.method.path))
        rulesByPath = Dictionary(uniqueKeysWithValues: Self.contracts.map { ($0.method.path, Rule($0.option)) })
        let gap = offered.symmetricDifference(rulesByPath.keys)
        guard gap.isEmpty else { throw AccessTableGap(methods: gap.sorted()) }
    }

    enum Verdict {
        case open
        /// Needs no token, but its credential may be refused like one.
        case bearingGrant
        case operators
        case contract(Rule)
    }

    func verdict(on method: MethodDescriptor) -> Verdict {
        if let rule = rulesByPath[method.path] { return rule.isOpen ? .bearingGrant : .contract(rule) }
        if Self.openServices.contains(method.service) { return .open }
        // Reflection and any other service: for anyone on this machine, elsewhere for operators.
        return .operators
    }
}

extension Role {
    /// nil for a role that no caller has.
    public init?(_ wire: Telehealth_V1_CallerRole) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }
}

/// The contracts and the services do not name the same methods.
public struct AccessTableGap: Error, Hashable, Sendable, CustomStringConvertible {
    /// `:path`s that appear on one side only.
    public let methods: [String]

    public var description: String {
        "methods without a contract in proto/, or contracts of methods that are not offered: \(methods)"
    }
}
