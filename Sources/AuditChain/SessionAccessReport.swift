public import TelehealthModel

/// Who saw or changed one session: the audit log's rows about it, one line a person, role and service.
public struct SessionAccessReport: Sendable, Hashable {
    public struct Line: Sendable, Hashable {
        public let subject: Subject
        public let role: String?
        public let actor: Subject?
        public var firstAt: Timestamp
        public var lastAt: Timestamp
        /// Calls that were let through, by RPC name.
        public var actions: [String: Int64] = [:]
        public var deniedCount: Int64 = 0
    }

    private struct Key: Hashable {
        let subject: Subject
        let role: String?
        let actor: Subject?
    }

    private var lines: [Key: Line] = [:]
    package private(set) var rowCount = 0
    /// False when there were too many rows to look at all of them.
    public package(set) var isComplete = true

    public init() {}

    /// In the order of the first access.
    public var people: [Line] {
        lines.values.sorted { ($0.firstAt, $0.subject) < ($1.firstAt, $1.subject) }
    }

    package mutating func note(_ record: AuditRecord) {
        rowCount += 1
        let key = Key(subject: record.subject, role: record.role, actor: record.actor)
        var line =
            lines[key]
            ?? Line(
                subject: record.subject, role: record.role, actor: record.actor, firstAt: record.at,
                lastAt: record.at)
        line.firstAt = min(line.firstAt, record.at)
        line.lastAt = max(line.lastAt, record.at)
        if record.outcome == AuditEntry.Outcome.denied.rawValue {
            line.deniedCount += record.count
        } else {
            line.actions[record.action, default: 0] += record.count
        }
        lines[key] = line
    }
}
