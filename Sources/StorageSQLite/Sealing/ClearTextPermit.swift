import Storage

/// Whether texts may still stand where sealed values belong: in a database from before there was a key ring, until
/// every row has been sealed once.
///
/// The permit is a row under a MAC (``RowSeal``) that only the migration of such a database writes; it is deleted with
/// the last row's sealing and never written again. So whoever edits the file can take the permission away, and not
/// bring it about.
enum ClearTextPermit {
    private static let permit = PreparedSQL("clear_text_permits.read", "SELECT mac FROM clear_text_permits")
    private static let delete = PreparedSQL("clear_text_permits.delete", "DELETE FROM clear_text_permits")

    static func stands(_ connection: SQLiteConnection, _ sealer: Sealer) throws(SQLiteError) -> Bool {
        let mac = try connection.first(permit) { row in row.bytes() }
        return mac.map { sealer.rows.verifies($0, "clear_text_permits", ["all"]) } ?? false
    }

    /// In the transaction that seals the last row.
    static func end(_ connection: SQLiteConnection) throws(SQLiteError) { try connection.run(delete) }
}
