public import TelehealthModel
public import TelehealthRules

public struct SessionQuery: Sendable, Hashable {
    public var clientID: SubjectID?
    public var clinicianID: SubjectID?
    public var appointmentID: AppointmentID?
    public var guardianID: SubjectID?
    /// Somebody invited, and not sent away.
    public var invitedID: SubjectID?
    /// Leaves out the sessions that this person was sent away from; nil = none are left out.
    public var openTo: SubjectID?
    /// Empty = any.
    public var statuses: [SessionStatus] = []
    public var startsFrom: Timestamp?
    public var startsBefore: Timestamp?
    /// Continue after this (start, id) of the last row of the page before; ascending order.
    public var after: (startsAt: Timestamp, id: SessionID)?
    /// 1...200.
    public var limit: Int = 50

    public init() {}

    /// Whether a row is one of those asked for, as far as the row itself tells: all but ``invitedID`` and
    /// ``openTo``.
    public func matches(_ row: Session) -> Bool {
        (clientID == nil || clientID == row.clientID) && (clinicianID == nil || clinicianID == row.clinicianID)
            && (appointmentID == nil || appointmentID == row.appointmentID)
            && (guardianID == nil || guardianID == row.guardianID)
            && (statuses.isEmpty || statuses.contains(row.status))
            && (startsFrom.map { row.startsAt >= $0 } ?? true) && (startsBefore.map { row.startsAt < $0 } ?? true)
            && (after.map { (row.startsAt, row.id.rawValue) > ($0.startsAt, $0.id.rawValue) } ?? true)
    }

    public static func == (left: SessionQuery, right: SessionQuery) -> Bool {
        left.clientID == right.clientID && left.clinicianID == right.clinicianID
            && left.appointmentID == right.appointmentID && left.guardianID == right.guardianID
            && left.invitedID == right.invitedID && left.openTo == right.openTo
            && left.statuses == right.statuses
            && left.startsFrom == right.startsFrom && left.startsBefore == right.startsBefore
            && left.after?.startsAt == right.after?.startsAt && left.after?.id == right.after?.id
            && left.limit == right.limit
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(clientID)
        hasher.combine(clinicianID)
        hasher.combine(limit)
    }
}

public enum ApplyResult: Sendable, Hashable {
    /// Durable: the answer may go out.
    case committed
    /// An expectation did not hold: load and decide again.
    case conflict
    /// Another call with this request id committed first.
    case requestExists(RequestRecord)
}

/// Port: durable state. A call returns after its transaction is durable (writes) or from one consistent
/// snapshot (reads).
///
/// There is no interactive transaction: load, decide, apply; a conflict means to begin again.
/// Isolation: any. Reads may run inline on the caller's thread when they are short.
public protocol TelehealthStore: CommitFeed {
    var operations: any OutboundOperationStore { get }
    var visitFeed: any VisitFeed { get }
    var quality: any QualityStore { get }

    func appointment(_ id: AppointmentID) async throws(StoreError) -> Appointment?
    func earlyCancellation(of id: AppointmentID) async throws(StoreError) -> EarlyCancellation?
    /// Of this client, not cancelled, and planned to end after the given instant; in any order.
    func bookedAppointments(of client: SubjectID, endingAfter: Timestamp) async throws(StoreError) -> [Appointment]
    func session(_ id: SessionID) async throws(StoreError) -> SessionState?
    /// The newest session of an appointment, terminal or not.
    func latestSession(of appointment: AppointmentID) async throws(StoreError) -> SessionState?
    /// In ascending (start, id) order; rows without participants and the like.
    func sessions(_ query: SessionQuery) async throws(StoreError) -> [Session]
    /// Non-terminal sessions whose appointment names the subject, or to which they were invited: also those they were
    /// sent away from, because a recording may stand on their consent.
    func openSessions(of subject: SubjectID) async throws(StoreError) -> [SessionID]
    /// Non-terminal sessions that start before the given instant, in ascending (start, id) order, for the
    /// sweepers.
    ///
    /// - Parameter untouchedEndingBefore: of those that are scheduled and whose clinician never came, only the ones
    ///   that end before this: nobody is there, so nothing but their end can be due.
    func openSessions(
        startingBefore instant: Timestamp, untouchedEndingBefore: Timestamp, after: SessionID?, limit: Int
    ) async throws(StoreError) -> [SessionID]
    func consents(of subject: SubjectID) async throws(StoreError) -> ConsentHistory
    func consent(_ id: ConsentID) async throws(StoreError) -> ConsentRecord?
    /// All registered versions of a type, oldest first.
    func documents(of type: ConsentType) async throws(StoreError) -> [ConsentDocument]
    func recording(_ id: RecordingID) async throws(StoreError) -> Recording?
    /// Events after `sequence`, ascending; nil when some of them are no longer kept.
    func events(of session: SessionID, after sequence: Int64, limit: Int) async throws(StoreError)
        -> [SessionEvent]?
    func request(_ key: RequestRecord.Key) async throws(StoreError) -> RequestRecord?
    /// The session that a meeting, token or pipeline of AWS's belongs to.
    func owner(of reference: MeetingReference) async throws(StoreError) -> SessionID?
    /// Everything that AWS reported about a session's meetings, in any order.
    func meetingFacts(of session: SessionID) async throws(StoreError) -> [MeetingFact]
    /// By begin, then id.
    func presence(of session: SessionID) async throws(StoreError) -> [PresenceInterval]
    /// Recordings whose retention ended before the given instant and that no hold keeps, earliest first.
    func recordingsToDelete(before instant: Timestamp, limit: Int) async throws(StoreError)
        -> [(session: SessionID, recording: RecordingID)]

    func apply(_ decision: Decision) async throws(StoreError) -> ApplyResult
    /// Adds an entry to the audit log that belongs to no change: a read or a denial. Denials of one identity
    /// within a second may be summed into one row; the call returns when the row that holds it is durable.
    func record(_ entry: AuditEntry) async throws(StoreError)
    /// As ``record(_:)``, without a task that waits: `done` is called once, on any thread, and must not block.
    func record(_ entry: AuditEntry, then done: @escaping @Sendable (StoreError?) -> Void)
    /// Forgets request records that expired, events older than the given instant of ended sessions, and effects that
    /// are done and were last tried before the given instant, and early cancellations from before one. Departures go
    /// with the events.
    func prune(
        requestsBefore: Timestamp, eventsBefore: Timestamp, effectsBefore: Timestamp,
        earlyCancellationsBefore: Timestamp
    ) async throws(StoreError)
}
