internal import TelehealthModel

enum ConsentDocumentRow {
    static let table = Table(
        "consent_documents", key: ["type", "version", "language"],
        columns: ["text", "text_hash", "effective_at", "registered_at", "registered_by"])
    static let insert = PreparedSQL("consent_documents.insert", table.insertText)
    static let ofType = PreparedSQL(
        "consent_documents.read",
        table.selectText("WHERE type = ?1 ORDER BY registered_at, version, language"))
    static let presence = PreparedSQL(
        "consent_documents.presence",
        "SELECT 1 FROM consent_documents WHERE type = ?1 AND version = ?2 AND language = ?3")

    static func bind(_ row: ConsentDocument, _ values: inout StatementBinder) {
        values.add(row.type)
        values.add(row.version)
        values.add(row.language)
        values.add(row.text)
        values.add(row.textHash)
        values.add(row.effectiveAt)
        values.add(row.registeredAt)
        values.add(subject: row.registeredBy)
    }

    static func read(_ row: inout RowReader) throws(SQLiteError) -> ConsentDocument {
        ConsentDocument(
            type: try row.choice(), version: row.text(), language: LanguageTag.canonical(row.text()), text: row.text(),
            textHash: row.bytes(), effectiveAt: row.instant(), registeredAt: row.instant(),
            registeredBy: row.subjectOrText())
    }
}
