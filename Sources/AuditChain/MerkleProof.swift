/// Proofs about an append-only Merkle tree, as whoever holds only a root checks them (RFC 6962 §2.1, RFC 9162
/// §2.1.3 and §2.1.4).
///
/// What a proof is made of are roots of subtrees, named here as ranges of leaf indices; where their hashes
/// come from is the log's business.
public enum MerkleProof {
    /// The subtrees whose roots show that leaf `index` is in the tree of the first `size` leaves, the lowest
    /// first.
    ///
    /// - Returns: nil when `index` is outside 0..<`size`.
    public static func inclusionRanges(of index: Int64, in size: Int64) -> [Range<Int64>]? {
        guard index >= 0, index < size else { return nil }
        var ranges: [Range<Int64>] = []
        var whole = 0..<size
        while whole.upperBound - whole.lowerBound > 1 {
            let middle = whole.lowerBound + split(whole.upperBound - whole.lowerBound)
            if index < middle {
                ranges.append(middle..<whole.upperBound)
                whole = whole.lowerBound..<middle
            } else {
                ranges.append(whole.lowerBound..<middle)
                whole = middle..<whole.upperBound
            }
        }
        return ranges.reversed()
    }

    /// The subtrees whose roots show that the tree of `old` leaves is the beginning of the tree of `new`.
    ///
    /// - Returns: nil unless 0 < `old` <= `new`; empty when they are equal.
    public static func consistencyRanges(from old: Int64, to new: Int64) -> [Range<Int64>]? {
        guard old > 0, old <= new else { return nil }
        var ranges: [Range<Int64>] = []
        var whole = 0..<new
        var isOldWhole = true
        while whole.upperBound != old {
            let middle = whole.lowerBound + split(whole.upperBound - whole.lowerBound)
            if old <= middle {
                ranges.append(middle..<whole.upperBound)
                whole = whole.lowerBound..<middle
            } else {
                ranges.append(whole.lowerBound..<middle)
                whole = middle..<whole.upperBound
                isOldWhole = false
            }
        }
        // The old root itself is known to whoever checks.
        if !isOldWhole { ranges.append(whole) }
        return ranges.reversed()
    }

    /// Whether `path` leads from a leaf to the root of a tree (RFC 9162 §2.1.3.2).
    public static func isIncluded(
        leaf: MerkleHash, at index: Int64, in size: Int64, root: MerkleHash, path: [MerkleHash]
    ) -> Bool {
        guard index >= 0, index < size else { return false }
        var place = index
        var last = size - 1
        var hash = leaf
        for sibling in path {
            if last == 0 { return false }
            if place & 1 == 1 || place == last {
                hash = .node(sibling, hash)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = .node(hash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether `path` shows that the tree with the old root is the beginning of the one with the new root (RFC
    /// 9162 §2.1.4.2).
    public static func isConsistent(
        from old: Int64, oldRoot: MerkleHash, to new: Int64, newRoot: MerkleHash, path: [MerkleHash]
    ) -> Bool {
        guard old > 0, old <= new else { return false }
        if old == new { return path.isEmpty && oldRoot == newRoot }
        // A complete old tree is itself a node of the new one, so its root is not repeated in the path.
        var rest = (old & (old - 1) == 0 ? [oldRoot] : []) + path
        guard !rest.isEmpty else { return false }
        var place = old - 1
        var last = new - 1
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        var oldHash = rest.removeFirst()
        var newHash = oldHash
        for sibling in rest {
            if last == 0 { return false }
            if place & 1 == 1 || place == last {
                oldHash = .node(sibling, oldHash)
                newHash = .node(sibling, newHash)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                newHash = .node(newHash, sibling)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot
    }

    /// The largest power of two below `count`, which is 2 or more.
    private static func split(_ count: Int64) -> Int64 {
        1 << Int64(63 - (count - 1).leadingZeroBitCount)
    }
}

/// That one row is in the log as of a tree size: enough, with the row and a signed head of that size, to check
/// it without the log.
public struct AuditProof: Sendable, Hashable {
    /// The row's number, from 1; its leaf has the index `number - 1`.
    public let number: Int64
    public let treeSize: Int64
    public let leaf: MerkleHash
    /// Siblings from the leaf up.
    public let path: [MerkleHash]
    public let root: MerkleHash

    public init(number: Int64, treeSize: Int64, leaf: MerkleHash, path: [MerkleHash], root: MerkleHash) {
        self.number = number
        self.treeSize = treeSize
        self.leaf = leaf
        self.path = path
        self.root = root
    }

    /// Whether the path leads from the leaf to the root.
    public var holds: Bool {
        MerkleProof.isIncluded(leaf: leaf, at: number - 1, in: treeSize, root: root, path: path)
    }
}
