public enum ConsentMethod: String, Sendable, Hashable, CaseIterable { case electronic, paper, verbal }

public enum ConsentDecision: String, Sendable, Hashable { case granted, declined }

/// Who a consent's subject is in a visit.
public enum ConsentSubjectRole: String, Sendable, Hashable {
    case client, clinician, guardian
    /// An interpreter, observer or guest.
    case thirdParty
}

/// One registered version of a consent text; immutable.
public struct ConsentDocument: Sendable, Hashable {
    public let type: ConsentType
    /// The clinic's version name ("1.0"); unique per type and language.
    public let version: String
    /// BCP 47 ("en-US").
    public let language: String
    public let text: String
    /// SHA-256 of the UTF-8 text, 32 bytes.
    public let textHash: [UInt8]
    /// From when it may be signed.
    public let effectiveAt: Timestamp
    public let registeredAt: Timestamp
    public let registeredBy: String

    public init(
        type: ConsentType, version: String, language: String, text: String, textHash: [UInt8],
        effectiveAt: Timestamp, registeredAt: Timestamp, registeredBy: String
    ) {
        self.type = type
        self.version = version
        self.language = language
        self.text = text
        self.textHash = textHash
        self.effectiveAt = effectiveAt
        self.registeredAt = registeredAt
        self.registeredBy = registeredBy
    }
}

/// What a consent carries besides its note, as the place's policy asks for it; personal.
public struct ConsentEvidence: Sendable, Hashable {
    /// Where the scan of a paper is filed. At most ``textBytesMax`` bytes, like the other texts.
    public var scanReference: String?
    /// SHA-256 of the scan, 32 bytes.
    public var scanSHA256: [UInt8]?
    /// The version of the words that were spoken.
    public var scriptVersion: String?
    /// Who heard it besides the attester.
    public var witness: String?

    public static let textBytesMax = 256

    public init(
        scanReference: String? = nil, scanSHA256: [UInt8]? = nil, scriptVersion: String? = nil,
        witness: String? = nil
    ) {
        self.scanReference = scanReference
        self.scanSHA256 = scanSHA256
        self.scriptVersion = scriptVersion
        self.witness = witness
    }

    public var isEmpty: Bool { self == ConsentEvidence() }
}

/// One entry of a subject's consent history. Entries are never changed except for the three closing facts at
/// the end.
public struct ConsentRecord: Sendable, Hashable {
    public struct Acknowledgements: Sendable, Hashable {
        public var patientRights: Bool
        public var emergencyProtocols: Bool
        public var privacyRisks: Bool

        public init(patientRights: Bool, emergencyProtocols: Bool, privacyRisks: Bool) {
            self.patientRights = patientRights
            self.emergencyProtocols = emergencyProtocols
            self.privacyRisks = privacyRisks
        }

        public var areComplete: Bool { patientRights && emergencyProtocols && privacyRisks }
    }

    public let id: ConsentID
    public let subjectID: SubjectID
    public let subjectRole: ConsentSubjectRole
    public let type: ConsentType
    public let decision: ConsentDecision
    public let method: ConsentMethod
    public let documentVersion: String
    public let documentLanguage: String
    public let textHash: [UInt8]
    public let acknowledgements: Acknowledgements
    /// Only for ``ConsentType/recording``: what the recording may serve.
    public let recordingPurposes: [Recording.Purpose]
    /// Who signed: the subject or their guardian.
    public let signerID: SubjectID
    /// Who attests a paper or verbal consent; nil for electronic.
    public let attestedBy: String?
    /// Scan reference, verbal script and the like; personal.
    public let evidence: String?
    /// Limits the consent to one session; nil = standing.
    public let sessionID: SessionID?
    public let grantedAt: Timestamp
    /// nil = does not expire.
    public let expiresAt: Timestamp?
    /// The entry this one replaces.
    public let supersedes: ConsentID?
    public let recordedBy: String
    public let recordedAt: Timestamp
    public let evidenceItems: ConsentEvidence
    // The closing facts:
    public var supersededBy: ConsentID?
    public var revokedAt: Timestamp?
    public var revokedBy: String?
    public var revocationReason: String?

    public init(
        id: ConsentID, subjectID: SubjectID, subjectRole: ConsentSubjectRole, type: ConsentType,
        decision: ConsentDecision, method: ConsentMethod, documentVersion: String, documentLanguage: String,
        textHash: [UInt8], acknowledgements: Acknowledgements, recordingPurposes: [Recording.Purpose],
        signerID: SubjectID, attestedBy: String?, evidence: String?, sessionID: SessionID?,
        grantedAt: Timestamp, expiresAt: Timestamp?, supersedes: ConsentID?, recordedBy: String,
        recordedAt: Timestamp, evidenceItems: ConsentEvidence = ConsentEvidence()
    ) {
        self.id = id
        self.subjectID = subjectID
        self.subjectRole = subjectRole
        self.type = type
        self.decision = decision
        self.method = method
        self.documentVersion = documentVersion
        self.documentLanguage = documentLanguage
        self.textHash = textHash
        self.acknowledgements = acknowledgements
        self.recordingPurposes = recordingPurposes
        self.signerID = signerID
        self.attestedBy = attestedBy
        self.evidence = evidence
        self.sessionID = sessionID
        self.grantedAt = grantedAt
        self.expiresAt = expiresAt
        self.supersedes = supersedes
        self.recordedBy = recordedBy
        self.recordedAt = recordedAt
        self.evidenceItems = evidenceItems
    }
}
