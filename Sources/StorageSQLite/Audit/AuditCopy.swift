public import TelehealthCore

/// The audit log in a copy of the database, for a check without the service: read-only, by one task.
///
/// Isolation: one task at a time.
public final class AuditCopy {
    private let connection: SQLiteConnection

    /// - Parameter path: a backup, or the database of a service that is stopped. Any other file is refused by the
    ///   first read.
    public init(path: String) throws(StoreOpenFailure) {
        do throws(SQLiteError) {
            connection = try SQLiteConnection(path: path, access: .readOnly, vfs: nil)
        } catch {
            throw .database(error)
        }
    }

    public func records(from number: Int64, limit: Int) throws(StoreOpenFailure) -> [AuditRecord] {
        do throws(SQLiteError) {
            return try AuditReading.records(from: number, limit: limit, connection)
        } catch {
            throw .database(error)
        }
    }

    public func nodes(in leaves: Range<Int64>) throws(StoreOpenFailure) -> [AuditNode] {
        do throws(SQLiteError) { return try AuditReading.nodes(in: leaves, connection) } catch {
            throw .database(error)
        }
    }

    /// The last row's number; 0 for an empty log.
    public var lastNumber: Int64 {
        get throws(StoreOpenFailure) {
            do throws(SQLiteError) {
                return try connection.first(AuditRow.last) { row in row.integer() } ?? 0
            } catch {
                throw .database(error)
            }
        }
    }

    /// Reads a chain key's file (mode 0600); nil when it is not there.
    public static func key(inFile path: String) throws(StoreOpenFailure) -> AuditKey? {
        try SecretFile.read(path).flatMap(AuditKey.init)
    }
}
