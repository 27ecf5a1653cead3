public import TelehealthModel

/// What somebody signed, as SubmitConsent and UpdateConsent bring it.
public struct ConsentStatement: Sendable, Hashable {
    public var decision: ConsentDecision
    public var method: ConsentMethod
    public var documentVersion: String
    /// BCP 47 ("en-US").
    public var documentLanguage: String
    /// SHA-256 of the text that was shown, 32 bytes.
    public var textHash: [UInt8]
    public var acknowledgements: ConsentRecord.Acknowledgements
    /// Of a recording consent one or more, of others none.
    public var recordingPurposes: [Recording.Purpose]
    /// Who attests a paper or verbal consent; nil for electronic. At most 128 bytes.
    public var attestedBy: String?
    /// At most 4096 bytes; personal.
    public var evidence: String?
    public var evidenceItems: ConsentEvidence
    /// Who signed a paper or spoke: the subject, or their guardian. nil = the subject; an electronic
    /// consent is signed by whoever calls.
    public var signerID: SubjectID?
    /// Limits the consent to one session; nil = standing.
    public var sessionID: SessionID?
    /// When it was signed; nil = now. Electronic ones are always signed now.
    public var grantedAt: Timestamp?
    /// nil = after the place's validity, at most ``Policy/consentLifetime``.
    public var expiresAt: Timestamp?

    public init(
        decision: ConsentDecision, method: ConsentMethod, documentVersion: String, documentLanguage: String,
        textHash: [UInt8], acknowledgements: ConsentRecord.Acknowledgements,
        recordingPurposes: [Recording.Purpose] = [], attestedBy: String? = nil, evidence: String? = nil,
        evidenceItems: ConsentEvidence = ConsentEvidence(), signerID: SubjectID? = nil,
        sessionID: SessionID? = nil, grantedAt: Timestamp? = nil, expiresAt: Timestamp? = nil
    ) {
        self.decision = decision
        self.method = method
        self.documentVersion = documentVersion
        self.documentLanguage = documentLanguage
        self.textHash = textHash
        self.acknowledgements = acknowledgements
        self.recordingPurposes = recordingPurposes
        self.attestedBy = attestedBy
        self.evidence = evidence
        self.evidenceItems = evidenceItems
        self.signerID = signerID
        self.sessionID = sessionID
        self.grantedAt = grantedAt
        self.expiresAt = expiresAt
    }
}

public struct SubmitConsent: Sendable, Hashable {
    public var subjectID: SubjectID
    /// nil = clinician for a clinician's own consent, third party for a guest's, else client.
    public var subjectRole: ConsentSubjectRole?
    public var type: ConsentType
    /// Shows the guardian's or clinician's tie to the subject where no session does yet.
    public var appointmentID: AppointmentID?
    public var statement: ConsentStatement

    public init(
        subjectID: SubjectID, subjectRole: ConsentSubjectRole? = nil, type: ConsentType,
        appointmentID: AppointmentID? = nil, statement: ConsentStatement
    ) {
        self.subjectID = subjectID
        self.subjectRole = subjectRole
        self.type = type
        self.appointmentID = appointmentID
        self.statement = statement
    }
}

/// Supersedes a current entry by a new one of the same subject and type.
public struct UpdateConsent: Sendable, Hashable {
    public var consentID: ConsentID
    public var statement: ConsentStatement

    public init(consentID: ConsentID, statement: ConsentStatement) {
        self.consentID = consentID
        self.statement = statement
    }
}

public struct RevokeConsent: Sendable, Hashable {
    public var consentID: ConsentID
    /// At most 1000 bytes; may be personal.
    public var reason: String?

    public init(consentID: ConsentID, reason: String? = nil) {
        self.consentID = consentID
        self.reason = reason
    }
}

public struct PutConsentDocument: Sendable, Hashable {
    public var type: ConsentType
    /// 1 to 32 bytes.
    public var version: String
    /// BCP 47, at most ``LanguageTag/charactersMax``; kept in canonical form.
    public var language: String
    /// 1 byte to 256 KiB.
    public var text: String
    /// nil = now.
    public var effectiveAt: Timestamp?

    public init(
        type: ConsentType, version: String, language: String, text: String, effectiveAt: Timestamp? = nil
    ) {
        self.type = type
        self.version = version
        self.language = language
        self.text = text
        self.effectiveAt = effectiveAt
    }
}
