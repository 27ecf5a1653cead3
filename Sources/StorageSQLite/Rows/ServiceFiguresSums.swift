internal import TelehealthModel
internal import TelehealthRules

/// The sums behind a service report: one statement per table, each over an index that begins with the time.
///
/// ?1 and ?2 are the period's begin and end. Instants are microseconds, durations of clients milliseconds.
enum ServiceFiguresSums {
    static let sessions = PreparedSQL(
        "figures.sessions",
        """
        SELECT count(*), coalesce(sum(EXISTS (SELECT 1 FROM meetings AS m \
        WHERE m.session_id = sessions.id AND m.state = 'failed' AND m.active_at IS NULL)), 0) \
        FROM sessions WHERE created_at >= ?1 AND created_at < ?2
        """)
    static let failures = PreparedSQL(
        "figures.failures",
        "SELECT count(*) FROM service_failures WHERE action = 'CreateSession' AND at >= ?1 AND at < ?2")
    static let joins = PreparedSQL(
        "figures.joins",
        "SELECT count(*), coalesce(sum(join_ms), 0) FROM join_times WHERE at >= ?1 AND at < ?2")
    /// ?3: how many shorter ones to pass over. Sorting is meant: the percentile is exact.
    static let joinAtRank = PreparedSQL(
        "figures.join at rank",
        "SELECT join_ms FROM join_times WHERE at >= ?1 AND at < ?2 ORDER BY join_ms LIMIT 1 OFFSET ?3")
    static let video = PreparedSQL(
        "figures.video",
        """
        SELECT count(*), coalesce(sum(video_ms), 0), coalesce(sum(video_720_ms), 0) FROM client_quality \
        WHERE first_report_at >= ?1 AND first_report_at < ?2
        """)
    static let presence = PreparedSQL(
        "figures.presence",
        """
        SELECT count(*), coalesce(sum(ended_at - started_at), 0), \
        coalesce(sum(end_cause = 'dropped'), 0), coalesce(sum(resumed_at IS NOT NULL), 0), \
        coalesce(sum(resumed_at - ended_at), 0) FROM presence_intervals \
        WHERE started_at >= ?1 AND started_at < ?2 AND ended_at IS NOT NULL
        """)
    /// ?3 to ?8: the consents needed, in pairs of alternatives; a pair of NULL = none.
    static let visits = PreparedSQL(
        "figures.visits",
        """
        SELECT count(*), coalesce(sum(\([("?3", "?4"), ("?5", "?6"), ("?7", "?8")].map(isCovered).joined(separator: " AND "))), 0) \
        FROM sessions WHERE started_at >= ?1 AND started_at < ?2
        """)
    static let recordings = PreparedSQL(
        "figures.recordings",
        """
        SELECT count(*), coalesce(sum(consent_ids <> ''), 0) FROM recordings \
        WHERE started_at >= ?1 AND started_at < ?2
        """)

    static let statements = [
        sessions, failures, joins, video, presence, visits, recordings,
    ]

    /// A grant that held when the visit started.
    private static func isCovered(by either: String, or other: String) -> String {
        """
        (\(either) IS NULL OR EXISTS (SELECT 1 FROM consents AS c WHERE c.subject_id = sessions.client_id \
        AND c.type IN (\(either), \(other)) AND c.decision = 'granted' AND c.granted_at <= sessions.started_at \
        AND c.recorded_at <= sessions.started_at \
        AND (c.expires_at IS NULL OR c.expires_at > sessions.started_at) \
        AND (c.revoked_at IS NULL OR c.revoked_at > sessions.started_at) \
        AND (c.session_id IS NULL OR c.session_id = sessions.id)))
        """
    }

    static func read(_ query: ServiceFiguresQuery, _ connection: SQLiteConnection) throws(SQLiteError)
        -> ServiceFigures
    {
        var figures = ServiceFigures()
        func sums(_ sql: PreparedSQL, _ columns: Int, _ types: [ConsentType?] = []) throws(SQLiteError)
            -> [Int64]
        {
            try connection.first(
                sql,
                bind: { values in
                    values.add(query.from)
                    values.add(query.to)
                    for type in types { values.add(type) }
                }, read: { row in (0..<columns).map { _ in row.integer() } })
                ?? Array(repeating: 0, count: columns)
        }
        let sessions = try sums(Self.sessions, 2)
        (figures.sessionsCreated, figures.sessionsWithFailedMeeting) = (Int(sessions[0]), Int(sessions[1]))
        figures.creationFailures = Int(try sums(failures, 1)[0])
        let joins = try sums(Self.joins, 2)
        figures.joins = Int(joins[0])
        figures.joinTotal = .milliseconds(joins[1])
        figures.join95th = .milliseconds(try join95th(of: figures.joins, query, connection))
        let video = try sums(Self.video, 3)
        figures.reporters = Int(video[0])
        (figures.video, figures.videoAt720) = (.milliseconds(video[1]), .milliseconds(video[2]))
        let presence = try sums(Self.presence, 5)
        figures.intervals = Int(presence[0])
        figures.presence = .microseconds(presence[1])
        (figures.drops, figures.reconnections) = (Int(presence[2]), Int(presence[3]))
        figures.disconnected = .microseconds(presence[4])
        let types = (0..<3).flatMap { place -> [ConsentType?] in
            let group = place < query.joinConsents.count ? query.joinConsents[place] : []
            return [group.first, group.count > 1 ? group[1] : nil]
        }
        let visits = try sums(Self.visits, 2, types)
        (figures.visits, figures.visitsCovered) = (Int(visits[0]), Int(visits[1]))
        let recordings = try sums(Self.recordings, 2)
        (figures.recordings, figures.recordingsCovered) = (Int(recordings[0]), Int(recordings[1]))
        return figures
    }

    /// The nearest-rank percentile: the value at place ceil(0.95 n).
    private static func join95th(
        of count: Int, _ query: ServiceFiguresQuery, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> Int64 {
        guard count > 0 else { return 0 }
        return try connection.first(
            joinAtRank,
            bind: { values in
                values.add(query.from)
                values.add(query.to)
                values.add((count * 95 + 99) / 100 - 1)
            }, read: { row in row.integer() }) ?? 0
    }
}
