internal import Storage
internal import TelehealthModel

enum ConsentRow {
    static let table = Table(
        "consents", key: ["id"],
        columns: [
            "subject_id", "subject_role", "type", "decision", "method", "document_version",
            "document_language", "text_hash", "acknowledged_rights", "acknowledged_emergency",
            "acknowledged_privacy", "recording_purposes", "signer_id", "attested_by", "evidence",
            "session_id",
            "granted_at", "expires_at", "supersedes", "recorded_by", "recorded_at",
            "evidence_items", "superseded_by", "revoked_at", "revoked_by", "revocation_reason",
        ])
    /// Of a row that is there only the closing facts change; the schema refuses anything else.
    static let upsert = PreparedSQL(
        "consents.upsert",
        table.upsertText(changing: ["superseded_by", "revoked_at", "revoked_by", "revocation_reason"]))
    static let byID = PreparedSQL("consents.read", table.selectText("WHERE id = ?1"))
    static let ofSubject = PreparedSQL(
        "consents.read of subject", table.selectText("WHERE subject_id = ?1 ORDER BY recorded_at, id"))

    static let upsertBirthDate = PreparedSQL(
        "consent_versions.upsert birth date",
        """
        INSERT INTO consent_versions (subject_id, version, born_on) VALUES (?1, 0, ?2) \
        ON CONFLICT (subject_id) DO UPDATE SET born_on = excluded.born_on
        """)
    static let upsertVersion = PreparedSQL(
        "consent_versions.upsert",
        """
        INSERT INTO consent_versions (subject_id, version) VALUES (?1, ?2) \
        ON CONFLICT (subject_id) DO UPDATE SET version = excluded.version
        """)
    static let version = PreparedSQL(
        "consent_versions.read", "SELECT version FROM consent_versions WHERE subject_id = ?1")
    /// The version and the birth date.
    static let head = PreparedSQL(
        "consent_versions.read head", "SELECT version, born_on FROM consent_versions WHERE subject_id = ?1")

    static func bind(_ row: ConsentRecord, _ values: inout StatementBinder) {
        values.add(row.id)
        values.add(row.subjectID)
        values.add(row.subjectRole)
        values.add(row.type)
        values.add(row.decision)
        values.add(row.method)
        values.add(row.documentVersion)
        values.add(row.documentLanguage)
        values.add(row.textHash)
        values.add(row.acknowledgements.patientRights)
        values.add(row.acknowledgements.emergencyProtocols)
        values.add(row.acknowledgements.privacyRisks)
        values.add(TextList.join(row.recordingPurposes.map(\.rawValue)))
        values.add(row.signerID)
        values.add(subject: row.attestedBy)
        values.add(sealed: row.evidence, .evidence, row: row.id.rawValue)
        values.add(row.sessionID)
        values.add(row.grantedAt)
        values.add(row.expiresAt)
        values.add(row.supersedes)
        values.add(subject: row.recordedBy)
        values.add(row.recordedAt)
        values.add(sealed: row.evidenceItems.storedText, .evidenceItems, row: row.id.rawValue)
        values.add(row.supersededBy)
        values.add(row.revokedAt)
        values.add(subject: row.revokedBy)
        values.add(sealed: row.revocationReason, .revocationReason, row: row.id.rawValue)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> ConsentRecord {
        let id = row.identifier(ConsentID.self)
        let subjectID = row.identifier(SubjectID.self)
        let subjectRole = try row.choice(ConsentSubjectRole.self)
        let type = try row.choice(ConsentType.self)
        var consent = ConsentRecord(
            id: id, subjectID: subjectID, subjectRole: subjectRole, type: type, decision: try row.choice(),
            method: try row.choice(), documentVersion: row.text(), documentLanguage: row.text(),
            textHash: row.bytes(),
            acknowledgements: .init(
                patientRights: row.flag(), emergencyProtocols: row.flag(), privacyRisks: row.flag()),
            recordingPurposes: try purposes(row.text()), signerID: row.identifier(),
            attestedBy: row.optionalSubject(),
            evidence: row.optionalSealed(.evidence, row: id.rawValue), sessionID: row.optionalIdentifier(),
            grantedAt: row.instant(), expiresAt: row.optionalInstant(), supersedes: row.optionalIdentifier(),
            recordedBy: row.subject(), recordedAt: row.instant(),
            evidenceItems: try evidence(row.optionalSealed(.evidenceItems, row: id.rawValue)))
        consent.supersededBy = row.optionalIdentifier()
        consent.revokedAt = row.optionalInstant()
        consent.revokedBy = row.optionalSubject()
        consent.revocationReason = row.optionalSealed(.revocationReason, row: id.rawValue)
        return consent
    }

    private static func evidence(_ text: String?) throws(SQLiteError) -> ConsentEvidence {
        guard let text else { return ConsentEvidence() }
        guard let items = ConsentEvidence(storedText: text) else {
            throw .damagedRow("value in consents.read")
        }
        return items
    }

    private static func purposes(_ text: String) throws(SQLiteError) -> [Recording.Purpose] {
        var purposes: [Recording.Purpose] = []
        for name in TextList.split(text) {
            guard let purpose = Recording.Purpose(rawValue: name) else {
                throw .damagedRow("value in consents.read")
            }
            purposes.append(purpose)
        }
        return purposes
    }
}
