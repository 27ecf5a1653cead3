internal import TelehealthAPI
internal import TelehealthCore

extension ConsentJudgement {
    var wire: Telehealth_V1_EvaluateConsentResponse {
        filled {
            $0.action = evaluation.action.wire
            $0.satisfied = isSatisfied
            $0.missing = evaluation.missing.map(\.shortfall)
            $0.othersMissing = othersMissing
            $0.basis = evaluation.basis.map(\.wire)
            $0.place = evaluation.place
            $0.policyVersion = evaluation.policyVersion
            $0.citations = evaluation.citations.map(\.wire)
            $0.evaluateTime = evaluation.evaluatedAt.wire
        }
    }
}

extension ConsentGap {
    fileprivate var shortfall: Telehealth_V1_ConsentShortfall {
        filled {
            $0.personID = subjectID.rawValue
            $0.personRole = subjectRole.wire
            $0.type = type.wire
            $0.cause = cause.wire
            $0.remedy = remedy?.wire
        }
    }
}

extension ConsentRemedy {
    fileprivate var wire: Telehealth_V1_ConsentRemedy {
        filled {
            $0.types = types.map(\.wire)
            $0.methods = ConsentMethod.allCases.filter(methods.contains).map(\.wire)
            $0.verbalAsWell = needsVerbalToo
            $0.forSessionOnly = perSession
            $0.guardianSigns = needsGuardian
            $0.documents = documents.map { document in
                filled {
                    $0.type = document.type.wire
                    $0.version = document.version
                    $0.language = document.language
                    $0.textSha256 = document.textHash
                }
            }
            $0.evidence = wireEvidence(evidence)
            $0.citationIds = citations
        }
    }
}

extension ConsentBasis {
    fileprivate var wire: Telehealth_V1_ConsentBasis {
        filled {
            $0.consentID = consentID.rawValue
            $0.personID = subjectID.rawValue
            $0.personRole = subjectRole.wire
            $0.type = type.wire
            $0.method = method.wire
            $0.expireTime = countsUntil.wire
            $0.expiresSoon = isExpiring
            $0.textReplaced = isReplaced
        }
    }
}

extension PlacePolicy.Citation {
    fileprivate var wire: Telehealth_V1_PolicyCitation {
        filled {
            $0.id = id
            $0.source = source
            $0.says = says
        }
    }
}

extension PlacePolicy {
    var wire: Telehealth_V1_PlacePolicy {
        filled {
            $0.place = id
            $0.version = version
            $0.title = title
            $0.ageOfMajority = Int32(clamping: ageOfMajority)
            $0.timeZones = timeZones
            $0.citations = citations.map(\.wire)
            $0.requirements = requirements.map(\.wire)
            $0.evidence = wireEvidence(evidence)
        }
    }
}

extension PlacePolicy.Requirement {
    fileprivate var wire: Telehealth_V1_ConsentRequirement {
        filled {
            $0.action = action.wire
            $0.roles = roles.sorted()
            $0.whenPresent = whenPresent?.sorted() ?? []
            $0.types = types.map(\.wire)
            $0.methods = ConsentMethod.allCases.filter(methods.contains).map(\.wire)
            $0.verbalAsWell = needsVerbalToo
            $0.forSessionOnly = perSession
            $0.validity = validity.wire
            $0.renewalWindow = renewalWindow.wire
            $0.versionGrace = versionGrace.wire
            $0.citationIds = citations
        }
    }
}

private func wireEvidence(_ evidence: [ConsentMethod: [PlacePolicy.Evidence]])
    -> [Telehealth_V1_MethodEvidence]
{
    ConsentMethod.allCases.compactMap { method in
        guard let pieces = evidence[method], !pieces.isEmpty else { return nil }
        return filled {
            $0.method = method.wire
            $0.required = pieces.map(\.wire)
        }
    }
}
