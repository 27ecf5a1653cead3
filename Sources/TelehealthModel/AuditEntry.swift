/// Who did what to whom, and how it ended: what goes into the audit log.
public struct AuditEntry: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable, CaseIterable { case allowed, denied, failed }

    /// Stands for an action or reason when denials of several kinds are summed.
    package static let various = "*"

    public var at: Timestamp
    /// `Caller.subject`; "system" for a worker or sweeper, "unauthenticated" for whoever had no good token.
    public let subject: Subject
    public let role: Role?
    /// The service that acted on the subject's behalf.
    public let actor: Subject?
    /// Where the call came from: the peer's address without its port; nil for the system's own acts.
    public let source: String?
    /// The RPC's name, or the worker's verb.
    public var action: String
    public let outcome: Outcome
    /// Whose data was touched: the session's client, the subject of a consent.
    public var person: SubjectID?
    public var sessionID: SessionID?
    /// The id of what else was touched: appointment, participant, recording, consent.
    public var target: String?
    /// Whether the target is an id that this service made, and so says nothing of a person. False is always safe.
    public var hasOwnTarget = false
    /// A stable reason, of denied and failed; `REPEATED` of an allowed call that only got its first answer
    /// again.
    public var reason: String?
    /// How many alike this row stands for; more than 1 only for summed denials.
    public var count: Int64

    public init(
        at: Timestamp, subject: Subject, role: Role?, actor: Subject?, source: String? = nil, action: String,
        outcome: Outcome, person: SubjectID? = nil, sessionID: SessionID? = nil, target: String? = nil,
        reason: String? = nil, count: Int64 = 1
    ) {
        self.at = at
        self.subject = subject
        self.role = role
        self.actor = actor
        self.source = source
        self.action = action
        self.outcome = outcome
        self.person = person
        self.sessionID = sessionID
        self.target = target
        self.reason = reason
        self.count = count
    }
}
