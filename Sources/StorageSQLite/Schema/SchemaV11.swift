/// Cancellations that came before their appointments: kept for a while, so that a late word of the feed books nothing.
enum SchemaV11 {
    static let statements = [
        """
        CREATE TABLE early_cancellations (
            appointment_id TEXT NOT NULL PRIMARY KEY,
            source_version BIGINT NOT NULL, cancelled_at BIGINT NOT NULL
        )
        """,
        "CREATE INDEX early_cancellations_to_prune ON early_cancellations (cancelled_at)",
    ]
}
