internal import CSQLite
internal import DurableFile
internal import Storage

/// Opens and sets up the one connection that writes.
enum WriterConnection {
    /// How long a checkpoint that empties the WAL may wait for readers, which hold a snapshot for at most 100
    /// ms.
    private static let readerWaitMilliseconds: Int32 = 150

    static func open(
        path: String, ring: KeyRing, sealer: Sealer, configuration: StoreConfiguration
    ) throws(StoreOpenFailure) -> SQLiteConnection {
        // Made here and not by SQLite, for its mode: SQLite gives the WAL the database's mode.
        do throws(FileFailure) { try LargeFile.touch(path) } catch { throw .file(error) }
        let connection: SQLiteConnection
        do throws(SQLiteError) {
            connection = try SQLiteConnection(
                path: path, access: .createOrWrite, vfs: configuration.vfs, sealer: sealer)
            try setUp(connection, configuration)
            try SealingFunction.register(on: connection, sealer)
            try BirthDateFunction.register(on: connection, sealer)
        } catch {
            throw .database(reason: error.description)
        }
        try Migrator.bringUpToDate(connection)
        try KeyUse.settle(ring, connection)
        do throws(SQLiteError) {
            sealer.takeClearTexts(try ClearTextPermit.stands(connection, sealer))
            // The directory is locked by this process, so whoever held a lease is dead: waiting for its end would only
            // make the visits stand still that were being worked on when it died.
            try connection.run(EffectRow.releaseAll)
        } catch {
            throw .database(reason: error.description)
        }
        return connection
    }

    private static func setUp(
        _ connection: SQLiteConnection, _ configuration: StoreConfiguration
    ) throws(SQLiteError) {
        for (option, value) in [
            (SQLITE_DBCONFIG_DEFENSIVE, 1),  // no SQL can damage the file's structure
            (SQLITE_DBCONFIG_DQS_DML, 0), (SQLITE_DBCONFIG_DQS_DDL, 0),  // "x" is a name, never a text
            (SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1),  // closing after a failure must not write
        ] {
            let code = telehealth_sqlite3_db_config_flag(connection.handle, option, Int32(value), nil)
            guard code == SQLITE_OK else { throw SQLiteError(code: code, operation: "writer options") }
        }
        sqlite3_busy_timeout(connection.handle, readerWaitMilliseconds)
        let mode = try connection.texts("PRAGMA journal_mode = WAL", label: "journal mode")
        guard mode == ["wal"] else { throw SQLiteError(code: SQLITE_CANTOPEN, operation: "journal mode") }
        // 16 MiB of pages: the writer's pages stay valid between commits, so what is hot is read once. More would grow
        // with every day's rows and save only what the system's own cache gives in microseconds.
        // temp_store keeps the savepoints' undo pages in memory; secure_delete overwrites deleted personal
        // data.
        try connection.execute(
            """
            PRAGMA synchronous = \(configuration.isSynchronous ? "FULL" : "OFF");
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA foreign_keys = ON;
            PRAGMA secure_delete = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -16384;
            PRAGMA mmap_size = 0;
            PRAGMA journal_size_limit = \(4096 * configuration.walAlarmPages)
            """, label: "writer settings")
    }
}
