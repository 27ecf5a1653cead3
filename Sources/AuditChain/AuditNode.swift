/// A complete subtree of the log's Merkle tree, kept so that proofs need not read every row.
public struct AuditNode: Sendable, Hashable {
    /// Levels kept: every eighth, so a node spans 256 of those below it.
    public static let levelStep = 8

    public let level: Int
    public let index: Int64
    public let hash: MerkleHash

    public init(level: Int, index: Int64, hash: MerkleHash) {
        self.level = level
        self.index = index
        self.hash = hash
    }
}
