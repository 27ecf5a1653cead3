internal import Crypto

/// A leaf's, a node's or a root's hash in the audit log's Merkle tree: SHA-256, 32 bytes.
///
/// Leaves and nodes are hashed under different first bytes, so that no node can pass for a leaf (RFC 6962
/// §2.1).
public struct MerkleHash: Hashable, Sendable {
    public static let byteCount = 32

    /// Always ``byteCount`` of them.
    public let bytes: [UInt8]

    /// - Returns: nil unless there are exactly ``byteCount`` bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(_ digest: SHA256Digest) { bytes = Array(digest) }

    /// The root of a tree without leaves: the hash of nothing.
    public static let empty = MerkleHash(SHA256.hash(data: [UInt8]()))

    /// SHA-256(0x00 || data).
    public static func leaf(_ data: [UInt8]) -> MerkleHash {
        var hasher = SHA256()
        hasher.update(data: [0x00])
        hasher.update(data: data)
        return MerkleHash(hasher.finalize())
    }

    /// The hash of a leaf whose data follow a byte 0x00 that is there already.
    static func leaf(prefixed data: [UInt8]) -> MerkleHash {
        assert(data.first == 0x00, "leaves begin with 0x00")
        return MerkleHash(SHA256.hash(data: data))
    }

    /// SHA-256(0x01 || left || right).
    public static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
        // Hashed at once: three small updates cost as much as the hash.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + 2 * byteCount)
        bytes.append(0x01)
        bytes += left.bytes
        bytes += right.bytes
        return MerkleHash(SHA256.hash(data: bytes))
    }
}
