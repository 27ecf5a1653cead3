internal import TelehealthModel

enum EffectRow {
    static let table = Table(
        "effects", key: ["id"],
        columns: [
            "session_id", "sequence", "kind", "generation", "participant_id", "recording_id", "created_at",
            "state", "not_before", "attempts", "fence", "leased_until", "last_error", "due_at", "lane",
            "target", "event_sequence", "refusal",
        ])
    static let upsert = PreparedSQL("effects.upsert", table.upsertText())
    static let fence = PreparedSQL(
        "effects.fence", "SELECT fence FROM effects WHERE id = ?1 AND state = 'pending'")

    /// No unfinished effect of its session and lane comes before it; a dead one counts as unfinished.
    private static let isFirstOfItsLane = """
        NOT EXISTS (SELECT 1 FROM effects AS f WHERE f.session_id = effects.session_id \
        AND f.lane = effects.lane AND f.sequence < effects.sequence AND f.state <> 'done')
        """
    static let due = PreparedSQL(
        "effects.due",
        table.selectText(
            "WHERE state = 'pending' AND due_at <= ?1 AND \(isFirstOfItsLane) ORDER BY due_at, id LIMIT ?2"
        ))
    static let nextDue = PreparedSQL(
        "effects.next due",
        """
        SELECT due_at FROM effects WHERE state = 'pending' AND \(isFirstOfItsLane) \
        ORDER BY due_at LIMIT 1
        """
    )
    static let lease = PreparedSQL(
        "effects.lease", "UPDATE effects SET fence = ?2, leased_until = ?3, due_at = ?4 WHERE id = ?1")
    static let byID = PreparedSQL("effects.read", table.selectText("WHERE id = ?1"))
    static let dead = PreparedSQL(
        "effects.dead", table.selectText("WHERE state = 'dead' AND id > ?1 ORDER BY id LIMIT ?2"))
    /// Both from the partial index of what is not done: done rows are never touched.
    static let counts = PreparedSQL(
        "effects.counts",
        """
        SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'dead'), \
        count(*) FILTER (WHERE state = 'pending' AND refusal IS NOT NULL) \
        FROM effects WHERE state <> 'done'
        """)
    static let isDead = PreparedSQL(
        "effects.is dead", "SELECT 1 FROM effects WHERE id = ?1 AND state = 'dead'")

    /// Ends every lease. The fences stay: the next claim is above them.
    static let releaseAll = PreparedSQL(
        "effects.release all",
        """
        UPDATE effects SET leased_until = NULL, due_at = not_before \
        WHERE state = 'pending' AND leased_until IS NOT NULL
        """)

    /// When a worker may take it: neither before its time nor while another's lease lives.
    static func dueAt(_ effect: Effect) -> Timestamp {
        max(effect.notBefore, effect.leasedUntil ?? effect.notBefore)
    }

    static func bind(_ row: Effect, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.sessionID)
        values.add(row.sequence)
        values.add(row.kind)
        values.add(row.generation)
        values.add(row.participantID)
        values.add(row.recordingID)
        values.add(row.createdAt)
        values.add(row.state)
        values.add(row.notBefore)
        values.add(row.attempts)
        values.add(row.fence)
        values.add(row.leasedUntil)
        values.add(row.lastError)
        values.add(dueAt(row))
        values.add(row.lane)
        values.add(row.target)
        values.add(row.eventSequence)
        values.add(row.refusal)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Effect {
        var effect = Effect(
            id: row.identifier(), sessionID: row.identifier(), sequence: row.integer(),
            kind: try row.choice(),
            generation: row.optionalCount(), participantID: row.optionalIdentifier(),
            recordingID: row.optionalIdentifier(), createdAt: row.instant())
        effect.state = try row.choice()
        effect.notBefore = row.instant()
        effect.attempts = row.count()
        effect.fence = row.integer()
        effect.leasedUntil = row.optionalInstant()
        effect.lastError = row.optionalText()
        row.skip()  // due_at and lane follow from the rest
        row.skip()
        effect.target = row.optionalText()
        effect.eventSequence = row.optionalInteger()
        effect.refusal = try row.optionalChoice()
        return effect
    }
}
