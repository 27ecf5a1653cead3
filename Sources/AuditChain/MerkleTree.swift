/// An append-only Merkle tree as far as appending needs it (RFC 6962 §2.1): the roots of its complete
/// subtrees.
///
/// A tree of n leaves is held by one hash per 1 bit of n, so a log of any length costs at most 63 hashes of
/// memory and, per leaf, two hashes of work on average.
public struct MerkleTree: Sendable, Hashable {
    /// Leaves so far, 0 or more.
    public private(set) var size: Int64
    /// Roots of the complete subtrees, the largest (leftmost) first: one per 1 bit of ``size``.
    public private(set) var peaks: [MerkleHash]

    public init() {
        size = 0
        peaks = []
    }

    /// - Returns: nil when a tree of `size` leaves does not have that many complete subtrees.
    public init?(size: Int64, peaks: [MerkleHash]) {
        guard size >= 0, peaks.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.peaks = peaks
    }

    /// Adds one leaf.
    public mutating func append(leaf: MerkleHash) { append(subtree: leaf, level: 0) { _, _, _ in } }

    /// Adds a complete subtree of 2^`level` leaves.
    ///
    /// - Parameters:
    ///   - level: 0 for a single leaf; ``size`` must be a multiple of 2^`level`, or there were no such subtree.
    ///   - completed: called with each node this makes complete, from below: its level, its index on that
    ///     level (its leaves begin at index * 2^level) and its hash.
    public mutating func append(
        subtree: MerkleHash, level: Int, completed: (_ level: Int, _ index: Int64, MerkleHash) -> Void
    ) {
        precondition(size & ((1 << Int64(level)) - 1) == 0, "a subtree begins at a multiple of its size")
        var hash = subtree
        var height = level
        completed(height, size >> Int64(height), hash)
        // As in adding 1: every 1 bit from here on joins with what comes in.
        while size >> Int64(height) & 1 == 1 {
            hash = .node(peaks.removeLast(), hash)
            height += 1
            completed(height, size >> Int64(height), hash)
        }
        peaks.append(hash)
        size += 1 << Int64(level)
    }

    /// The tree's root: the peaks joined from the right.
    public var root: MerkleHash {
        guard var hash = peaks.last else { return .empty }
        for peak in peaks.dropLast().reversed() { hash = .node(peak, hash) }
        return hash
    }
}
