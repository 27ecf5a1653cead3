/// The feed of changed visits: where in it a session changed last, and whom visits went away from.
///
/// A position is the number of an audit row of the change (``TelehealthEngine/VisitFeed``). Older sessions have
/// not changed since the feed exists.
enum SchemaV14 {
    static let statements = [
        "ALTER TABLE sessions ADD COLUMN feed_position BIGINT NOT NULL DEFAULT 0",
        // viewer_id: NULL = those who see every visit.
        """
        CREATE TABLE visit_departures (
            number INTEGER PRIMARY KEY,
            position BIGINT NOT NULL, session_id TEXT NOT NULL REFERENCES sessions (id), viewer_id BLOB,
            former_start BIGINT NOT NULL, at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX visit_departures_of_viewer ON visit_departures (viewer_id, position)",
        "CREATE INDEX visit_departures_by_time ON visit_departures (at)",
        """
        CREATE TRIGGER visit_departures_sealed_insert BEFORE INSERT ON visit_departures \
        WHEN typeof(NEW.viewer_id) NOT IN ('blob', 'null') \
        BEGIN SELECT RAISE(ABORT, 'personal values are sealed'); END
        """,
        """
        CREATE TRIGGER visit_departures_viewer_id_sealed BEFORE UPDATE OF viewer_id ON visit_departures \
        WHEN typeof(NEW.viewer_id) NOT IN ('blob', 'null') \
        BEGIN SELECT RAISE(ABORT, 'personal values are sealed'); END
        """,
    ]
}
