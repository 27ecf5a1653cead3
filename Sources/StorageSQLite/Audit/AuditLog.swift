internal import AuditChain
internal import DurableFile
internal import Storage
internal import Synchronization
internal import TelehealthModel

/// The audit log's writing end: chains entries to the last row and keeps the Merkle tree's nodes.
///
/// Entries of a batch are appended at its end, within its transaction; the chain moves on when that commits
/// and goes back when it does not. Isolation: the writer's thread, but for ``end``.
final class AuditLog: Sendable {
    private struct State {
        var committed = AuditLogEnd()
        var pending = AuditLogEnd()
    }

    /// Rows copied at once when a log is chained for the first time.
    private static let copiedAtOnce = 1_000

    let key: AuditKey
    private let state: Mutex<State>

    private init(key: AuditKey, chain: AuditLogEnd) {
        self.key = key
        state = Mutex(State(committed: chain, pending: chain))
    }

    /// The log's end as of the latest commit.
    var end: AuditLogEnd { state.withLock { $0.committed } }
    /// Its last row's number, without a copy of its tree.
    var endNumber: Int64 { state.withLock { $0.committed.number } }

    /// Finds the log's end, and chains what was written before there was a chain.
    ///
    /// The key file is made when the log is empty; a log that is not needs the file it was begun with.
    /// - Throws: ``StoreOpenFailure/file(_:)``, ``StoreOpenFailure/keyMissing(path:)``;
    ///   ``StoreOpenFailure/auditKeyDoesNotFit`` when
    ///   neither the first row nor the last was made with this key: another key's log. One of them alone is a
    ///   tampered log, which verifying tells.
    static func open(
        _ connection: SQLiteConnection, keyFile: String, now: Timestamp
    ) throws(StoreOpenFailure) -> AuditLog {
        let ends: (first: AuditRecord, last: AuditRecord)?
        do throws(SQLiteError) { ends = try self.ends(connection) } catch { throw .database(reason: error.description) }
        guard let key = try key(keyFile, isNew: ends == nil) else { throw .keyMissing(path: keyFile) }
        guard let ends else {
            let log = AuditLog(key: key, chain: AuditLogEnd())
            do throws(SQLiteError) { try log.chainEarlierRows(connection, now: now) } catch {
                throw .database(reason: error.description)
            }
            return log
        }
        guard key.verifies(ends.last) || key.verifies(ends.first) else { throw .auditKeyDoesNotFit }
        do throws(SQLiteError) {
            return AuditLog(key: key, chain: try chain(endingWith: ends.last, connection))
        } catch {
            throw .database(reason: error.description)
        }
    }

    /// - Returns: nil when there is no file and none is to be made.
    private static func key(_ path: String, isNew: Bool) throws(StoreOpenFailure) -> AuditKey? {
        do throws(FileFailure) {
            let bytes = isNew
                ? try SecretFile.readOrMake(path, fresh: AuditKey.randomBytes) : try SecretFile.read(path)
            return bytes.flatMap(AuditKey.init)
        } catch {
            throw .file(error)
        }
    }

    /// The first and the last row there are.
    private static func ends(
        _ connection: SQLiteConnection
    ) throws(SQLiteError) -> (first: AuditRecord, last: AuditRecord)? {
        let last = try connection.first(AuditRow.last) { row in AuditRow.read(&row) }
        let first = try connection.first(
            AuditRow.from,
            bind: { values in
                values.add(1 as Int64)
                values.add(1 as Int64)
            }, read: { row in AuditRow.read(&row) })
        if let first, let last { return (first, last) }
        return nil
    }

    private static func chain(
        endingWith last: AuditRecord, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> AuditLogEnd {
        let tree = try AuditTreeReader(connection: connection).tree(0..<last.number)
        // A log with holes still goes on after its last row; its heads then show that it is not whole.
        let peaks = [MerkleHash](repeating: .empty, count: last.number.nonzeroBitCount)
        return AuditLogEnd(
            mac: last.mac, tree: tree ?? MerkleTree(size: last.number, peaks: peaks) ?? MerkleTree())
    }

    func verifier(anchor: AuditRecord?, heads: [AuditHead], headKey: AuditHeadKey?) -> AuditVerifier {
        AuditVerifier(key: key, anchor: anchor, heads: heads, headKey: headKey)
    }

    /// In the batch's transaction.
    func append(_ entries: [AuditEntry], _ connection: SQLiteConnection) throws(SQLiteError) {
        guard !entries.isEmpty else { return }
        var chain = state.withLock { $0.pending }
        var nodes: [AuditNode] = []
        for entry in entries {
            let record = chain.append(entry, key: key) { level, index, hash in
                if level > 0, level % AuditNode.levelStep == 0 {
                    nodes.append(AuditNode(level: level, index: index, hash: hash))
                }
            }
            try connection.run(AuditRow.insert) {
                AuditRow.bind(record, hasOwnTarget: entry.hasOwnTarget, &$0)
            }
        }
        for node in nodes {
            try connection.run(AuditNodeRow.insert) { values in
                values.add(node.level)
                values.add(node.index)
                values.add(node.hash.bytes)
            }
        }
        state.withLock { $0.pending = chain }
    }

    func commit() { state.withLock { $0.committed = $0.pending } }

    func rollBack() { state.withLock { $0.pending = $0.committed } }

    // MARK: Rows from before the chain

    private static let hasEarlierRows = PreparedSQL(
        "audit.earlier", "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'audit_unchained'")

    private static let earlierPage = PreparedSQL(
        "audit.copy earlier",
        """
        SELECT number, at, subject, role, actor, action, outcome, session_id, target, reason \
        FROM audit_unchained WHERE number > ?1 ORDER BY number LIMIT ?2
        """)

    /// Copies them after a row that says how many they are, in one transaction.
    private func chainEarlierRows(_ connection: SQLiteConnection, now: Timestamp) throws(SQLiteError) {
        guard try connection.first(Self.hasEarlierRows, read: { row in row.integer() }) == 1 else { return }
        try connection.run(Transaction.beginWriting)
        do throws(SQLiteError) {
            try copyEarlierRows(connection, now: now)
            try connection.execute("DROP TABLE audit_unchained", label: "audit.drop earlier")
            try connection.run(Transaction.commit)
            commit()
        } catch {
            rollBack()
            if connection.isInTransaction { _ = try? connection.run(Transaction.rollBack) }
            throw error
        }
    }

    private func copyEarlierRows(_ connection: SQLiteConnection, now: Timestamp) throws(SQLiteError) {
        let count = try connection.texts("SELECT count(*) FROM audit_unchained", label: "audit.count earlier")
        guard let rows = count.first.flatMap(Int64.init), rows > 0 else { return }
        try append(
            [
                AuditEntry(
                    at: now, subject: "system", role: nil, actor: nil, action: "chainEarlierRows",
                    outcome: .allowed, target: "rows:\(rows)")
            ], connection)
        var position: Int64 = 0
        while true {
            let from = position
            let found = try connection.all(
                Self.earlierPage,
                bind: { values in
                    values.add(from)
                    values.add(Self.copiedAtOnce)
                }, read: { (row) throws(SQLiteError) in (row.integer(), try Self.earlierEntry(&row)) })
            guard let last = found.last?.0 else { return }
            try append(found.map(\.1), connection)
            position = last
        }
    }

    private static func earlierEntry(_ row: inout RowReader) throws(SQLiteError) -> AuditEntry {
        AuditEntry(
            at: row.instant(), subject: Subject(row.text()), role: try row.optionalChoice(),
            actor: row.optionalText().map { Subject($0) }, action: row.text(), outcome: try row.choice(),
            sessionID: row.optionalIdentifier(), target: row.optionalText(), reason: row.optionalText())
    }
}
