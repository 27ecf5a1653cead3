public import AuditChain
public import TelehealthEngine
public import TelehealthModel

extension SQLiteStore {
    /// The audit log, for its readers.
    public var auditTrail: SQLiteAuditTrail { SQLiteAuditTrail(store: self) }
}

/// What can be read of a store's audit log. Rows come to it through ``SQLiteStore/apply(_:)`` and
/// ``SQLiteStore/record(_:)``.
///
/// Isolation: any.
public struct SQLiteAuditTrail: AuditTrail {
    let store: SQLiteStore

    private var readers: ReaderPool { store.readers }
    private var writer: Writer { store.writer }

    /// Rows looked at per snapshot of a listing, and per page before it says where to go on: about 20 ms.
    private static let listedAtOnce = 500
    private static let listedMax = 5_000
    /// Rows a reader may have at once.
    private static let recordsMax = 1_000

    public var auditEnd: AuditLogEnd { writer.auditLog.end }

    public func auditRecords(from number: Int64, limit: Int) async throws(StoreError) -> [AuditRecord] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try AuditReading.records(from: number, limit: min(limit, Self.recordsMax), connection)
        }
    }

    public func auditPage(_ query: AuditQuery) async throws(StoreError) -> AuditPage {
        let limit = min(max(query.limit, 1), Self.listedAtOnce)
        // Where the index chooses, no more is read than is wanted.
        let atOnce = AuditList.choosesAlone(query) ? limit : Self.listedAtOnce
        var asked = query
        var records: [AuditRecord] = []
        var looked = 0
        while true {
            let part = asked
            let rows = try readers.readOnce { (connection) throws(SQLiteError) in
                try AuditList.rows(part, limit: atOnce, connection)
            }
            for row in rows {
                asked.after = .init(at: row.at, number: row.number)
                if query.chooses(row) { records.append(row) }
                if records.count == limit { return AuditPage(records: records, next: asked.after) }
            }
            looked += rows.count
            if rows.count < atOnce { return AuditPage(records: records, next: nil) }
            if looked >= Self.listedMax { return AuditPage(records: records, next: asked.after) }
        }
    }

    public func auditNumber(consent id: ConsentID) async throws(StoreError) -> Int64? {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                AuditRow.ofConsent, bind: { $0.add(subject: id.rawValue) }, read: { row in row.integer() })
        }
    }

    public func auditProof(of number: Int64, treeSize: Int64) async throws(StoreError) -> AuditProof? {
        guard treeSize <= auditEnd.number,
            let ranges = MerkleProof.inclusionRanges(of: number - 1, in: treeSize)
        else { return nil }
        return try readers.read { (connection) throws(SQLiteError) -> AuditProof? in
            let record = try connection.first(
                AuditRow.byNumber, bind: { $0.add(number) }, read: { row in AuditRow.read(&row) })
            let tree = AuditTreeReader(connection: connection)
            guard let record, let path = try tree.roots(ranges), let root = try tree.root(0..<treeSize)
            else { return nil }
            return AuditProof(
                number: number, treeSize: treeSize, leaf: record.leaf, path: path, root: root)
        }
    }

    public func auditConsistency(
        from oldSize: Int64, to newSize: Int64
    ) async throws(StoreError) -> [MerkleHash]? {
        guard newSize <= auditEnd.number,
            let ranges = MerkleProof.consistencyRanges(from: oldSize, to: newSize)
        else { return nil }
        return try readers.read { (connection) throws(SQLiteError) in
            try AuditTreeReader(connection: connection).roots(ranges)
        }
    }

    public func auditNodes(in leaves: Range<Int64>) async throws(StoreError) -> [AuditNode] {
        try readers.readOnce { (connection) throws(SQLiteError) in
            try AuditReading.nodes(in: leaves, connection)
        }
    }

    public func auditDoubts(
        progress: @escaping ProgressReport = { _ in }
    ) async throws(StoreError) -> [AuditFinding] {
        let (log, path) = (writer.auditLog, store.path)
        let marks = try readers.read { (connection) throws(SQLiteError) in
            try AuditMarks.findings(database: path, key: log.key, end: log.endNumber, connection)
        }
        return marks + (try await store.forgedRows(CheckWatch(progress))).findings
    }

    public func auditVerifier(
        anchor: AuditRecord?, heads: [AuditHead], headKey: AuditHeadKey?
    ) -> AuditVerifier {
        writer.auditLog.verifier(anchor: anchor, heads: heads, headKey: headKey)
    }
}

/// The statements of readers that go through the whole log, on the store's connections or on a copy's.
enum AuditReading {
    private static let nodesIn = PreparedSQL(
        "audit_nodes.in",
        """
        SELECT level, place, hash FROM audit_nodes WHERE level = ?1 AND place >= ?2 AND place < ?3 \
        ORDER BY place
        """)

    static func records(
        from number: Int64, limit: Int, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> [AuditRecord] {
        try connection.all(
            AuditRow.from,
            bind: { values in
                values.add(number)
                values.add(max(limit, 0))
            }, read: { row in AuditRow.read(&row) })
    }

    static func nodes(
        in leaves: Range<Int64>, _ connection: SQLiteConnection
    ) throws(SQLiteError) -> [AuditNode] {
        var nodes: [AuditNode] = []
        for level in stride(from: AuditNode.levelStep, to: 62, by: AuditNode.levelStep) {
            let span = Int64(1) << Int64(level)
            // The nodes whose last leaf lies in the range: those that its rows make complete.
            let first = leaves.lowerBound / span
            let end = leaves.upperBound / span
            guard first < end else { continue }
            nodes += try connection.all(
                nodesIn,
                bind: { values in
                    values.add(level)
                    values.add(first)
                    values.add(end)
                },
                read: { row in
                    AuditNode(
                        level: row.count(), index: row.integer(), hash: MerkleHash(row.bytes()) ?? .empty)
                })
        }
        return nodes
    }
}
