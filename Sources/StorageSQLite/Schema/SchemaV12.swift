/// Why work did not come through, kept apart from what it was about; and no-shows that were taken back.
///
/// NULL and 0 are right for earlier rows: nothing was kept of their failures, and nothing was taken back.
enum SchemaV12 {
    static let statements = [
        "ALTER TABLE sessions ADD COLUMN no_show_undone_at BIGINT",
        "ALTER TABLE meetings ADD COLUMN failure TEXT",
        "ALTER TABLE recordings ADD COLUMN wait_reason TEXT",
        "ALTER TABLE recordings ADD COLUMN failed_concatenations BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE effects ADD COLUMN refusal TEXT",
    ]
}
