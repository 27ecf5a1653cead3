internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension JurisdictionPolicy.Citation {
    var wire: Telehealth_V1_PolicyCitation {
        .with {
            $0.id = id
            $0.source = source
            $0.says = says
        }
    }
}

extension JurisdictionPolicy {
    var wire: Telehealth_V1_PlacePolicy {
        .with {
            $0.place = id
            $0.version = version
            $0.title = title
            $0.ageOfMajority = Int32(clamping: ageOfMajority)
            $0.timeZones = timeZones
            $0.citations = citations.map(\.wire)
            $0.requirements = requirements.map(\.wire)
            $0.evidence = .init(evidence)
            $0.consentTypes = definitions.map { definition in
                .with {
                    $0.type = definition.type.id
                    $0.title = definition.title
                }
            }
        }
    }
}

extension JurisdictionPolicy.Requirement {
    fileprivate var wire: Telehealth_V1_ConsentRequirement {
        .with {
            $0.action = action.wire
            $0.roles = Self.wire(roles)
            $0.whenPresent = Self.wire(whenPresent)
            $0.types = types.map(\.id)
            $0.methods = ConsentMethod.allCases.filter(methods.contains).map(\.wire)
            $0.verbalAsWell = needsVerbalToo
            $0.forSessionOnly = perSession
            $0.validity = validity.wire
            $0.renewalWindow = renewalWindow.wire
            $0.versionGrace = versionGrace.wire
            $0.citationIds = citations
        }
    }

    /// In the order of the enum; empty for everyone.
    private static func wire(_ roles: Set<ParticipantRole>?) -> [Telehealth_V1_ParticipantRole] {
        roles.map { roles in ParticipantRole.allCases.filter(roles.contains).map(\.wire) } ?? []
    }
}

extension [Telehealth_V1_MethodEvidence] {
    /// The required evidence, in the order of the methods.
    init(_ evidence: [ConsentMethod: [JurisdictionPolicy.Evidence]]) {
        self = ConsentMethod.allCases.compactMap { method in
            guard let pieces = evidence[method], !pieces.isEmpty else { return nil }
            return .with {
                $0.method = method.wire
                $0.required = pieces.map(\.wire)
            }
        }
    }
}
