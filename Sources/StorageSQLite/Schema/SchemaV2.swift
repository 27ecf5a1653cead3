/// The audit log as a chain, with the nodes of its Merkle tree.
///
/// Rows written before there was a chain stand aside in `audit_unchained`: a MAC made now says nothing of what
/// was there when they were written. At the first opening with a key they are copied after a row that says
/// so and how many they are; from then on they are protected like the rest (``AuditLog``).
enum SchemaV2 {
    static let audit = [
        "ALTER TABLE audit RENAME TO audit_unchained",
        """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            at BIGINT NOT NULL, subject TEXT NOT NULL, role TEXT, actor TEXT, source TEXT,
            action TEXT NOT NULL, outcome TEXT NOT NULL, person TEXT, session_id TEXT, target TEXT,
            reason TEXT, count BIGINT NOT NULL, previous BLOB NOT NULL, mac BLOB NOT NULL
        )
        """,
        // Every index ends in the row's number by itself.
        "CREATE INDEX audit_by_time ON audit (at)",
        "CREATE INDEX audit_by_session ON audit (session_id, at) WHERE session_id IS NOT NULL",
        "CREATE INDEX audit_by_subject ON audit (subject, at)",
        "CREATE INDEX audit_by_person ON audit (person, at) WHERE person IS NOT NULL",
        "CREATE INDEX audit_by_target ON audit (target) WHERE target IS NOT NULL",
        """
        CREATE TABLE audit_nodes (
            level BIGINT NOT NULL, place BIGINT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, place)
        ) WITHOUT ROWID
        """,
        refusal("audit_chain_no_update", "UPDATE ON audit"),
        refusal("audit_chain_no_delete", "DELETE ON audit"),
        refusal("audit_nodes_no_update", "UPDATE ON audit_nodes"),
        refusal("audit_nodes_no_delete", "DELETE ON audit_nodes"),
    ]

    private static func refusal(_ name: String, _ event: String) -> String {
        "CREATE TRIGGER \(name) BEFORE \(event) BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
    }
}
