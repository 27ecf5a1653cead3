internal import CSQLite
internal import TelehealthCore

/// A full check on a connection of its own. It is the one read that may hold its snapshot for long: meanwhile
/// the WAL grows by what is written, under the same alarm as ever.
enum IntegrityCheck {
    /// Enough to see what is wrong; the rest is for the repair.
    static let problemsMax = 20

    static func run(
        path: String, configuration: StoreConfiguration, sealer: Sealer
    ) -> Result<[String], StoreError> {
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: configuration.vfs)
            let structure = try connection.texts(
                "PRAGMA integrity_check(\(problemsMax))", label: "integrity check")
            let orphans = try connection.texts("PRAGMA foreign_key_check", label: "reference check")
            var problems = structure.filter { $0 != "ok" }
            problems += orphans.prefix(problemsMax).map { "a row of \($0) refers to one that is not there" }
            return .success(
                problems + (try SealedValueCheck.problems(connection, sealer, problemsMax: problemsMax)))
        } catch where error.code & 0xff == SQLITE_CORRUPT {
            return .success(["the check met damage that it could not get past: \(error)"])
        } catch {
            return .failure(StoreError(error))
        }
    }
}
