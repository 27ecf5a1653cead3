public import TelehealthModel

/// One transaction as a value: what a pure rule decided, applied whole or not at all.
public struct Decision: Sendable {
    /// One aggregate's version as the rule saw it; 0 = it did not exist.
    public enum Expectation: Sendable, Hashable {
        case appointment(AppointmentID, version: Int64)
        /// Who writes the session expects its last event as well: there are events that leave the version as it is.
        case session(SessionID, version: Int64, lastEvent: Int64? = nil)
        /// The feed's version of the early cancellation that is kept; 0 = none is.
        case earlyCancellation(AppointmentID, sourceVersion: Int64)
        case consents(SubjectID, version: Int64)
        /// No session of this appointment in a non-terminal state other than the given one.
        case noOtherOpenSession(AppointmentID, except: SessionID?)
        /// A claimed effect is still pending under this fence.
        case effect(EffectID, fence: Int64)
        /// An effect was given up and nobody has revived it.
        case deadEffect(EffectID)
        /// No document with this type, version and language is there yet.
        case documentAbsent(ConsentType, version: String, language: String)
        /// So many facts of this session are stored: they are only ever added to.
        case meetingFacts(SessionID, count: Int)
        /// So many reports of this participant's client were taken in; 0 = none.
        case clientReports(SessionID, ParticipantID, count: Int)
    }

    /// A whole row, inserted or replaced by its key.
    public enum Change: Sendable, Hashable {
        case appointment(Appointment)
        case session(Session)
        case participant(Participant)
        case meeting(MeetingGeneration)
        case recording(Recording)
        case screenShare(ScreenShare)
        case consent(ConsentRecord)
        /// The version of a subject's consent history.
        case consentVersion(SubjectID, Int64)
        case document(ConsentDocument)
        case effect(Effect)
        /// When a person was born; kept with their consents.
        case birthDate(SubjectID, CivilDate)
        case invitation(Invitation)
        case meetingFact(MeetingFact)
        case presence(PresenceInterval)
        case clientQuality(ClientQuality)
        case joinTime(JoinTime)
        case serviceFailure(ServiceFailure)
        case earlyCancellation(EarlyCancellation)
    }

    public var expectations: [Expectation] = []
    public var changes: [Change] = []
    /// Published after the commit, in this order.
    public var events: [SessionEvent] = []
    public var audit: [AuditEntry] = []
    public var request: RequestRecord?
    /// Written with the audit entry that names each.
    public var emergencies: [EmergencyAccess] = []
    /// Of the visits that are changed here.
    public var departures: [VisitDeparture] = []

    public init() {}

    public var isEmpty: Bool {
        changes.isEmpty && events.isEmpty && audit.isEmpty && request == nil && emergencies.isEmpty
    }
}

/// What a changing RPC did, kept 24 h under its request id: ids only, never the answer itself.
public struct RequestRecord: Sendable, Hashable {
    public struct Key: Sendable, Hashable {
        /// `Caller.subject`.
        public let subject: Subject
        public let method: String
        /// The caller's UUID, lower case.
        public let requestID: String

        public init(subject: Subject, method: String, requestID: String) {
            self.subject = subject
            self.method = method
            self.requestID = requestID
        }
    }

    public let key: Key
    /// SHA-256 of the request's canonical bytes without the request id.
    public let requestHash: [UInt8]
    public let sessionID: SessionID?
    public let appointmentID: AppointmentID?
    /// The id of whatever else it made: participant, recording, share or consent.
    public let resultID: String?
    public let createdAt: Timestamp
    public let expiresAt: Timestamp

    public init(
        key: Key, requestHash: [UInt8], sessionID: SessionID?, appointmentID: AppointmentID?,
        resultID: String?, createdAt: Timestamp, expiresAt: Timestamp
    ) {
        self.key = key
        self.requestHash = requestHash
        self.sessionID = sessionID
        self.appointmentID = appointmentID
        self.resultID = resultID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
