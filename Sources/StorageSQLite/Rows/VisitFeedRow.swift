internal import TelehealthEngine
internal import TelehealthRules

/// Where visits are in the feed, and their departures.
enum VisitFeedRow {
    private static let isInRange = "starts_at >= ?1 AND starts_at < ?2 AND feed_position > ?3"
    private static func marks(_ condition: String) -> String {
        "SELECT starts_at, id, feed_position FROM sessions WHERE \(condition)"
    }

    /// ?1 and ?2 the range, ?3 the position to begin after, ?4 the limit.
    static let all = PreparedSQL("feed.marks", marks(isInRange) + " ORDER BY starts_at, id LIMIT ?4")
    /// ?5 whose: led, or by an invitation to one who was not sent away. Both halves are small: one person's visits.
    static let ofViewer = PreparedSQL(
        "feed.marks of viewer",
        """
        \(marks("clinician_id = ?5 AND \(isInRange)")) \
        UNION \(marks("id IN (\(invited)) AND \(isInRange)")) ORDER BY 1, 2 LIMIT ?4
        """)
    private static let invited = """
        SELECT session_id FROM participants WHERE subject_id = ?5 AND \(SchemaV3.isInvited) \
        AND state NOT IN ('removed', 'denied')
        """

    static func bind(_ query: VisitQuery, _ values: inout StatementBinder) {
        values.add(query.range.lowerBound)
        values.add(query.range.upperBound)
        values.add(query.changedAfter ?? -1)
        values.add(max(query.limit, 0))
        if let viewer = query.viewer { values.add(viewer) }
    }

    static func readMark(_ row: inout RowReader) -> VisitMark {
        row.skip()
        return VisitMark(sessionID: row.identifier(), position: row.integer())
    }

    /// What a person's consents say may be in the short views of their visits, as long as these are open.
    static let touchOfClient = PreparedSQL(
        "feed.touch", "UPDATE sessions SET feed_position = ?2 WHERE client_id = ?1 AND is_open = 1 RETURNING id")

    static let departures = Table(
        "visit_departures", key: [], columns: ["position", "session_id", "viewer_id", "former_start", "at"])
    static let insertDeparture = PreparedSQL("feed.depart", departures.insertText)
    static let departuresAfter = PreparedSQL(
        "feed.departures",
        departures.selectText(
            "WHERE viewer_id IS NOT DISTINCT FROM ?1 AND position > ?2 ORDER BY position LIMIT ?3"))

    static func bind(_ row: VisitDeparture, position: Int64, _ values: inout StatementBinder) {
        values.add(position)
        values.add(row.sessionID)
        values.add(row.viewer)
        values.add(row.formerStart)
        values.add(row.at)
    }

    static func readDeparture(_ row: inout RowReader) -> (position: Int64, departure: VisitDeparture) {
        let position = row.integer()
        return (
            position,
            VisitDeparture(
                sessionID: row.identifier(), viewer: row.optionalIdentifier(), formerStart: row.instant(),
                at: row.instant())
        )
    }

    static let position = PreparedSQL("feed.position", "SELECT feed_position FROM sessions WHERE id = ?1")
    static let seal = PreparedSQL("feed.seal", "SELECT mac, at FROM audit WHERE number = ?1")
}
