public import TelehealthModel

/// What somebody may need consents for.
public enum ConsentAction: String, Sendable, Hashable, CaseIterable {
    /// Coming to a visit.
    case join
    /// Being recorded.
    case record
    /// The treatment itself. Judged and told, but no gate: where a place asks for a talk about it as well, the
    /// visit's first minutes are where that talk takes place.
    case conduct
    /// Somebody beyond client, guardian and clinician taking part, judged for each of them: nobody is let
    /// in without, and nobody stays whose consent has ended.
    case thirdParty
}

/// One consent that does not count, and why.
public struct ConsentGap: Sendable, Hashable {
    public enum Cause: String, Sendable, Hashable, CaseIterable {
        case absent = "ABSENT"
        case declined = "DECLINED"
        case revoked = "REVOKED"
        case expired = "EXPIRED"
        /// Verbal, or another way the policy does not accept.
        case notWritten = "NOT_WRITTEN"
        /// Granted, but not for this use of a recording.
        case otherPurpose = "OTHER_PURPOSE"
        /// A newer text is in force, and the grace for this one is over.
        case outdatedVersion = "OUTDATED_VERSION"
        /// The spoken half, where the place asks for both.
        case verbalMissing = "VERBAL_MISSING"
        /// A minor's own signature where a guardian's is needed.
        case guardianRequired = "GUARDIAN_REQUIRED"
        /// A standing consent where only one to this session counts.
        case notForSession = "NOT_FOR_SESSION"
        /// Without a piece of evidence that the place asks for.
        case evidenceMissing = "EVIDENCE_MISSING"
    }

    public let subjectID: SubjectID
    public let subjectRole: ConsentSubjectRole
    /// The one to ask for.
    public let type: ConsentType
    public let cause: Cause
    /// What would fill the gap.
    public var remedy: ConsentRemedy?
}

/// What would fill a gap.
public struct ConsentRemedy: Sendable, Hashable {
    /// Any of them; the first is the one to ask for.
    public let types: [ConsentType]
    public let methods: Set<ConsentMethod>
    /// Whether a spoken consent must stand beside it.
    public let needsVerbalToo: Bool
    /// Whether it must be limited to the session.
    public let perSession: Bool
    /// Whether a guardian must sign: the person is a minor.
    public let needsGuardian: Bool
    /// What a consent given in a way must carry.
    public let evidence: [ConsentMethod: [JurisdictionPolicy.Evidence]]
    /// The texts in force, one per type and language.
    public let documents: [ConsentDocument]
    /// Ids of the policy's citations.
    public let citations: [String]
}

/// A consent that an action stands on.
public struct ConsentBasis: Sendable, Hashable {
    public let consentID: ConsentID
    public let subjectID: SubjectID
    public let subjectRole: ConsentSubjectRole
    public let type: ConsentType
    public let method: ConsentMethod
    /// The first instant at which it no longer counts: its end, or that of a newer text's grace.
    public let countsUntil: Timestamp
    /// Within the renewal window of its end, or given to a text that a newer one replaced.
    public let isExpiring: Bool
    public let isReplaced: Bool
}

/// Whether an action may be done, under which policy, and why.
public struct ConsentEvaluation: Sendable, Hashable {
    public let action: ConsentAction
    /// The place whose policy was asked, and that policy's version.
    public let place: String
    public let policyVersion: String
    /// Of every requirement that was judged.
    public let citations: [JurisdictionPolicy.Citation]
    public let evaluatedAt: Timestamp
    public internal(set) var missing: [ConsentGap] = []
    public internal(set) var basis: [ConsentBasis] = []

    init(
        action: ConsentAction, place: String, policyVersion: String, citations: [JurisdictionPolicy.Citation],
        evaluatedAt: Timestamp
    ) {
        self.action = action
        self.place = place
        self.policyVersion = policyVersion
        self.citations = citations
        self.evaluatedAt = evaluatedAt
    }

    public var isSatisfied: Bool { missing.isEmpty }
    /// The consents it stands on.
    public var standsOn: [ConsentID] { basis.map(\.consentID) }
    /// Those of them that should be renewed.
    public var expiring: [ConsentID] { basis.filter(\.isExpiring).map(\.consentID) }
}

/// What may be done now, and of a person which records there are.
public struct ConsentStatus: Sendable, Hashable {
    /// One per action asked, in that order.
    public let judgements: [ConsentJudgement]
    /// Of the person asked about; nil = nobody was.
    public let file: ConsentFile?
    public let evaluatedAt: Timestamp

    package init(judgements: [ConsentJudgement], file: ConsentFile?, evaluatedAt: Timestamp) {
        self.judgements = judgements
        self.file = file
        self.evaluatedAt = evaluatedAt
    }
}

/// A person's history as it is judged today: which of it should be renewed.
public struct ConsentFile: Sendable, Hashable {
    /// Oldest first.
    public let records: [ConsentRecord]
    /// Current grants that end soon, or that a newer text replaced.
    public let renewals: Set<ConsentID>
    /// Those that a guardian signed whose powers have ended since.
    public let ended: Set<ConsentID>

    package init(records: [ConsentRecord], renewals: Set<ConsentID>, ended: Set<ConsentID>) {
        self.records = records
        self.renewals = renewals
        self.ended = ended
    }
}

/// What a revocation did.
public struct RevocationOutcome: Sendable, Hashable {
    public let record: ConsentRecord
    /// Captures that it stopped, in the same transaction.
    public let stoppedRecordings: [RecordingID]

    package init(record: ConsentRecord, stoppedRecordings: [RecordingID]) {
        self.record = record
        self.stoppedRecordings = stoppedRecordings
    }
}

/// What consents are judged for.
public enum ConsentMatter: Sendable, Hashable {
    /// What a person's standing consents allow at the clinic's home place.
    case person(SubjectID)
    /// A visit, with everybody whose consent it takes; and the records of one person, if one is named.
    case visit(SessionID, person: SubjectID?)
}

/// A judgement as its caller may know it.
public struct ConsentJudgement: Sendable, Hashable {
    public let evaluation: ConsentEvaluation
    /// Whether something is missing of people whose gaps are left out.
    public let othersMissing: Bool

    /// - Parameter known: whose gaps and consents the caller may know; nil = everybody's.
    package init(_ whole: ConsentEvaluation, knowing known: Set<SubjectID>?) {
        var seen = whole
        if let known {
            seen.missing.removeAll { !known.contains($0.subjectID) }
            seen.basis.removeAll { !known.contains($0.subjectID) }
        }
        evaluation = seen
        othersMissing = seen.missing.count < whole.missing.count
    }

    public var isSatisfied: Bool { evaluation.isSatisfied && !othersMissing }
}
