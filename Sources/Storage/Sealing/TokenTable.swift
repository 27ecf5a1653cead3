/// The columns of one table that hold people's ids as tokens (``IdentifierSealer``).
package struct TokenTable: Sendable {
    package let name: String
    /// Ids of our own by which a row may be named in a finding; empty where the key is a person's id.
    package let key: [String]
    package let columns: [String]
    /// Append-only rows from before there were tokens stay as they were written, and some columns hold ids of ours.
    package var holdsTextsToo = false

    package static let all = [
        TokenTable(
            name: "appointments", key: ["id"],
            columns: ["client_id", "guardian_id", "clinician_id", "created_by", "last_modified_by"]),
        TokenTable(
            name: "sessions", key: ["id"],
            columns: ["client_id", "guardian_id", "clinician_id", "created_by", "last_modified_by"]),
        TokenTable(name: "participants", key: ["session_id", "id"], columns: ["subject_id"]),
        TokenTable(
            name: "recordings", key: ["id"],
            columns: ["requested_by", "stopped_by", "hold_set_by", "session_note_id"]),
        TokenTable(
            name: "consents", key: ["id"],
            columns: ["subject_id", "signer_id", "attested_by", "recorded_by", "revoked_by"]),
        TokenTable(name: "consent_versions", key: [], columns: ["subject_id"]),
        TokenTable(name: "invitations", key: ["session_id", "id"], columns: ["created_by"]),
        TokenTable(name: "requests", key: [], columns: ["subject"]),
        TokenTable(name: "emergency_accesses", key: ["id"], columns: ["subject"]),
        TokenTable(
            name: "consent_documents", key: ["type", "version", "language"], columns: ["registered_by"],
            holdsTextsToo: true),
        TokenTable(
            name: "audit", key: ["number"],
            columns: ["subject", "actor", "source", "person", "target", "reason"], holdsTextsToo: true),
    ]
}
