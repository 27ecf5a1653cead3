public import TelehealthModel

/// What one place asks of consents: data, read from a file per place, with the sources it stands on.
///
/// A clinic's reading of the law, not legal advice. The place of a visit is where its client is
/// (``JurisdictionPolicies/place(of:)``).
public struct JurisdictionPolicy: Sendable, Hashable {
    /// Where a rule comes from.
    public struct Citation: Sendable, Hashable {
        /// Unique within the policy; requirements name it.
        public let id: String
        /// Statute or rule with its number.
        public let source: String
        /// In short words, what it says.
        public let says: String
    }

    /// A type of consent beside those that the program knows.
    public struct Definition: Sendable, Hashable {
        public let type: ConsentType
        /// For people.
        public let title: String
    }

    /// One consent that an action needs.
    public struct Requirement: Sendable, Hashable {
        public let action: ConsentAction
        /// Whose consent, by what people are in the visit; nil = everybody's.
        public let roles: Set<ParticipantRole>?
        /// Asked for only while somebody in one of these roles takes part; nil = always.
        public let whenPresent: Set<ParticipantRole>?
        /// Any of these does; the first is the one to ask for.
        public let types: [ConsentType]
        /// Ways of granting that suffice.
        public let methods: Set<ConsentMethod>
        /// Whether a spoken consent, attested by the clinic, must stand beside the one above.
        public let needsVerbalToo: Bool
        /// Whether only a consent to this very session counts.
        public let perSession: Bool
        /// For how long after it was given.
        public let validity: Duration
        /// How long before its end it counts as expiring.
        public let renewalWindow: Duration
        /// For how long it still counts once a newer text is in force.
        public let versionGrace: Duration
        /// Ids of ``JurisdictionPolicy/citations``.
        public let citations: [String]

        /// Whether somebody of this role must have consented while people of the present roles take part.
        func applies(to role: ParticipantRole, present: Set<ParticipantRole>) -> Bool {
            if let roles, !roles.contains(role) { return false }
            return whenPresent.map { !$0.isDisjoint(with: present) } ?? true
        }
    }

    /// A piece of evidence that a consent can carry.
    public enum Evidence: String, Sendable, Hashable, CaseIterable {
        case note, scanReference, scanSHA256, scriptVersion, witness

        /// As policy files and errors write it.
        public var name: String {
            switch self {
            case .note: "NOTE"
            case .scanReference: "SCAN_REFERENCE"
            case .scanSHA256: "SCAN_SHA256"
            case .scriptVersion: "SCRIPT_VERSION"
            case .witness: "WITNESS"
            }
        }
    }

    /// "US-GA": the country's code and the state's (ISO 3166-2), or "default".
    public let id: String
    /// The policy's own version, told with every judgement made under it.
    public let version: String
    public let title: String
    /// In years; who is younger needs a guardian's signature.
    public let ageOfMajority: Int
    /// IANA names of the zones that the place lies in; empty = anywhere on Earth.
    public let timeZones: [String]
    /// The rules of ``timeZones``.
    let zones: [ZoneRule]
    public let citations: [Citation]
    /// What a consent given in a way must carry.
    public let evidence: [ConsentMethod: [Evidence]]
    /// The types that it defines.
    public let definitions: [Definition]
    public let requirements: [Requirement]
    /// Names of types as files of the release before write them ("GEORGIA_TELEHEALTH"): taken until the next one.
    public let outdatedNames: [String]

    /// The instant at which somebody comes of age here: the begin of the birthday, in the zone where it begins last.
    func majority(of bornOn: CivilDate) -> Timestamp {
        let birthday = bornOn.adding(years: ageOfMajority)
        return zones.map { $0.start(of: birthday) }.max() ?? Timestamp(microseconds: .max)
    }

    /// The day it is here, in the zone where it began first.
    func latestDate(at instant: Timestamp) -> CivilDate {
        zones.map { $0.date(at: instant) }.max() ?? CivilDate(dayNumber: 0)
    }

    /// Whether it lets third parties in without the client's word.
    public var admitsThirdPartiesFreely: Bool { requirements(for: .thirdParty).isEmpty }

    public func requirements(for action: ConsentAction) -> [Requirement] {
        requirements.filter { $0.action == action }
    }

    /// The citations of these requirements, in the policy's order.
    public func citations(of requirements: [Requirement]) -> [Citation] {
        // A place has a few of both, and every join asks: looking is cheaper than making a set.
        citations.filter { citation in
            requirements.indices.contains { requirements[$0].citations.contains(citation.id) }
        }
    }

    /// The longest that a consent of this type may hold here; nil = the place asks for none.
    func validity(of type: ConsentType) -> Duration? {
        requirements.filter { $0.types.contains(type) }.map(\.validity).max()
    }

    /// Whether a spoken and another consent of this type stand side by side here.
    func isPaired(_ type: ConsentType) -> Bool {
        requirements.contains { $0.needsVerbalToo && $0.types.contains(type) }
    }

    /// What a consent lacks of the evidence asked for.
    func missingEvidence(_ method: ConsentMethod, note: String?, _ items: ConsentEvidence) -> [Evidence] {
        (evidence[method] ?? []).filter { piece in
            switch piece {
            case .note: note == nil
            // On paper the note says where the scan is filed.
            case .scanReference: items.scanReference == nil && (method != .paper || note == nil)
            case .scanSHA256: items.scanSHA256 == nil
            case .scriptVersion: items.scriptVersion == nil
            case .witness: items.witness == nil
            }
        }
    }
}

extension JurisdictionPolicy.Requirement {
    /// What a clinic asks of its clients beyond what the place does.
    init(joiningWith type: ConsentType) {
        let day = Duration.seconds(86_400)
        self.init(
            action: .join, roles: [.client], whenPresent: nil, types: [type],
            methods: Set(ConsentMethod.allCases), needsVerbalToo: false, perSession: false,
            validity: day * 365, renewalWindow: day * 30, versionGrace: day * 30, citations: [])
    }

    /// The same, with fewer ways of granting.
    func accepting(_ accepted: Set<ConsentMethod>) -> Self {
        Self(
            action: action, roles: roles, whenPresent: whenPresent, types: types,
            methods: methods.intersection(accepted), needsVerbalToo: needsVerbalToo, perSession: perSession,
            validity: validity, renewalWindow: renewalWindow, versionGrace: versionGrace,
            citations: citations)
    }
}
