internal import CSQLite
internal import Storage
internal import TelehealthModel

/// A full check on a connection of its own. It is the one read that may hold its snapshot for long: meanwhile
/// the WAL grows by what is written, under the same alarm as ever.
enum IntegrityCheck {
    /// Enough to see what is wrong; the rest is for the repair.
    static let problemsMax = 20

    static func run(
        path: String, configuration: StoreConfiguration, sealer: Sealer, _ watch: CheckWatch
    ) -> Result<[String], StoreError> {
        do throws(SQLiteError) {
            let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: configuration.vfs)
            let problems = try watch.following(connection) { () throws(SQLiteError) in
                watch.report(WorkProgress(.structure))
                let structure = try connection.texts(
                    "PRAGMA integrity_check(\(problemsMax))", label: "integrity check")
                try watch.checkStopped()
                let orphans = try connection.texts("PRAGMA foreign_key_check", label: "reference check")
                let broken = orphans.prefix(problemsMax).map { "a row of \($0) refers to a missing row" }
                return structure.filter { $0 != "ok" } + broken
                    + (try SealedValueCheck.problems(connection, sealer, problemsMax: problemsMax, watch))
            }
            return .success(problems)
        } catch where error.code & 0xff == SQLITE_CORRUPT {
            return .success(["the check stopped at damage: \(error)"])
        } catch {
            return .failure(StoreError(error))
        }
    }
}
