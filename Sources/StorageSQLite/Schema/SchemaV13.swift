/// What is not sealed no longer passes for genuine: rows that say who may see a visit carry a MAC (``RowSeal``), and
/// texts where sealed values belong are allowed only while a permit under a MAC stands, until the first sealing of
/// every row is over (``ClearTextPermit``).
///
/// Rows that are there get their MACs here: what they say now is taken for true, once. SQLite cannot add a CHECK to a
/// table, so triggers refuse what no statement of ours writes; on updates one per column, so that an earlier row may
/// change elsewhere.
enum SchemaV13 {
    static let statements =
        [
            "CREATE TABLE clear_text_permits (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), mac BLOB NOT NULL)",
            """
            INSERT INTO clear_text_permits (id, mac) SELECT 1, \(SealingFunction.macName)('clear_text_permits', 'all') \
            WHERE EXISTS (SELECT 1 FROM sealing_keys WHERE id = -1)
            """,
        ] + macs.flatMap(addMAC) + sealed.flatMap(guards)

    private static let macs: [(table: String, columns: String)] = [
        ("appointments", "id, client_id, guardian_id, clinician_id, status"),
        ("sessions", "id, appointment_id, client_id, guardian_id, clinician_id, status"),
        ("participants", "session_id, id, subject_id, role, state, invitation_id"),
        ("invitations", "session_id, id, role, participant_id, expires_at, redeemed_at, revoked_at"),
    ]

    private static func addMAC(_ table: String, _ columns: String) -> [String] {
        [
            "ALTER TABLE \(table) ADD COLUMN row_mac BLOB",
            "UPDATE \(table) SET row_mac = \(SealingFunction.macName)('\(table)', \(columns))",
        ]
    }

    /// Columns that hold sealed values or tokens, and nothing else.
    private static let sealed: [(table: String, columns: [String])] = [
        ("appointments", ["client_id", "guardian_id", "clinician_id", "created_by", "last_modified_by"]),
        ("sessions", ["client_id", "guardian_id", "clinician_id", "end_note", "created_by", "last_modified_by"]),
        (
            "participants",
            [
                "subject_id", "check_location_state", "check_location_address", "check_contact_name",
                "check_contact_phone",
            ]
        ),
        ("recordings", ["requested_by", "stopped_by", "hold_set_by", "session_note_id", "hold_reason"]),
        (
            "consents",
            [
                "subject_id", "signer_id", "attested_by", "recorded_by", "revoked_by", "evidence", "evidence_items",
                "revocation_reason",
            ]
        ),
        ("consent_versions", ["subject_id", "born_on"]), ("invitations", ["created_by"]), ("requests", ["subject"]),
        ("emergency_accesses", ["subject", "reason"]),
    ]

    private static func guards(_ table: String, _ columns: [String]) -> [String] {
        let isClear = columns.map { "typeof(NEW.\($0)) NOT IN ('blob', 'null')" }
        return [refusal("\(table)_sealed_insert", "INSERT ON \(table)", isClear.joined(separator: " OR "))]
            + zip(columns, isClear).map { column, condition in
                refusal("\(table)_\(column)_sealed", "UPDATE OF \(column) ON \(table)", condition)
            }
    }

    private static func refusal(_ name: String, _ event: String, _ condition: String) -> String {
        """
        CREATE TRIGGER \(name) BEFORE \(event) WHEN \(condition) \
        BEGIN SELECT RAISE(ABORT, 'personal values are sealed'); END
        """
    }
}
