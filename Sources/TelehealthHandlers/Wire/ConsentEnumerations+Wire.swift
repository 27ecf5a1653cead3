internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

extension ConsentMethod {
    init?(_ wire: Telehealth_V1_ConsentMethod) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_ConsentMethod {
        switch self {
        case .electronic: .electronic
        case .paper: .paper
        case .verbal: .verbal
        }
    }
}

extension ConsentDecision {
    init?(_ wire: Telehealth_V1_ConsentDecision) {
        switch wire {
        case .granted: self = .granted
        case .declined: self = .declined
        case .unspecified, .unrecognized: return nil
        }
    }

    var wire: Telehealth_V1_ConsentDecision {
        switch self {
        case .granted: .granted
        case .declined: .declined
        }
    }
}

extension ConsentSubjectRole {
    init?(_ wire: Telehealth_V1_ConsentPersonRole) {
        switch wire {
        case .client: self = .client
        case .clinician: self = .clinician
        case .guardian: self = .guardian
        case .thirdParty: self = .thirdParty
        case .unspecified, .unrecognized: return nil
        }
    }

    var wire: Telehealth_V1_ConsentPersonRole {
        switch self {
        case .client: .client
        case .clinician: .clinician
        case .guardian: .guardian
        case .thirdParty: .thirdParty
        }
    }
}

extension ConsentGap.Cause {
    var wire: Telehealth_V1_MissingConsentCause {
        switch self {
        case .absent: .noneGiven
        case .declined: .declined
        case .revoked: .revoked
        case .expired: .expired
        case .notWritten: .notWritten
        case .otherPurpose: .notCovered
        case .outdatedVersion: .outdatedVersion
        case .verbalMissing: .verbalMissing
        case .guardianRequired: .guardianRequired
        case .notForSession: .notForSession
        case .evidenceMissing: .evidenceMissing
        }
    }
}

extension ConsentAction {
    init?(_ wire: Telehealth_V1_ConsentAction) {
        guard let value = Self.from(wire, \.wire) else { return nil }
        self = value
    }

    var wire: Telehealth_V1_ConsentAction {
        switch self {
        case .join: .join
        case .record: .record
        case .conduct: .conduct
        case .thirdParty: .thirdParty
        }
    }
}

extension JurisdictionPolicy.Evidence {
    var wire: Telehealth_V1_ConsentEvidenceKind {
        switch self {
        case .note: .note
        case .scanReference: .scanReference
        case .scanSHA256: .scanSha256
        case .scriptVersion: .scriptVersion
        case .witness: .witness
        }
    }
}
