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
            "WHERE state = 'pending' AND due_at <= ?1 AND \(isFirstOfItsLane) ORDER BY due_at, id"
        ))
    static let nextDue = PreparedSQL(
        "effects.next due",
        table.selectText("WHERE state = 'pending' AND \(isFirstOfItsLane) ORDER BY due_at, id"))
    static let lease = PreparedSQL(
        "effects.lease", "UPDATE effects SET fence = ?2, leased_until = ?3, due_at = ?4 WHERE id = ?1")
    static let byID = PreparedSQL("effects.read", table.selectText("WHERE id = ?1"))
    static let dead = PreparedSQL(
        "effects.dead", table.selectText("WHERE state = 'dead' AND id > ?1 ORDER BY id"))
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
        let payload = Payload(row.kind)
        values.add(row.id)
        values.add(row.sessionID)
        values.add(row.sequence)
        values.add(row.kind.word)
        values.add(payload.generation)
        values.add(payload.participantID)
        values.add(payload.recordingID)
        values.add(row.createdAt)
        values.add(row.state)
        values.add(row.notBefore)
        values.add(row.attempts)
        values.add(row.fence)
        values.add(row.leasedUntil)
        values.add(row.lastError)
        values.add(dueAt(row))
        values.add(row.lane)
        values.add(payload.target)
        values.add(payload.eventSequence)
        values.add(row.refusal)
    }

    /// - Throws: ``SQLiteError/damagedRow(_:)`` when the kind is unknown, or the row lacks what its kind needs.
    static func read(_ row: inout RowReader) throws(SQLiteError) -> Effect {
        let id = row.identifier(EffectID.self)
        let sessionID = row.identifier(SessionID.self)
        let sequence = row.integer()
        let word = row.text()
        var payload = Payload()
        payload.generation = row.optionalCount()
        payload.participantID = row.optionalIdentifier()
        payload.recordingID = row.optionalIdentifier()
        let createdAt = row.instant()
        let state = try row.choice(Effect.State.self)
        let notBefore = row.instant()
        let attempts = row.count()
        let fence = row.integer()
        let leasedUntil = row.optionalInstant()
        let lastError = row.optionalText()
        row.skip()  // due_at and lane follow from the rest
        row.skip()
        payload.target = row.optionalText()
        payload.eventSequence = row.optionalInteger()
        guard let kind = payload.kind(word) else { throw row.damage }
        var effect = Effect(id: id, sessionID: sessionID, sequence: sequence, kind: kind, createdAt: createdAt)
        effect.state = state
        effect.notBefore = notBefore
        effect.attempts = attempts
        effect.fence = fence
        effect.leasedUntil = leasedUntil
        effect.lastError = lastError
        effect.refusal = try row.optionalChoice()
        return effect
    }

    /// The columns in which a row keeps what its kind carries; those that a kind does not need are NULL.
    private struct Payload {
        var generation: Int?
        var participantID: ParticipantID?
        var recordingID: RecordingID?
        var target: String?
        var eventSequence: Int64?

        init() {}

        init(_ kind: Effect.Kind) {
            switch kind {
            case .meeting(_, let generation): self.generation = generation
            case .recording(_, let id, let generation):
                recordingID = id
                self.generation = generation
            case .attendee(_, let id, let generation):
                participantID = id
                self.generation = generation
            case .webhook(let target, let eventSequence):
                self.target = target
                self.eventSequence = eventSequence
            }
        }

        /// - Returns: nil when the word is unknown, or something that its kind needs is missing.
        func kind(_ word: String) -> Effect.Kind? {
            if let call = Effect.MeetingCall(rawValue: word), let generation {
                return .meeting(call, generation: generation)
            }
            if let call = Effect.RecordingCall(rawValue: word), let recordingID, let generation {
                return .recording(call, recordingID, generation: generation)
            }
            if let call = Effect.AttendeeCall(rawValue: word), let participantID, let generation {
                return .attendee(call, participantID, generation: generation)
            }
            if word == Effect.Kind.webhookWord, let target, let eventSequence {
                return .webhook(target: target, eventSequence: eventSequence)
            }
            return nil
        }
    }
}
