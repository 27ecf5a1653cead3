internal import Storage
internal import TelehealthModel

enum InvitationRow {
    static let table = Table(
        "invitations", key: ["session_id", "id"],
        columns: [
            "role", "created_at", "created_by", "expires_at", "redeemed_at", "participant_id", "revoked_at",
            MACTable.column,
        ])
    static let upsert = PreparedSQL("invitations.upsert", table.upsertText())
    static let ofSession = PreparedSQL(
        "invitations.read", table.selectText("WHERE session_id = ?1 ORDER BY id"))

    static func bind(_ row: Invitation, _ values: inout StatementBinder) {
        values.add(row.sessionID)
        values.add(row.id)
        values.add(row.role)
        values.add(row.createdAt)
        values.add(subject: row.createdBy)
        values.add(row.expiresAt)
        values.add(row.redeemedAt)
        values.add(row.participantID)
        values.add(row.revokedAt)
        values.add(macOf: .invitations, bound(row))
    }

    private static func bound(_ row: Invitation) -> [String?] {
        func text(_ instant: Timestamp?) -> String? { instant.map { String($0.microseconds) } }
        return [
            row.sessionID.rawValue, row.id.rawValue, row.role.rawValue, row.participantID?.rawValue,
            text(row.expiresAt), text(row.redeemedAt), text(row.revokedAt),
        ]
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> Invitation {
        let sessionID = row.identifier(SessionID.self)
        var invitation = Invitation(
            id: row.identifier(), sessionID: sessionID, role: try row.choice(), createdAt: row.instant(),
            createdBy: row.subject(), expiresAt: row.instant())
        invitation.redeemedAt = row.optionalInstant()
        invitation.participantID = row.optionalIdentifier()
        invitation.revokedAt = row.optionalInstant()
        row.checkMAC(.invitations, bound(invitation))
        return invitation
    }
}
