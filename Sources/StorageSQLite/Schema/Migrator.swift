import Storage

/// Brings a database to the newest schema, each step in a transaction of its own with its row in the version
/// table.
enum Migrator {
    private static let newestApplied = PreparedSQL(
        "schema.version", "SELECT coalesce(max(version), 0) FROM schema_migrations")
    private static let record = PreparedSQL(
        "schema.record", "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)")

    /// - Throws: ``StoreOpenFailure/newerSchema(found:known:)`` when a newer program wrote this database.
    static func bringUpToDate(
        _ connection: SQLiteConnection, migrations: [Migration] = Migration.all
    ) throws(StoreOpenFailure) {
        let applied: Int64
        do throws(SQLiteError) {
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL
                )
                """,
                label: "schema table")
            applied = try connection.first(newestApplied) { row in row.integer() } ?? 0
        } catch {
            throw .database(reason: error.description)
        }
        if let newest = migrations.last?.version, applied > newest {
            throw .newerSchema(found: applied, known: newest)
        }
        do throws(SQLiteError) {
            for migration in migrations where migration.version > applied { try apply(migration, connection) }
        } catch {
            throw .database(reason: error.description)
        }
    }

    private static func apply(_ migration: Migration, _ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.run(Transaction.beginWriting)
        do throws(SQLiteError) {
            for statement in migration.statements {
                try connection.execute(statement, label: "migration \(migration.version)")
            }
            try connection.run(record) { values in
                values.add(migration.version)
                values.add(migration.name)
            }
            try connection.run(Transaction.commit)
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK", label: "rollback") }
            throw error
        }
    }
}
