/// Checks an audit log row by row, in the order of the numbers: the chain, and the signed heads on the way.
///
/// A whole log begins at row 1; a part begins after an anchor, the row before it, which is then taken as it
/// is. Heads show their rows' MACs in either case, and their Merkle roots when the whole log is read. After a
/// fault the check goes on from the row as stored, so that several faults are told apart.
public struct AuditVerifier: Sendable {
    /// Findings kept; more are only counted.
    private static let findingsMax = 100
    /// How far to look for the place that a row was moved from.
    private static let moveDistanceMax: Int64 = 2_000
    /// For how many rows that is done: each costs thousands of MACs.
    private static let movesSoughtMax = 16

    private let key: AuditKey
    private var heads: ArraySlice<AuditHead>
    /// The MAC the next row must be chained to; nil when it is not known.
    private var previous: [UInt8]?
    private var tree: MerkleTree?
    private var nextNumber: Int64
    /// Nodes that ought to be stored, of rows seen since ``check(stored:)``.
    private var expectedNodes: [AuditNode] = []

    public private(set) var findings: [AuditFinding] = []
    public private(set) var findingCount = 0
    public private(set) var rowsChecked: Int64 = 0
    public private(set) var headsChecked: Int64 = 0
    public var lastNumber: Int64 { nextNumber - 1 }
    /// Root over the rows seen, when they began with the first.
    public var root: MerkleHash? { tree?.root }

    /// - Parameters:
    ///   - anchor: the row before the first one to be checked; nil to begin at row 1.
    ///   - heads: in any order; those that `headKey` did not sign are findings.
    public init(key: AuditKey, anchor: AuditRecord? = nil, heads: [AuditHead], headKey: AuditHeadKey?) {
        self.key = key
        nextNumber = (anchor?.number ?? 0) + 1
        previous = anchor?.mac ?? AuditLogEnd.beginning
        tree = anchor == nil ? MerkleTree() : nil
        self.heads = []
        var signed: [AuditHead] = []
        for head in heads {
            if let headKey, !headKey.verifies(head) {
                report(head.size, .headForged(size: head.size))
            } else if head.size >= nextNumber {
                signed.append(head)
            }
        }
        self.heads = signed.sorted { $0.size < $1.size }[...]
    }

    /// The next row; numbers must rise.
    public mutating func check(_ record: AuditRecord) {
        if record.number > nextNumber {
            report(nextNumber, .missing(through: record.number - 1))
            forgetTree()
            previous = nil
        }
        if !key.verifies(record) {
            report(record.number, origin(of: record).map { .moved(from: $0) } ?? .changed)
            forgetTree()
        } else if let previous, record.previous != previous {
            report(record.number, .unlinked)
            forgetTree()
        }
        nextNumber = record.number + 1
        previous = record.mac
        rowsChecked += 1
        var completed: [AuditNode] = []
        tree?.append(subtree: record.leaf, level: 0) { level, index, hash in
            if level > 0, level % AuditNode.levelStep == 0 {
                completed.append(AuditNode(level: level, index: index, hash: hash))
            }
        }
        expectedNodes += completed
        compareHeads(record)
    }

    /// The stored Merkle nodes that the rows since the last call make complete; nothing is said of them when
    /// the check did not begin at row 1.
    public mutating func check(stored: [AuditNode]) {
        for node in expectedNodes where !stored.contains(node) {
            report(node.index << Int64(node.level) + 1, .nodeChanged)
        }
        expectedNodes.removeAll(keepingCapacity: true)
    }

    /// The log ends here; only for a check that goes to the log's end.
    public mutating func finish() {
        guard let newest = heads.last, newest.size >= nextNumber else { return }
        report(nextNumber, .cutShort(size: newest.size))
        heads = []
    }

    private mutating func compareHeads(_ record: AuditRecord) {
        while let head = heads.first, head.size <= record.number {
            heads.removeFirst()
            guard head.size == record.number else { continue }  // its row is missing, which is told already
            headsChecked += 1
            if head.mac != record.mac || tree.map({ $0.root != head.root }) ?? false {
                report(record.number, .contradictsHead(size: head.size))
                forgetTree()
            }
        }
    }

    /// Told once: after a bad row every node and root differs too.
    private mutating func forgetTree() {
        tree = nil
        expectedNodes.removeAll()
    }

    private func origin(of record: AuditRecord) -> Int64? {
        guard findingCount < Self.movesSoughtMax else { return nil }
        let nearby = max(1, record.number - Self.moveDistanceMax)...record.number + Self.moveDistanceMax
        return nearby.first { $0 != record.number && key.verifies(record, as: $0) }
    }

    private mutating func report(_ number: Int64, _ fault: AuditFinding.Fault) {
        findingCount += 1
        if findings.count < Self.findingsMax { findings.append(AuditFinding(number: number, fault: fault)) }
    }
}
