/// What AWS reports about meetings, how long recordings are kept, and how well visits go.
///
/// Rows of the tables here are found by their session, and summed over a period by the second index of each.
enum SchemaV5 {
    static let all = recordings + meetings + quality

    private static let recordings = [
        "ALTER TABLE recordings ADD COLUMN available_at BIGINT",
        "ALTER TABLE recordings ADD COLUMN degraded_since BIGINT",
        // NULL: kept until somebody sets an end. Right for rows made before there was a retention.
        "ALTER TABLE recordings ADD COLUMN retain_until BIGINT",
        "ALTER TABLE recordings ADD COLUMN hold_set_at BIGINT",
        "ALTER TABLE recordings ADD COLUMN hold_set_by TEXT",
        "ALTER TABLE recordings ADD COLUMN hold_reason TEXT",
        "ALTER TABLE recordings ADD COLUMN session_note_id TEXT",
        "ALTER TABLE recordings ADD COLUMN deleted_at BIGINT",
        "ALTER TABLE recordings ADD COLUMN object_checksum TEXT",
        """
        CREATE INDEX recordings_to_delete ON recordings (retain_until, id) \
        WHERE hold_set_at IS NULL AND state IN ('available', 'failed')
        """,
        """
        CREATE INDEX recordings_by_capture ON recordings (capture_pipeline_id) \
        WHERE capture_pipeline_id IS NOT NULL
        """,
        """
        CREATE INDEX recordings_by_concatenation ON recordings (concatenation_pipeline_id) \
        WHERE concatenation_pipeline_id IS NOT NULL
        """,
        "CREATE INDEX recordings_by_start ON recordings (started_at)",
    ]

    private static let meetings = [
        "CREATE INDEX meetings_by_meeting ON meetings (meeting_id) WHERE meeting_id IS NOT NULL",
        "CREATE INDEX meetings_by_token ON meetings (client_request_token)",
        """
        CREATE TABLE meeting_events (
            session_id TEXT NOT NULL REFERENCES sessions (id), event_id TEXT NOT NULL,
            generation BIGINT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL, participant_id TEXT,
            pipeline_id TEXT, received_at BIGINT NOT NULL,
            PRIMARY KEY (session_id, event_id)
        ) WITHOUT ROWID
        """,
        // event_id: of the "joined" that began it.
        """
        CREATE TABLE presence_intervals (
            session_id TEXT NOT NULL REFERENCES sessions (id), event_id TEXT NOT NULL,
            participant_id TEXT NOT NULL, generation BIGINT NOT NULL, started_at BIGINT NOT NULL,
            ended_at BIGINT, end_cause TEXT, resumed_at BIGINT,
            PRIMARY KEY (session_id, event_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX presence_by_start ON presence_intervals (started_at)",
    ]

    private static let quality = [
        // Durations in milliseconds; *_percent_ms and frames_ms are products with them.
        """
        CREATE TABLE client_quality (
            session_id TEXT NOT NULL REFERENCES sessions (id), participant_id TEXT NOT NULL,
            first_report_at BIGINT NOT NULL, last_report_at BIGINT NOT NULL, report_count BIGINT NOT NULL,
            join_count BIGINT NOT NULL, video_ms BIGINT NOT NULL, video_720_ms BIGINT NOT NULL,
            observed_ms BIGINT NOT NULL, loss_percent_ms BIGINT NOT NULL, frames_ms BIGINT NOT NULL,
            drops BIGINT NOT NULL, connection_class TEXT NOT NULL, class_told_at BIGINT, class_told TEXT,
            PRIMARY KEY (session_id, participant_id)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX client_quality_by_first ON client_quality (first_report_at)",
        """
        CREATE TABLE join_times (
            session_id TEXT NOT NULL REFERENCES sessions (id), participant_id TEXT NOT NULL,
            number BIGINT NOT NULL, at BIGINT NOT NULL, join_ms BIGINT NOT NULL,
            PRIMARY KEY (session_id, participant_id, number)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX join_times_by_at ON join_times (at, join_ms)",
        """
        CREATE TABLE service_failures (
            number INTEGER PRIMARY KEY, at BIGINT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL
        )
        """,
        "CREATE INDEX service_failures_by_at ON service_failures (action, at)",
        "CREATE INDEX sessions_by_creation ON sessions (created_at, id)",
        "CREATE INDEX sessions_by_visit ON sessions (started_at) WHERE started_at IS NOT NULL",
    ]
}
