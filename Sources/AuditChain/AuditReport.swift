public import TelehealthModel

/// What a check of the audit log came to.
public struct AuditReport: Sendable, Hashable {
    /// First and last row asked for; `through` is 0 for an empty log.
    public let from: Int64
    public let through: Int64
    public let rowsChecked: Int64
    /// Signed heads whose row was among them.
    public let headsChecked: Int64
    /// The newest head that says anything about the log, whatever was asked for.
    public let newestHead: AuditHead?
    /// Root over all rows, when the whole log was read and had no gap.
    public let root: MerkleHash?
    /// The first ones, in the order in which they were met; ``findingCount`` counts all.
    public let findings: [AuditFinding]
    public let findingCount: Int

    public var isWhole: Bool { findingCount == 0 }
    /// The finding with the lowest row number.
    public var first: AuditFinding? { findings.min { $0.number < $1.number } }
}

/// Reads an audit log page by page through a verifier.
///
/// Isolation: the caller's; CPU-bound, about 5 us a row.
public struct AuditInspection: Sendable {
    /// Where rows and nodes come from: a store, a copy of its file, or an export, which has no nodes.
    public struct Source: Sendable {
        public var records: @Sendable (_ from: Int64, _ limit: Int) async throws(StoreError) -> [AuditRecord]
        public var nodes: (@Sendable (_ leaves: Range<Int64>) async throws(StoreError) -> [AuditNode])?
        public var verifier: @Sendable (_ anchor: AuditRecord?) -> AuditVerifier

        public init(
            records: @escaping @Sendable (_ from: Int64, _ limit: Int) async throws(StoreError)
                -> [AuditRecord],
            nodes: (@Sendable (_ leaves: Range<Int64>) async throws(StoreError) -> [AuditNode])?,
            verifier: @escaping @Sendable (_ anchor: AuditRecord?) -> AuditVerifier
        ) {
            self.records = records
            self.nodes = nodes
            self.verifier = verifier
        }
    }

    /// Rows per snapshot: some 3 ms of reading.
    private static let pageSize = 500

    public let source: Source
    public let newestHead: AuditHead?
    /// What was found beside the rows, to be told with what the rows say.
    public let doubts: [AuditFinding]

    public init(source: Source, newestHead: AuditHead?, doubts: [AuditFinding] = []) {
        self.source = source
        self.newestHead = newestHead
        self.doubts = doubts
    }

    /// - Parameters:
    ///   - from: first row to check, 1 or more.
    ///   - through: last row; nil = to the end, which must then reach as far as the heads say.
    ///   - lastKnown: the log's last row when this begins: what is written meanwhile is left to the next check.
    ///   - progress: told with every page.
    /// - Returns: nil when the task was cancelled.
    public func run(
        from: Int64, through: Int64?, lastKnown: Int64, progress: ProgressReport = { _ in }
    ) async throws(StoreError) -> AuditReport? {
        let last = min(through ?? lastKnown, lastKnown)
        let anchor = from > 1 ? try await source.records(from - 1, 1).first : nil
        var verifier = source.verifier(anchor?.number == from - 1 ? anchor : nil)
        var next = from
        while next <= last {
            if Task.isCancelled { return nil }
            progress(WorkProgress(.log, done: next - from, of: last - from + 1))
            let page = try await source.records(next, Self.pageSize)
            for record in page where record.number <= last { verifier.check(record) }
            guard let end = page.last?.number else { break }
            if let nodes = source.nodes {
                verifier.check(stored: try await nodes(next - 1..<max(end, next)))
            }
            next = end + 1
            await Task.yield()
        }
        if through == nil { verifier.finish() }
        return AuditReport(
            from: from, through: max(last, 0), rowsChecked: verifier.rowsChecked,
            headsChecked: verifier.headsChecked, newestHead: newestHead, root: verifier.root,
            findings: verifier.findings + doubts, findingCount: doubts.count + verifier.findingCount)
    }
}
