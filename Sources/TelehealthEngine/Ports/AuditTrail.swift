public import AuditChain
public import TelehealthModel

/// Port: the audit log as its readers see it. Writing goes through ``TelehealthStore``.
///
/// Each call reads one consistent snapshot and lets it go; whoever reads much reads page by page.
public protocol AuditTrail: Sendable {
    /// The log's end as of the latest commit.
    var auditEnd: AuditLogEnd { get }
    /// Rows from `number` on, ascending, at most `limit`.
    func auditRecords(from number: Int64, limit: Int) async throws(StoreError) -> [AuditRecord]
    /// Rows that the query chooses, a page at a time.
    func auditPage(_ query: AuditQuery) async throws(StoreError) -> AuditPage
    /// The row that says that this consent was given; nil when there is none.
    func auditNumber(consent id: ConsentID) async throws(StoreError) -> Int64?
    /// Shows that a row is in the log as of its first `treeSize` rows.
    ///
    /// - Returns: nil when there is no such row in so long a log, or the log is shorter.
    func auditProof(of number: Int64, treeSize: Int64) async throws(StoreError) -> AuditProof?
    /// Shows that the log of `oldSize` rows is the beginning of the log of `newSize`.
    ///
    /// - Returns: the path for ``MerkleProof/isConsistent(from:oldRoot:to:newRoot:path:)``; nil when the log is
    ///   shorter, or there are no such sizes.
    func auditConsistency(from oldSize: Int64, to newSize: Int64) async throws(StoreError) -> [MerkleHash]?
    /// The stored Merkle nodes whose last leaf is in a range of leaf indices, for checking them.
    func auditNodes(in leaves: Range<Int64>) async throws(StoreError) -> [AuditNode]
    /// What speaks against the log besides its own rows: marks of rows that are gone, damage that was found.
    /// Ends early, with any error, when the task is cancelled.
    func auditDoubts(progress: @escaping ProgressReport) async throws(StoreError) -> [AuditFinding]
    /// A check with the log's key, which stays with the log.
    func auditVerifier(anchor: AuditRecord?, heads: [AuditHead], headKey: AuditHeadKey?) -> AuditVerifier
}

extension AuditTrail {
    /// Of a log with nothing beside it.
    public func auditDoubts(progress: @escaping ProgressReport) async throws(StoreError) -> [AuditFinding] { [] }
}

/// Which rows of the audit log to list.
public struct AuditQuery: Sendable, Hashable {
    /// After which row to go on.
    public struct Position: Sendable, Hashable {
        public let at: Timestamp
        public let number: Int64

        public init(at: Timestamp, number: Int64) {
            self.at = at
            self.number = number
        }
    }

    public var sessionID: SessionID?
    /// Who acted.
    public var subject: Subject?
    /// Whose data was touched.
    public var person: SubjectID?
    public var from: Timestamp?
    public var before: Timestamp?
    /// The RPC's name.
    public var action: String?
    public var outcome: AuditEntry.Outcome?
    /// Newest first; otherwise oldest first, both by (time, number).
    public var isDescending = false
    public var after: Position?
    /// 1...500.
    public var limit = 50

    public init() {}

    /// Whether a row is among those wanted, the position aside.
    public func chooses(_ record: AuditRecord) -> Bool {
        (sessionID == nil || sessionID?.rawValue == record.sessionID)
            && (subject == nil || subject == record.subject)
            && (person == nil || person?.rawValue == record.person)
            && (from.map { record.at >= $0 } ?? true) && (before.map { record.at < $0 } ?? true)
            && (action == nil || action == record.action)
            && (outcome == nil || outcome?.rawValue == record.outcome)
    }
}

public struct AuditPage: Sendable, Hashable {
    /// May be fewer than asked for, even none, while ``next`` is set: a page also ends after so many rows
    /// looked at.
    public let records: [AuditRecord]
    /// nil when there is nothing more.
    public let next: AuditQuery.Position?

    public init(records: [AuditRecord], next: AuditQuery.Position?) {
        self.records = records
        self.next = next
    }
}
