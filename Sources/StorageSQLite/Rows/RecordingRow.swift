internal import Storage
internal import TelehealthModel

enum RecordingRow {
    static let table = Table(
        "recordings", key: ["id"],
        columns: [
            "session_id", "segment", "generation", "purpose", "state", "requested_by", "requested_at",
            "consent_ids", "control_region", "bucket", "prefix", "started_at", "stopped_at", "stop_cause",
            "stopped_by", "capture_pipeline_id", "capture_pipeline_arn", "concatenation_pipeline_id",
            "object_key", "object_bytes", "object_etag", "failure", "consent_revoked_at",
            "available_at", "degraded_since", "retain_until", "hold_set_at", "hold_set_by", "hold_reason",
            "session_note_id", "deleted_at", "object_checksum", "wait_reason", "failed_concatenations",
        ])
    static let upsert = PreparedSQL("recordings.upsert", table.upsertText())
    static let byID = PreparedSQL("recordings.read", table.selectText("WHERE id = ?1"))
    /// The state is a constant of the text: the planner proves by it that the partial index holds the rows.
    static let toDelete = PreparedSQL(
        "recordings.to delete",
        """
        SELECT session_id, id FROM recordings WHERE retain_until <= ?1 AND hold_set_at IS NULL \
        AND state IN ('available', 'failed') ORDER BY retain_until, id LIMIT ?2
        """)
    static let ofPipeline = PreparedSQL(
        "recordings.of pipeline",
        """
        SELECT session_id FROM recordings WHERE capture_pipeline_id = ?1 \
        UNION ALL SELECT session_id FROM recordings WHERE concatenation_pipeline_id = ?1 LIMIT 1
        """)
    static let ofSession = PreparedSQL(
        "recordings.read of session", table.selectText("WHERE session_id = ?1 ORDER BY segment, id"))

    static func bind(_ row: Recording, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.sessionID)
        values.add(row.segment)
        values.add(row.generation)
        values.add(row.purpose)
        values.add(row.state)
        values.add(subject: row.requestedBy)
        values.add(row.requestedAt)
        values.add(TextList.join(row.consentIDs.map(\.rawValue)))
        values.add(row.controlRegion)
        values.add(row.bucket)
        values.add(row.prefix)
        values.add(row.startedAt)
        values.add(row.stoppedAt)
        values.add(row.stopCause)
        values.add(subject: row.stoppedBy)
        values.add(row.capturePipelineID)
        values.add(row.capturePipelineARN)
        values.add(row.concatenationPipelineID)
        values.add(row.objectKey)
        values.add(row.objectBytes)
        values.add(row.objectETag)
        values.add(row.failure)
        values.add(row.consentRevokedAt)
        values.add(row.availableAt)
        values.add(row.degradedSince)
        values.add(row.retainUntil)
        values.add(row.hold?.setAt)
        values.add(subject: row.hold?.setBy)
        values.add(sealed: row.hold?.reason, .holdReason, row: row.id.rawValue)
        values.add(subject: row.sessionNoteID?.rawValue)
        values.add(row.deletedAt)
        values.add(row.objectChecksum)
        values.add(row.waitReason)
        values.add(row.failedConcatenations)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Recording {
        let id = row.identifier(RecordingID.self)
        let sessionID = row.identifier(SessionID.self)
        let segment = row.count()
        let generation = row.count()
        let purpose = try row.choice(Recording.Purpose.self)
        let state = try row.choice(Recording.State.self)
        var recording = Recording(
            id: id, sessionID: sessionID, segment: segment, generation: generation, purpose: purpose,
            requestedBy: row.subject(), requestedAt: row.instant(),
            consentIDs: TextList.split(row.text()).map { ConsentID($0) }, controlRegion: row.text(),
            bucket: row.text(), prefix: row.text())
        recording.state = state
        recording.startedAt = row.optionalInstant()
        recording.stoppedAt = row.optionalInstant()
        recording.stopCause = try row.optionalChoice()
        recording.stoppedBy = row.optionalSubject()
        recording.capturePipelineID = row.optionalText()
        recording.capturePipelineARN = row.optionalText()
        recording.concatenationPipelineID = row.optionalText()
        recording.objectKey = row.optionalText()
        recording.objectBytes = row.optionalInteger()
        recording.objectETag = row.optionalText()
        recording.failure = row.optionalText()
        recording.consentRevokedAt = row.optionalInstant()
        recording.availableAt = row.optionalInstant()
        recording.degradedSince = row.optionalInstant()
        recording.retainUntil = row.optionalInstant()
        let holdSetAt = row.optionalInstant()
        let holdSetBy = row.optionalSubject()
        let holdReason = row.optionalSealed(.holdReason, row: id.rawValue)
        if let holdSetAt {
            recording.hold = LegalHold(setAt: holdSetAt, setBy: holdSetBy ?? "", reason: holdReason ?? "")
        }
        recording.sessionNoteID = row.optionalSubject().map { SessionNoteID($0) }
        recording.deletedAt = row.optionalInstant()
        recording.objectChecksum = row.optionalText()
        recording.waitReason = try row.optionalChoice()
        recording.failedConcatenations = row.count()
        return recording
    }
}
