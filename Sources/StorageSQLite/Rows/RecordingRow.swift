internal import TelehealthCore

enum RecordingRow {
    static let table = Table(
        "recordings", key: ["id"],
        columns: [
            "session_id", "segment", "generation", "purpose", "state", "requested_by", "requested_at",
            "consent_ids", "control_region", "bucket", "prefix", "started_at", "stopped_at", "stop_cause",
            "stopped_by", "capture_pipeline_id", "capture_pipeline_arn", "concatenation_pipeline_id",
            "object_key", "object_bytes", "object_etag", "failure", "consent_revoked_at",
        ])
    static let upsert = PreparedSQL("recordings.upsert", table.upsertText())
    static let byID = PreparedSQL("recordings.read", table.selectText("WHERE id = ?1"))
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
        return recording
    }
}
