internal import AuditChain
internal import TelehealthModel

enum AuditRow {
    static let table = Table(
        "audit", key: ["number"],
        columns: [
            "at", "subject", "role", "actor", "source", "action", "outcome", "person", "session_id", "target",
            "reason", "count", "previous", "mac",
        ])
    static let insert = PreparedSQL("audit.insert", table.insertText)
    static let last = PreparedSQL("audit.last", table.selectText("ORDER BY number DESC LIMIT 1"))
    static let byNumber = PreparedSQL("audit.by number", table.selectText("WHERE number = ?1"))
    static let macOf = PreparedSQL("audit.mac of", "SELECT mac FROM audit WHERE number = ?1")
    static let from = PreparedSQL(
        "audit.from", table.selectText("WHERE number >= ?1 ORDER BY number LIMIT ?2"))
    static let ofConsent = PreparedSQL(
        "audit.of consent",
        "SELECT number FROM audit WHERE target = ?1 AND \(SchemaV9.grantsConsent) ORDER BY number LIMIT 1")

    /// - Parameter hasOwnTarget: the target is an id of ours (``AuditEntry/hasOwnTarget``).
    static func bind(_ row: AuditRecord, hasOwnTarget: Bool, _ values: inout StatementBinder) {
        values.add(row.number)
        values.add(row.at)
        values.add(row.subject)
        values.add(row.role)
        values.add(row.actor)
        values.add(subject: row.source)
        values.add(row.action)
        values.add(row.outcome)
        values.add(subject: row.person)
        values.add(row.sessionID)
        // Ids of our own say nothing of anybody, and each is new: sealing them would cost more than the row.
        if hasOwnTarget { values.add(row.target) } else { values.add(subject: row.target) }
        // Words of our own, or an administrator's for a hold or an end: those may speak of people.
        values.add(subject: row.reason)
        values.add(row.count)
        values.add(row.previous)
        values.add(row.mac)
    }

    static func read(_ row: inout RowReader) -> AuditRecord {
        AuditRecord(
            number: row.integer(), at: row.instant(), subject: Subject(row.checkedSubject()),
            role: row.optionalText(), actor: row.optionalCheckedSubject().map { Subject($0) },
            source: row.optionalCheckedSubject(), action: row.text(), outcome: row.text(),
            person: row.optionalCheckedSubject(), sessionID: row.optionalText(),
            target: row.optionalCheckedSubject(),
            reason: row.optionalCheckedSubject(), count: row.integer(), previous: row.bytes(),
            mac: row.bytes())
    }
}

/// A node of the log's Merkle tree; only levels that are a multiple of ``AuditNode/levelStep`` are kept.
enum AuditNodeRow {
    static let insert = PreparedSQL(
        "audit_nodes.insert", "INSERT INTO audit_nodes (level, place, hash) VALUES (?1, ?2, ?3)")
    static let macOf = PreparedSQL("audit.mac of", "SELECT mac FROM audit WHERE number = ?1")
    static let from = PreparedSQL(
        "audit_nodes.from",
        "SELECT place, hash FROM audit_nodes WHERE level = ?1 AND place >= ?2 ORDER BY place LIMIT ?3")

    /// Nodes of a level from a place on, as far as they follow each other.
    static func nodes(
        level: Int, from place: Int64, limit: Int, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> [MerkleHash] {
        var expected = place
        let rows = try connection.all(
            from,
            bind: { values in
                values.add(level)
                values.add(place)
                values.add(limit)
            }, read: { row in (row.integer(), row.bytes()) })
        var nodes: [MerkleHash] = []
        for (place, bytes) in rows {
            guard place == expected, let hash = MerkleHash(bytes) else { break }
            nodes.append(hash)
            expected += 1
        }
        return nodes
    }
}
