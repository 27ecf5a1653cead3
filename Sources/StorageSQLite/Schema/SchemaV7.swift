/// Webhooks: whom a delivery is for, and which event it tells. NULL for every other kind of effect.
enum SchemaV7 {
    static let statements = [
        "ALTER TABLE effects ADD COLUMN target TEXT",
        "ALTER TABLE effects ADD COLUMN event_sequence BIGINT",
    ]
}
