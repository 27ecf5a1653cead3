/// Consents in depth: evidence item by item, birth dates for who must sign, and a guardian's visits by their index.
enum SchemaV4 {
    static let all = [
        "ALTER TABLE consents ADD COLUMN evidence_items TEXT",
        """
        CREATE TRIGGER consents_no_update_of_evidence BEFORE UPDATE OF evidence_items ON consents \
        BEGIN SELECT RAISE(ABORT, 'the facts of a consent never change'); END
        """,
        // The day as text; NULL while nobody said it.
        "ALTER TABLE consent_versions ADD COLUMN born_on TEXT",
        "CREATE INDEX sessions_by_guardian ON sessions (guardian_id, starts_at, id)",
    ]
}
