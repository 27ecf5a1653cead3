public import AuditChain
internal import DurableFile
public import Storage
internal import Synchronization
public import TelehealthModel

/// The audit log in a copy of the database, for a check without the service. Read-only.
///
/// Isolation: any; one reader at a time.
public final class AuditCopy: Sendable {
    private let connection: Mutex<SQLiteConnection>
    private let path: String
    /// nil for a copy from before people's ids were tokens.
    private let sealer: Sealer?
    /// Seen before SQLite opened the file.
    private let isLogDamaged: Bool

    /// - Parameters:
    ///   - path: a backup, or the database of a service that is stopped.
    ///   - keyRing: with which people's ids were made tokens.
    /// - Throws: another file than a database, a ring that cannot be read or is of another database.
    public init(path: String, keyRing: KeyRingFile) throws(StoreOpenFailure) {
        self.path = path
        do throws(FileFailure) {
            isLogDamaged = try WALFile.damage(ofDatabase: path) != nil
        } catch {
            throw .file(error)
        }
        let bare = try Self.connect(path, sealer: nil)
        guard try KeyUse.holdsTokens(bare) else {
            connection = Mutex(bare)
            sealer = nil
            return
        }
        let ring: KeyRing
        do throws(KeyRingError) { ring = try keyRing.read() } catch { throw .keyRing(error) }
        try KeyUse.checkIndex(of: ring, bare)
        let sealer = Sealer(ring)
        self.sealer = sealer
        connection = Mutex(try Self.connect(path, sealer: sealer))
    }

    private static func connect(_ path: String, sealer: Sealer?) throws(StoreOpenFailure) -> SQLiteConnection {
        do throws(SQLiteError) {
            return try SQLiteConnection(path: path, access: .readOnly, vfs: nil, sealer: sealer)
        } catch {
            throw .database(reason: error.description)
        }
    }

    /// Reads a chain key's file (mode 0600); nil when it is not there.
    public static func key(inFile path: String) throws(StoreOpenFailure) -> AuditKey? {
        do throws(FileFailure) { return try SecretFile.read(path).flatMap(AuditKey.init) } catch { throw .file(error) }
    }

    /// What speaks against the log besides its rows: the marks beside the database, a write-ahead log that is damaged
    /// or was cut, rows of visits that somebody else wrote.
    public func doubts(
        _ key: AuditKey, progress: @escaping ProgressReport = { _ in }
    ) throws(StoreError) -> [AuditFinding] {
        let cut = isLogDamaged ? [AuditFinding(number: 0, fault: .writeAheadLogCut)] : []
        let end = try lastNumber()
        return cut
            + (try read { (connection) throws(SQLiteError) in
                try AuditMarks.findings(database: path, key: key, end: end, connection)
                    + (sealer.map { sealer throws(SQLiteError) in
                        try ForgedRowCheck.run(connection, sealer, CheckWatch(progress)).findings
                    } ?? [])
            })
    }

    /// The last row's number; 0 for an empty log.
    public func lastNumber() throws(StoreError) -> Int64 {
        try read { (connection) throws(SQLiteError) in
            try connection.first(AuditRow.last) { row in row.integer() } ?? 0
        }
    }

    public func records(from number: Int64, limit: Int) throws(StoreError) -> [AuditRecord] {
        try read { (connection) throws(SQLiteError) in
            try AuditReading.records(from: number, limit: limit, connection)
        }
    }

    public func nodes(in leaves: Range<Int64>) throws(StoreError) -> [AuditNode] {
        try read { (connection) throws(SQLiteError) in try AuditReading.nodes(in: leaves, connection) }
    }

    private func read<Value: Sendable>(
        _ body: (SQLiteConnection) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        do throws(SQLiteError) {
            return try connection.withLock { (connection) throws(SQLiteError) in try body(connection) }
        } catch {
            throw StoreError(error)
        }
    }
}
