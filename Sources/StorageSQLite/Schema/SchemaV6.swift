import Storage

/// Personal columns are sealed (``Sealer``) and people's ids tokens (``IdentifierSealer``): blobs where texts stood.
///
/// SQLite keeps a blob in a TEXT column as it is; PostgreSQL needs `ALTER COLUMN … TYPE BYTEA` for each of them here.
/// Rows from before: ids are turned into tokens in this step, since look-ups know tokens only; texts are
/// sealed later, in small batches (``Resealing``). The append-only rows of audit and documents stay as they
/// were written; a reader takes both forms.
enum SchemaV6 {
    static let statements =
        [
            // Which keys rows may be sealed with. id 0 is the index secret, -1 says that texts from before may be left.
            "CREATE TABLE sealing_keys (id BIGINT NOT NULL PRIMARY KEY, fingerprint BLOB NOT NULL)",
            """
            INSERT INTO sealing_keys (id, fingerprint) SELECT -1, x'' \
            WHERE EXISTS (SELECT 1 FROM sessions) OR EXISTS (SELECT 1 FROM consents)
            """,
            "DROP TRIGGER consents_no_update", "DROP TRIGGER consents_no_update_of_evidence",
        ] + people.map(tokens) + [factsGuard, evidenceGuard("evidence"), evidenceGuard("evidence_items"), emergencies]

    /// Clinicians who got into a visit that is not theirs; the audit entry of each names the row.
    private static let emergencies = """
        CREATE TABLE emergency_accesses (
            id TEXT NOT NULL PRIMARY KEY,
            at BIGINT NOT NULL, subject BLOB NOT NULL, role TEXT NOT NULL,
            session_id TEXT NOT NULL REFERENCES sessions (id), action TEXT NOT NULL, reason BLOB NOT NULL
        )
        """

    /// Every column of a person's id that is not append-only.
    private static let people: [(table: String, columns: [String])] = [
        ("appointments", ["client_id", "guardian_id", "clinician_id", "created_by", "last_modified_by"]),
        ("sessions", ["client_id", "guardian_id", "clinician_id", "created_by", "last_modified_by"]),
        ("participants", ["subject_id"]),
        ("recordings", ["requested_by", "stopped_by", "hold_set_by", "session_note_id"]),
        ("consents", ["subject_id", "signer_id", "attested_by", "recorded_by", "revoked_by"]),
        ("consent_versions", ["subject_id"]),
        ("invitations", ["created_by"]),
        ("requests", ["subject"]),
    ]

    private static func tokens(_ table: String, _ columns: [String]) -> String {
        let settings = columns.map { "\($0) = \(SealingFunction.name)(\($0))" }
        return "UPDATE \(table) SET \(settings.joined(separator: ", "))"
    }

    /// As in the first schema, but for the evidence, which has a guard of its own.
    private static let factsGuard = """
        CREATE TRIGGER consents_no_update BEFORE UPDATE OF id, subject_id, subject_role, type, decision, method, \
        document_version, document_language, text_hash, acknowledged_rights, acknowledged_emergency, \
        acknowledged_privacy, recording_purposes, signer_id, attested_by, \
        session_id, granted_at, expires_at, supersedes, recorded_by, recorded_at ON consents \
        BEGIN SELECT RAISE(ABORT, 'the facts of a consent never change'); END
        """

    /// The evidence may be sealed again, under another key and at the same length, and nothing else: see
    /// ``Sealer`` for the layout that this looks at.
    private static func evidenceGuard(_ column: String) -> String {
        """
        CREATE TRIGGER consents_\(column)_no_update BEFORE UPDATE OF \(column) ON consents \
        WHEN NOT (OLD.\(column) IS NEW.\(column) \
        OR (typeof(OLD.\(column)) = 'text' AND typeof(NEW.\(column)) = 'blob' \
        AND length(NEW.\(column)) = length(CAST(OLD.\(column) AS BLOB)) + \(Sealer.overhead)) \
        OR (typeof(OLD.\(column)) = 'blob' AND typeof(NEW.\(column)) = 'blob' \
        AND length(NEW.\(column)) = length(OLD.\(column)) AND substr(NEW.\(column), 1, 1) = x'01' \
        AND substr(NEW.\(column), 2, 4) <> substr(OLD.\(column), 2, 4))) \
        BEGIN SELECT RAISE(ABORT, 'the facts of a consent never change'); END
        """
    }
}
