/// A cancellation that came before any word of its appointment: whatever older word still comes books nothing.
public struct EarlyCancellation: Sendable, Hashable {
    public let appointmentID: AppointmentID
    /// The feed's version of the cancellation, 1 or more.
    public let sourceVersion: Int64
    public let cancelledAt: Timestamp

    public init(appointmentID: AppointmentID, sourceVersion: Int64, cancelledAt: Timestamp) {
        self.appointmentID = appointmentID
        self.sourceVersion = sourceVersion
        self.cancelledAt = cancelledAt
    }
}

/// The scheduling system's row, as far as a visit needs it.
public struct Appointment: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable { case scheduled, cancelled }

    public let id: AppointmentID
    public var clientID: SubjectID
    /// Signs for the client and may come along, until the client comes of age.
    public var guardianID: SubjectID?
    /// The guardian's powers do not end with the client's coming of age.
    public var guardsAdult: Bool
    public var clinicianID: SubjectID
    public var startsAt: Timestamp
    public var endsAt: Timestamp
    /// IANA name, for people's displays only; rules use UTC.
    public var timeZone: String
    public var status: Status
    /// The feed's own version: a put with an older one is ignored.
    public var sourceVersion: Int64
    /// Optimistic lock: grows by one with every change here; 1 is the first.
    public var version: Int64
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// `Caller.subject` of who wrote it first and last.
    public var createdBy: String
    public var lastModifiedBy: String

    public init(
        id: AppointmentID, clientID: SubjectID, guardianID: SubjectID? = nil, guardsAdult: Bool = false,
        clinicianID: SubjectID, startsAt: Timestamp, endsAt: Timestamp, timeZone: String, status: Status,
        sourceVersion: Int64, version: Int64, createdAt: Timestamp, updatedAt: Timestamp, createdBy: String,
        lastModifiedBy: String
    ) {
        self.id = id
        self.clientID = clientID
        self.guardianID = guardianID
        self.guardsAdult = guardsAdult
        self.clinicianID = clinicianID
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.timeZone = timeZone
        self.status = status
        self.sourceVersion = sourceVersion
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.lastModifiedBy = lastModifiedBy
    }
}
