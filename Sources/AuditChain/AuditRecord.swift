public import TelehealthModel

/// One row of the audit log as it is stored: an entry with its place in the chain.
///
/// Role and outcome are the stored words and not our enums, so that a log written by a newer program, or one
/// that was tampered with, is read and judged as it is.
public struct AuditRecord: Sendable, Hashable {
    /// 1 for the first row, without gaps; also the place in the Merkle tree (leaf index + 1).
    public var number: Int64
    public var at: Timestamp
    public var subject: Subject
    public var role: String?
    public var actor: Subject?
    public var source: String?
    public var action: String
    public var outcome: String
    public var person: String?
    public var sessionID: String?
    public var target: String?
    public var reason: String?
    public var count: Int64
    /// ``mac`` of the row before; ``AuditLogEnd/beginning`` for the first.
    public var previous: [UInt8]
    /// HMAC-SHA256 over ``previous`` and ``encoding``, 32 bytes.
    public var mac: [UInt8]

    public init(
        number: Int64, at: Timestamp, subject: Subject, role: String?, actor: Subject?, source: String?,
        action: String, outcome: String, person: String?, sessionID: String?, target: String?,
        reason: String?, count: Int64, previous: [UInt8], mac: [UInt8]
    ) {
        self.number = number
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
        self.previous = previous
        self.mac = mac
    }

    /// An entry at a place in the chain, its MAC still to be made.
    init(_ entry: AuditEntry, number: Int64, previous: [UInt8]) {
        self.init(
            number: number, at: entry.at, subject: entry.subject, role: entry.role?.rawValue,
            actor: entry.actor, source: entry.source, action: entry.action, outcome: entry.outcome.rawValue,
            person: entry.person?.rawValue, sessionID: entry.sessionID?.rawValue, target: entry.target,
            reason: entry.reason, count: entry.count, previous: previous, mac: [])
    }

    /// The hash of this row in the Merkle tree, over ``encoding`` and ``mac``.
    ///
    /// The MAC is in it for the sake of the neighbors: a proof shows hashes of other rows, and without a
    /// secret in them, whoever holds the proof could guess those rows' contents and check the guess.
    public var leaf: MerkleHash { .leaf(encoding + mac) }
}
