package import AuditChain
internal import Synchronization
package import TelehealthEngine
package import TelehealthModel
package import VisitSimulation

/// The audit log of a clinic in memory, chained and proven like the stored one, with its heads beside it.
package final class MemoryAudit: AuditTrail, AuditHeadStore {
    private struct Log {
        var chain = AuditLogEnd()
        var records: [AuditRecord] = []
        var nodes: [AuditNode] = []
        var heads: [AuditHead] = []
    }

    private let clinic: SimulatedClinic
    private let key: AuditKey
    private let signer: AuditHeadSigner
    private let log = Mutex(Log())

    /// - Returns: nil when the crypto library gives no keys.
    package init?(_ clinic: SimulatedClinic) {
        guard let key = AuditKey(AuditKey.randomBytes()), let signer = AuditHeadSigner(AuditHeadSigner.randomBytes())
        else { return nil }
        self.clinic = clinic
        self.key = key
        self.signer = signer
    }

    /// The log with every entry that the store has by now.
    private func withLog<Value: Sendable>(_ body: (inout Log) throws(StoreError) -> sending Value)
        throws(StoreError) -> Value
    {
        let entries = clinic.auditEntries
        return try log.withLock { (log) throws(StoreError) in
            for entry in entries.dropFirst(log.records.count) {
                var nodes: [AuditNode] = []
                let record = log.chain.append(entry, key: key) { level, index, hash in
                    if level > 0, level % AuditNode.levelStep == 0 {
                        nodes.append(AuditNode(level: level, index: index, hash: hash))
                    }
                }
                log.nodes += nodes
                log.records.append(record)
            }
            return try body(&log)
        }
    }

    // Its end is read where nothing can fail.
    package var auditEnd: AuditLogEnd { (try? withLog { $0.chain }) ?? AuditLogEnd() }

    package func auditRecords(from number: Int64, limit: Int) async throws(StoreError) -> [AuditRecord] {
        try withLog { log in
            Array(log.records.drop { $0.number < number }.prefix(limit))
        }
    }

    package func auditPage(_ query: AuditQuery) async throws(StoreError) -> AuditPage {
        let rows = try withLog { log in
            log.records.filter(query.chooses).sorted { ($0.at, $0.number) < ($1.at, $1.number) }
        }
        let ordered = query.isDescending ? rows.reversed() : rows
        let rest = ordered.filter { row in
            guard let after = query.after else { return true }
            let (place, mark) = ((row.at, row.number), (after.at, after.number))
            return query.isDescending ? place < mark : mark < place
        }
        let page = Array(rest.prefix(query.limit))
        let next = rest.count > page.count ? page.last.map { AuditQuery.Position(at: $0.at, number: $0.number) } : nil
        return AuditPage(records: page, next: next)
    }

    package func auditNumber(consent id: ConsentID) async throws(StoreError) -> Int64? {
        try withLog { log in
            log.records.first { $0.target == id.rawValue && ["SubmitConsent", "UpdateConsent"].contains($0.action) }?
                .number
        }
    }

    package func auditProof(of number: Int64, treeSize: Int64) async throws(StoreError) -> AuditProof? {
        guard let ranges = MerkleProof.inclusionRanges(of: number &- 1, in: treeSize) else { return nil }
        return try withLog { log in
            guard treeSize <= log.chain.number else { return nil }
            return AuditProof(
                number: number, treeSize: treeSize, leaf: log.records[Int(number - 1)].leaf,
                path: ranges.map { Self.root($0, log.records) }, root: Self.root(0..<treeSize, log.records))
        }
    }

    package func auditConsistency(from oldSize: Int64, to newSize: Int64) async throws(StoreError) -> [MerkleHash]? {
        guard let ranges = MerkleProof.consistencyRanges(from: oldSize, to: newSize) else { return nil }
        return try withLog { log in
            newSize <= log.chain.number ? ranges.map { Self.root($0, log.records) } : nil
        }
    }

    package func auditNodes(in leaves: Range<Int64>) async throws(StoreError) -> [AuditNode] {
        try withLog { log in
            log.nodes.filter { leaves.contains(($0.index + 1) << Int64($0.level) - 1) }
        }
    }

    package func auditVerifier(anchor: AuditRecord?, heads: [AuditHead], headKey: AuditHeadKey?) -> AuditVerifier {
        AuditVerifier(key: key, anchor: anchor, heads: heads, headKey: headKey)
    }

    private static func root(_ leaves: Range<Int64>, _ records: [AuditRecord]) -> MerkleHash {
        var tree = MerkleTree()
        for index in leaves { tree.append(leaf: records[Int(index)].leaf) }
        return tree.root
    }

    // MARK: Heads

    package var headKey: AuditHeadKey { signer.publicKey }

    package func heads() throws(StoreError) -> [AuditHead] { try withLog { $0.heads } }

    package func keepHead() throws(StoreError) -> AuditHead {
        let now = clinic.time.now
        return try withLog { (log) throws(StoreError) in
            if let last = log.heads.last, last.size == log.chain.number { return last }
            guard let head = signer.sign(log.chain, at: now) else { throw .failed(code: 1, operation: "sign") }
            log.heads.append(head)
            return head
        }
    }
}
