internal import AuditChain
internal import Logging
internal import Storage
internal import StorageSQLite
internal import TelehealthModel

/// Signs the audit log's head and stores it outside the database: at the start, after an interval or a number of rows,
/// and at the end.
struct AuditHeadKeeper: Sendable {
    /// How often the log's length is compared with the last head.
    private static let look: Duration = .seconds(1)

    let archive: AuditHeadArchive
    let store: SQLiteStore
    let time: any TimeSource
    let interval: Duration
    let rows: Int64
    let alarms: Alarms

    /// Compares the log with the newest head of an earlier run, then signs the first new one.
    ///
    /// The service starts even when the log contradicts that head, because the clinic needs it: the head stays in the
    /// file, so every later check finds the contradiction too.
    /// - Throws: `StoreError` when the log cannot be read or written.
    func begin() async throws {
        var reason: String?
        if let newest = archive.newest, try await contradicts(newest) {
            alarms.auditLogContradictsHead(newest)
            reason = "AUDIT_LOG_CONTRADICTS_HEAD"
        }
        let damagedLines = try archive.damagedLines()
        if !damagedLines.isEmpty { alarms.auditHeadsDamaged(lines: damagedLines) }
        if !store.damageAtOpening.isEmpty { reason = reason ?? "DATABASE_DAMAGED" }
        try await store.record(entry("startService", outcome: reason == nil ? .allowed : .failed, reason))
        keep()
    }

    /// Writes the last row and the last head of this run; call it when nothing else writes any more.
    func end() async {
        do throws(StoreError) { try await store.record(entry("stopService", outcome: .allowed, nil)) } catch {
            alarms.auditHeadNotKept(error)
        }
        keep()
    }

    private func entry(_ action: String, outcome: AuditEntry.Outcome, _ reason: String?) -> AuditEntry {
        AuditEntry(
            at: time.now, subject: "system", role: nil, actor: nil, action: action, outcome: outcome,
            reason: reason)
    }

    /// Runs until cancelled.
    func run() async {
        var next = time.now + interval
        while true {
            do { try await time.sleep(for: Self.look) } catch { return }
            let grown = store.auditTrail.auditEnd.number - (archive.newest?.size ?? 0)
            guard grown >= rows || (grown > 0 && time.now >= next) else { continue }
            keep()
            next = time.now + interval
        }
    }

    func keep() {
        do throws(StoreError) { _ = try archive.keepHead() } catch { alarms.auditHeadNotKept(error) }
    }

    private func contradicts(_ head: AuditHead) async throws(StoreError) -> Bool {
        guard archive.headKey.verifies(head), head.size <= store.auditTrail.auditEnd.number else { return true }
        guard head.size > 0 else { return false }
        let record = try await store.auditTrail.auditRecords(from: head.size, limit: 1).first
        let proof = try await store.auditTrail.auditProof(of: head.size, treeSize: head.size)
        return record?.number != head.size || record?.mac != head.mac || proof?.root != head.root
    }
}
