/// People in a visit: invited places, what each may send and receive, and the invitations themselves.
///
/// Earlier rows have the right defaults: everybody was of the appointment and had all media.
enum SchemaV3 {
    /// Roles that come by an invitation; the appointment's own people are found by the session's columns.
    static let isInvited = "role NOT IN ('clinician', 'client', 'guardian')"

    static let people = [
        "ALTER TABLE participants ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE participants ADD COLUMN audio TEXT NOT NULL DEFAULT 'SendReceive'",
        "ALTER TABLE participants ADD COLUMN video TEXT NOT NULL DEFAULT 'SendReceive'",
        "ALTER TABLE participants ADD COLUMN content TEXT NOT NULL DEFAULT 'SendReceive'",
        "ALTER TABLE participants ADD COLUMN invitation_id TEXT",
        "ALTER TABLE participants ADD COLUMN device_id TEXT",
        "CREATE INDEX participants_invited ON participants (subject_id, session_id) WHERE \(isInvited)",
        """
        CREATE TABLE invitations (
            session_id TEXT NOT NULL REFERENCES sessions (id), id TEXT NOT NULL,
            role TEXT NOT NULL, created_at BIGINT NOT NULL, created_by TEXT NOT NULL,
            expires_at BIGINT NOT NULL, redeemed_at BIGINT, participant_id TEXT, revoked_at BIGINT,
            PRIMARY KEY (session_id, id)
        ) WITHOUT ROWID
        """,
    ]
}
