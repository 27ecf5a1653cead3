internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension ConsentJudgement {
    var wire: Telehealth_V1_ConsentJudgement {
        .with {
            $0.action = evaluation.action.wire
            $0.satisfied = isSatisfied
            $0.missing = evaluation.missing.map { gap in
                var wire = gap.wire(action: evaluation.action)
                wire.remedy = gap.remedy?.wire
                return wire
            }
            $0.othersMissing = othersMissing
            $0.basis = evaluation.basis.map(\.wire)
            $0.place = evaluation.place
            $0.policyVersion = evaluation.policyVersion
            $0.citations = evaluation.citations.map(\.wire)
        }
    }
}

extension ConsentRemedy {
    fileprivate var wire: Telehealth_V1_ConsentRemedy {
        .with {
            $0.types = types.map(\.id)
            $0.methods = ConsentMethod.allCases.filter(methods.contains).map(\.wire)
            $0.verbalAsWell = needsVerbalToo
            $0.forSessionOnly = perSession
            $0.guardianSigns = needsGuardian
            $0.documents = documents.map { document in
                .with {
                    $0.type = document.type.id
                    $0.version = document.version
                    $0.language = document.language
                    $0.textSha256 = document.textHash
                }
            }
            $0.evidence = .init(evidence)
            $0.citationIds = citations
        }
    }
}

extension ConsentBasis {
    fileprivate var wire: Telehealth_V1_ConsentBasis {
        .with {
            $0.consentID = consentID.rawValue
            $0.personID = subjectID.rawValue
            $0.personRole = subjectRole.wire
            $0.type = type.id
            $0.method = method.wire
            $0.expireTime = countsUntil.wire
            $0.expiresSoon = isExpiring
            $0.textReplaced = isReplaced
        }
    }
}
