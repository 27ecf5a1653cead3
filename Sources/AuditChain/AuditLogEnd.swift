public import TelehealthModel

/// The end of the audit log: what the next row is chained to.
public struct AuditLogEnd: Sendable, Hashable {
    /// What the first row has for its previous MAC.
    public static let beginning = [UInt8](repeating: 0, count: AuditKey.byteCount)

    /// The last row's number; 0 = no row yet.
    public private(set) var number: Int64
    /// The last row's MAC.
    public private(set) var mac: [UInt8]
    /// The Merkle tree over all rows.
    public private(set) var tree: MerkleTree

    public init() {
        number = 0
        mac = Self.beginning
        tree = MerkleTree()
    }

    /// A stored log's end; the tree holds as many leaves as there are rows.
    public init(mac: [UInt8], tree: MerkleTree) {
        number = tree.size
        self.mac = mac
        self.tree = tree
    }

    /// Makes the entry the log's next row.
    ///
    /// - Parameter completed: called with each Merkle node that this makes complete.
    public mutating func append(
        _ entry: AuditEntry, key: AuditKey,
        completed: (_ level: Int, _ index: Int64, MerkleHash) -> Void = { _, _, _ in }
    ) -> AuditRecord {
        var record = AuditRecord(entry, number: number + 1, previous: mac)
        // The leaf's bytes, 0x00 || encoding || MAC, in one array: the MAC is over the encoding within it.
        var leaf: [UInt8] = []
        leaf.reserveCapacity(512)
        leaf.append(0x00)
        record.encode(number: record.number, into: &leaf)
        record.mac = key.mac(previous: mac, encoding: leaf[1...])
        leaf += record.mac
        tree.append(subtree: .leaf(prefixed: leaf), level: 0, completed: completed)
        number += 1
        mac = record.mac
        return record
    }
}
