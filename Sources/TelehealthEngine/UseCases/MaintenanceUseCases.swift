public import TelehealthModel
public import TelehealthRules

/// What operators do with the database: copy and check it.
///
/// Isolation: the caller's.
public struct MaintenanceUseCases: Sendable {
    let pipeline: CommandPipeline
    let database: any DatabaseMaintenance
    let turn: InspectionTurn

    /// Copies the database once per request id; the name holds the time. A repeat says nothing of progress.
    ///
    /// Not to be run in a task that may be cancelled: the copy goes on to its end, and its row follows.
    ///
    /// The copy is made before its audit row is committed: a crash between leaves a file that was not reported,
    /// never a report of a missing file.
    /// - Throws: `STORE_OVERLOADED` while another backup runs, `STORE_UNAVAILABLE`, `REQUEST_ID_REUSED`.
    public func backUp(
        progress: @escaping ProgressReport = { _ in }, _ invocation: Invocation
    ) async throws(TelehealthError) -> BackupOutcome {
        try await pipeline.change("BackupDatabase", hasEffect: true, invocation) { _, name throws(TelehealthError) in
            BackupOutcome(fileName: name.text, byteCount: database.backupSize(fileName: name.text) ?? 0)
        } decide: { () throws(TelehealthError) in
            let name = Self.backupName(at: pipeline.time.now) { database.backupSize(fileName: $0) != nil }
            let size = try await reading(await database.backUp(fileName: name, progress: progress))
            var decision = Decision()
            decision.audit = [
                Principal.caller(invocation.caller).audit("BackupDatabase", at: pipeline.time.now, target: name)
            ]
            return CommandResult(
                decision: decision, outcome: BackupOutcome(fileName: name, byteCount: size), made: BackupName(name))
        }
    }

    /// One check at a time, with a pause after each (``InspectionTurn``).
    ///
    /// - Returns: what is wrong with the database, one sentence each; empty = sound.
    /// - Throws: `STORE_OVERLOADED` while another check runs or waits, `STORE_UNAVAILABLE`, `CALL_CANCELLED`.
    public func check(
        progress: @escaping ProgressReport = { _ in }
    ) async throws(TelehealthError) -> [String] {
        let busy = TelehealthError(.storeOverloaded, retryAfter: .seconds(5))
        return try await turn.run(pipeline.time, busy: busy, waits: { progress(WorkProgress(.waiting)) }) {
            () async throws(TelehealthError) in
            do throws(StoreError) {
                return try await database.integrityCheck(progress: progress)
            } catch {
                throw Task.isCancelled ? TelehealthError(.callCancelled) : TelehealthError(error)
            }
        }
    }

    /// "telehealth-20261122T195512.123456Z.db": sorts by time, and two in one second differ. Where the clock went back
    /// to a name that is taken, a number follows.
    static func backupName(at now: Timestamp, isTaken: (String) -> Bool) -> String {
        let stamp = now.rfc3339Microseconds.filter { $0 != "-" && $0 != ":" }
        var name = "telehealth-\(stamp).db"
        var number = 2
        while isTaken(name) {
            name = "telehealth-\(stamp)-\(number).db"
            number += 1
        }
        return name
    }
}

/// A finished copy of the database.
public struct BackupOutcome: Sendable, Hashable {
    public let fileName: String
    /// 0 when the file was moved away before a repeated request.
    public let byteCount: Int64
}
