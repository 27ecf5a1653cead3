public import TelehealthModel

/// The scheduling system's word on one appointment.
public struct PutAppointment: Sendable, Hashable {
    public var id: AppointmentID
    public var clientID: SubjectID
    public var guardianID: SubjectID?
    /// The guardian's powers do not end with the client's coming of age.
    public var guardsAdult: Bool
    public var clinicianID: SubjectID
    public var startsAt: Timestamp
    public var endsAt: Timestamp
    public var timeZone: String
    /// A put whose version is not above the stored one is ignored.
    public var sourceVersion: Int64
    /// Decides whether a guardian must sign for the client; nil = nothing said.
    public var clientBirthDate: CivilDate?

    public init(
        id: AppointmentID, clientID: SubjectID, guardianID: SubjectID? = nil, guardsAdult: Bool = false,
        clinicianID: SubjectID, startsAt: Timestamp, endsAt: Timestamp, timeZone: String, sourceVersion: Int64,
        clientBirthDate: CivilDate? = nil
    ) {
        self.id = id
        self.clientID = clientID
        self.guardianID = guardianID
        self.guardsAdult = guardsAdult
        self.clinicianID = clinicianID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.timeZone = timeZone
        self.sourceVersion = sourceVersion
        self.clientBirthDate = clientBirthDate
    }
}

public struct CancelAppointment: Sendable, Hashable {
    public var id: AppointmentID
    /// A cancellation whose version is not above the stored one is ignored.
    public var sourceVersion: Int64

    public init(id: AppointmentID, sourceVersion: Int64) {
        self.id = id
        self.sourceVersion = sourceVersion
    }
}

public struct CreateSession: Sendable, Hashable {
    public var appointmentID: AppointmentID
    /// nil = ``Policy/admission``.
    public var admissionPolicy: AdmissionPolicy?

    public init(appointmentID: AppointmentID, admissionPolicy: AdmissionPolicy? = nil) {
        self.appointmentID = appointmentID
        self.admissionPolicy = admissionPolicy
    }
}

/// Which session a read means.
public enum SessionReference: Sendable, Hashable {
    case session(SessionID)
    /// The newest session of this appointment.
    case appointment(AppointmentID)
}

public struct JoinSession: Sendable, Hashable {
    public var sessionID: SessionID
    /// Needed on the first join of a client or guardian; its `checkedAt` is set here.
    public var preVisitCheck: PreVisitCheck?
    /// How the joining device names itself, at most 64 bytes; nil = it does not say.
    public var deviceID: String?

    public init(sessionID: SessionID, preVisitCheck: PreVisitCheck? = nil, deviceID: String? = nil) {
        self.sessionID = sessionID
        self.preVisitCheck = preVisitCheck
        self.deviceID = deviceID
    }
}

public struct CancelSession: Sendable, Hashable {
    public var sessionID: SessionID
    public var reason: CancelReason
    /// At most 1000 bytes; may be personal.
    public var note: String?

    public init(sessionID: SessionID, reason: CancelReason, note: String? = nil) {
        self.sessionID = sessionID
        self.reason = reason
        self.note = note
    }
}

public struct EndSession: Sendable, Hashable {
    public var sessionID: SessionID
    public var reason: EndReason
    /// At most 1000 bytes; may be personal.
    public var note: String?

    public init(sessionID: SessionID, reason: EndReason = .normal, note: String? = nil) {
        self.sessionID = sessionID
        self.reason = reason
        self.note = note
    }
}

public struct StartRecording: Sendable, Hashable {
    public var sessionID: SessionID
    public var purpose: Recording.Purpose

    public init(sessionID: SessionID, purpose: Recording.Purpose = .clinical) {
        self.sessionID = sessionID
        self.purpose = purpose
    }
}

public struct StopRecording: Sendable, Hashable {
    public var sessionID: SessionID
    /// nil = the one that is active.
    public var recordingID: RecordingID?

    public init(sessionID: SessionID, recordingID: RecordingID? = nil) {
        self.sessionID = sessionID
        self.recordingID = recordingID
    }
}

/// What is changed of a recording that was made; each reason has 1 to 1000 bytes.
public enum RecordingAmendment: Sendable, Hashable {
    /// Keeps it whatever its retention says. A second hold changes nothing.
    case setHold(reason: String)
    /// Its retention counts again. A recording without a hold stays as it is.
    case releaseHold(reason: String)
    /// - Parameter until: nil = until somebody sets it again. An instant that has passed means now.
    case setRetention(until: Timestamp?, reason: String)
    /// nil takes the link away.
    case linkNote(SessionNoteID?)
}
