internal import TelehealthModel

enum ClientQualityRow {
    static let table = Table(
        "client_quality", key: ["session_id", "participant_id"],
        columns: [
            "first_report_at", "last_report_at", "report_count", "join_count", "video_ms", "video_720_ms",
            "observed_ms", "loss_percent_ms", "frames_ms", "drops", "connection_class", "class_told_at",
            "class_told",
        ])
    static let upsert = PreparedSQL("client_quality.upsert", table.upsertText())
    static let byKey = PreparedSQL(
        "client_quality.read", table.selectText("WHERE session_id = ?1 AND participant_id = ?2"))
    static let reportCount = PreparedSQL(
        "client_quality.count",
        "SELECT report_count FROM client_quality WHERE session_id = ?1 AND participant_id = ?2")

    static func bind(_ row: ClientQuality, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.participantID)
        values.add(row.firstReportAt)
        values.add(row.lastReportAt)
        values.add(row.reportCount)
        values.add(row.joinCount)
        values.add(row.video.wholeMicroseconds / 1000)
        values.add(row.videoAt720.wholeMicroseconds / 1000)
        values.add(row.observed.wholeMicroseconds / 1000)
        values.add(row.lossPercentMilliseconds)
        values.add(row.framesMilliseconds)
        values.add(row.drops)
        values.add(row.connectionClass)
        values.add(row.classToldAt)
        values.add(row.classTold)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> ClientQuality {
        var quality = ClientQuality(
            sessionID: row.identifier(), participantID: row.identifier(), firstReportAt: row.instant())
        quality.lastReportAt = row.instant()
        quality.reportCount = row.count()
        quality.joinCount = row.count()
        quality.video = .milliseconds(row.integer())
        quality.videoAt720 = .milliseconds(row.integer())
        quality.observed = .milliseconds(row.integer())
        quality.lossPercentMilliseconds = row.integer()
        quality.framesMilliseconds = row.integer()
        quality.drops = row.count()
        quality.connectionClass = try row.choice()
        quality.classToldAt = row.optionalInstant()
        quality.classTold = try row.optionalChoice()
        return quality
    }
}

enum JoinTimeRow {
    static let table = Table(
        "join_times", key: ["session_id", "participant_id", "number"], columns: ["at", "join_ms"])
    static let insert = PreparedSQL("join_times.insert", table.insertText)

    static func bind(_ row: JoinTime, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.participantID)
        values.add(row.number)
        values.add(row.at)
        values.add(row.duration.wholeMicroseconds / 1000)
    }
}

enum ServiceFailureRow {
    /// The key is a number the database counts up.
    static let table = Table("service_failures", key: [], columns: ["at", "action", "reason"])
    static let insert = PreparedSQL("service_failures.insert", table.insertText)

    static func bind(_ row: ServiceFailure, _ values: inout StatementBinder) {
        values.add(row.at)
        values.add(row.action)
        values.add(row.reason)
    }
}
