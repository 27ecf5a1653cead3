public import TelehealthModel

/// The policies there are, and which of them a visit is under.
///
/// A visit is under the law of the place where its client is at the time: the state of the client's pre-visit
/// check, else of the guardian's who comes along. Before anybody gave one, the clinic's home place counts. A
/// place without a policy of its own is under ``defaultPlace``, which asks for the most.
public struct JurisdictionPolicies: Sendable, Hashable {
    /// The id of the policy for places that have none.
    public static let defaultPlace = "default"
    /// Country of the states that a pre-visit check names.
    static let country = "US"

    /// By place id; never without ``defaultPlace``.
    public private(set) var policies: [String: JurisdictionPolicy]
    /// Every type of consent that there is: the program's own, then those that policies define, by id.
    public private(set) var types = ConsentType.builtIn
    /// Taken while the client's place is not known.
    public var home: String = "US-GA"

    /// The policies that come with the program: Georgia, California, and the strict one for everywhere else.
    public static let builtIn = JurisdictionPolicies(
        compiledIn: [
            PackageResources.US_GA_json, PackageResources.US_CA_json, PackageResources.default_json,
        ])

    private init(compiledIn files: [[UInt8]]) {
        policies = [:]
        for file in files {
            do throws(JurisdictionPolicyError) {
                put(try JurisdictionPolicy(json: file))
            } catch {
                preconditionFailure("a policy file of the program itself cannot be read: \(error)")
            }
        }
    }

    /// Adds a policy, or replaces the one of the same place.
    public mutating func put(_ policy: JurisdictionPolicy) {
        policies[policy.id] = policy
        let defined = Set(policies.values.flatMap { $0.definitions.map(\.type) })
        types = ConsentType.builtIn + defined.sorted { $0.id < $1.id }
    }

    /// The type that has this id; nil = neither the program nor a policy knows it.
    public func type(id: String) -> ConsentType? {
        ConsentType(id: id).flatMap { types.contains($0) ? $0 : nil }
    }

    /// - Parameter id: "US-GA", say.
    public func policy(_ id: String) -> JurisdictionPolicy {
        guard let policy = policies[id] ?? policies[Self.defaultPlace] else {
            preconditionFailure("a place book without its default policy")
        }
        return policy
    }

    var homePolicy: JurisdictionPolicy { policy(home) }

    /// The policy that a visit is under now.
    public func place(of state: SessionState) -> JurisdictionPolicy {
        let party = state.participants.filter {
            $0.isClientParty && $0.preVisitCheck != nil && state.isRostered($0)
        }
        let check = (party.first { $0.role == .client } ?? party.first)?.preVisitCheck
        return check.map { policy("\(Self.country)-\($0.locationState)") } ?? homePolicy
    }

    /// Whether some place asks for a written and a spoken consent of this type side by side. Which place a
    /// consent will be judged by is not known when it is given.
    func isPaired(_ type: ConsentType) -> Bool { policies.values.contains { $0.isPaired(type) } }

    /// Sentences about what cannot be used; empty = usable.
    var violations: [String] {
        policies[home] == nil ? ["there is no policy for the home place \(home)"] : []
    }
}
