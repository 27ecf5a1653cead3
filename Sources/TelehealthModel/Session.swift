public enum SessionStatus: String, Sendable, Hashable, CaseIterable {
    case scheduled, waitingRoom, inProgress
    case completed, cancelled, noShow

    public var isTerminal: Bool {
        switch self {
        case .scheduled, .waitingRoom, .inProgress: false
        case .completed, .cancelled, .noShow: true
        }
    }
}

/// How a waiting client gets in.
public enum AdmissionPolicy: String, Sendable, Hashable {
    /// The appointment's own client is let in when the clinician is there.
    case onClinicianJoin
    /// Each one by AdmitParticipant.
    case manual
}

public enum EndReason: String, Sendable, Hashable, CaseIterable {
    case normal, technicalFailure, clientLeft, clinicianLeft, allLeft, timeout, safety, other
}

public enum CancelReason: String, Sendable, Hashable, CaseIterable {
    case client, clinician, technical, appointmentCancelled, clinicianNoShow, other
}

/// Who did not come, of a NO_SHOW.
public enum NoShowParty: String, Sendable, Hashable, CaseIterable { case client, both }

/// One visit: the root of its aggregate.
public struct Session: Sendable, Hashable {
    public let id: SessionID
    public let appointmentID: AppointmentID
    public var clientID: SubjectID
    public var guardianID: SubjectID?
    /// As of ``Appointment/guardsAdult``.
    public var guardsAdult = false
    public var clinicianID: SubjectID
    public var startsAt: Timestamp
    public var endsAt: Timestamp
    public var status: SessionStatus
    public var statusUpdatedAt: Timestamp
    public var admissionPolicy: AdmissionPolicy
    public var clinicianJoinURL: String
    public var clientJoinURL: String
    /// When a client first entered the waiting room.
    public var waitingRoomEnteredAt: Timestamp?
    /// When the clinician first joined.
    public var clinicianArrivedAt: Timestamp?
    /// When a client was first admitted and present.
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    public var endReason: EndReason?
    public var endNote: String?
    public var cancelReason: CancelReason?
    public var noShowParty: NoShowParty?
    /// When a no-show was taken back for the last time.
    public var noShowUndoneAt: Timestamp?
    /// Of the newest meeting generation; 0 before the first.
    public var currentGeneration: Int
    /// Of the newest event; 0 before the first. Grows by one with every event.
    public var lastEventSequence: Int64
    /// Of the newest effect; effects of one session run in this order.
    public var lastEffectSequence: Int64
    /// Grows by one with every change of anything in the aggregate, but not with an event that only tells something of
    /// the moment; 1 is the first. Together with ``lastEventSequence`` the optimistic lock.
    public var version: Int64
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var createdBy: String
    public var lastModifiedBy: String

    public init(
        id: SessionID, appointmentID: AppointmentID, clientID: SubjectID, guardianID: SubjectID?,
        clinicianID: SubjectID, startsAt: Timestamp, endsAt: Timestamp, admissionPolicy: AdmissionPolicy,
        clinicianJoinURL: String, clientJoinURL: String, createdAt: Timestamp, createdBy: String
    ) {
        self.id = id
        self.appointmentID = appointmentID
        self.clientID = clientID
        self.guardianID = guardianID
        self.clinicianID = clinicianID
        self.startsAt = startsAt
        self.endsAt = endsAt
        status = .scheduled
        statusUpdatedAt = createdAt
        self.admissionPolicy = admissionPolicy
        self.clinicianJoinURL = clinicianJoinURL
        self.clientJoinURL = clientJoinURL
        currentGeneration = 0
        lastEventSequence = 0
        lastEffectSequence = 0
        version = 0
        self.createdAt = createdAt
        updatedAt = createdAt
        self.createdBy = createdBy
        lastModifiedBy = createdBy
    }
}
