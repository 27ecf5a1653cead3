internal import AuditChain

/// Roots of the audit log's subtrees from what is stored: kept nodes where a subtree is complete, rows else.
///
/// A root over n rows costs at most 255 rows and 255 nodes per kept level. The caller holds the snapshot.
struct AuditTreeReader {
    private static let step = AuditNode.levelStep
    /// Nodes and rows are read this many at a time: as many as one node spans.
    private static let stride = 1 << AuditNode.levelStep
    /// 2^48 rows: more than will ever be.
    private static let levelMax = 48

    let connection: SQLiteConnection

    /// The tree over the leaves of a range that begins where a subtree may begin.
    ///
    /// - Returns: nil when rows or nodes of it are missing.
    func tree(_ leaves: Range<Int64>) throws(SQLiteError) -> MerkleTree? {
        var tree = MerkleTree()
        var place = leaves.lowerBound
        while place < leaves.upperBound {
            let before = place
            try addNodes(&tree, &place, leaves)
            try addRows(&tree, &place, leaves)
            if place == before { return nil }
        }
        return tree
    }

    func root(_ leaves: Range<Int64>) throws(SQLiteError) -> MerkleHash? { try tree(leaves)?.root }

    /// The path from the roots of these ranges; nil when one of them cannot be told.
    func roots(_ ranges: [Range<Int64>]) throws(SQLiteError) -> [MerkleHash]? {
        var hashes: [MerkleHash] = []
        for range in ranges {
            guard let hash = try root(range) else { return nil }
            hashes.append(hash)
        }
        return hashes
    }

    /// Adds kept nodes, the largest that fit first.
    private func addNodes(
        _ tree: inout MerkleTree, _ place: inout Int64, _ leaves: Range<Int64>
    ) throws(SQLiteError) {
        for level in Swift.stride(from: Self.levelMax, to: 0, by: -Self.step) {
            let span = Int64(1) << Int64(level)
            guard place % span == 0, place + span <= leaves.upperBound else { continue }
            let wanted = (leaves.upperBound - place) / span
            let nodes = try AuditNodeRow.nodes(
                level: level, from: place / span, limit: Int(min(wanted, Int64(Self.stride))), connection)
            for node in nodes {
                tree.append(subtree: node, level: level) { _, _, _ in }
                place += span
            }
            if !nodes.isEmpty { return }
        }
    }

    /// Adds single rows up to where the next node may begin.
    private func addRows(
        _ tree: inout MerkleTree, _ place: inout Int64, _ leaves: Range<Int64>
    ) throws(SQLiteError) {
        let span = Int64(Self.stride)
        let end = min(leaves.upperBound, (place / span + 1) * span)
        let isNodeNext = place % span == 0 && place + span <= leaves.upperBound
        guard place < end, !isNodeNext else { return }
        let first = place
        let rows = try connection.all(
            AuditRow.from,
            bind: { values in
                values.add(first + 1)
                values.add(end - first)
            }, read: { row in AuditRow.read(&row) })
        for record in rows {
            guard record.number == place + 1 else { return }
            tree.append(leaf: record.leaf)
            place += 1
        }
    }
}
