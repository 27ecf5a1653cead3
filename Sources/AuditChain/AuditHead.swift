internal import Crypto
public import TelehealthModel

/// A signed statement of how long the audit log was at a moment and what it held: kept outside the database,
/// so that a log that was cut, or rewritten with its own key, no longer fits it.
public struct AuditHead: Sendable, Hashable {
    /// Rows in the log, which is also the last row's number.
    public let size: Int64
    /// The last row's MAC.
    public let mac: [UInt8]
    /// Root of the Merkle tree over all rows.
    public let root: MerkleHash
    public let at: Timestamp
    /// Which key signed: the first 8 bytes of SHA-256 over the public key.
    public let keyID: [UInt8]
    /// Ed25519 over ``signedBytes``, 64 bytes.
    public let signature: [UInt8]

    public init(
        size: Int64, mac: [UInt8], root: MerkleHash, at: Timestamp, keyID: [UInt8], signature: [UInt8]
    ) {
        self.size = size
        self.mac = mac
        self.root = root
        self.at = at
        self.keyID = keyID
        self.signature = signature
    }

    /// | offset | size | field |
    /// |---|---|---|
    /// | 0 | 25 | "telehealth.audit.head.v1" and a zero byte, so that nothing else signed can pass for a head |
    /// | 25 | 8 | size, big endian |
    /// | 33 | 8 | at, microseconds since 1970, big endian |
    /// | 41 | 32 | MAC of the last row |
    /// | 73 | 32 | Merkle root |
    public var signedBytes: [UInt8] { Self.signedBytes(size: size, at: at, mac: mac, root: root) }

    static func signedBytes(size: Int64, at: Timestamp, mac: [UInt8], root: MerkleHash) -> [UInt8] {
        var bytes = Array("telehealth.audit.head.v1\0".utf8)
        bytes.appendBigEndian(UInt64(bitPattern: size))
        bytes.appendBigEndian(UInt64(bitPattern: at.microseconds))
        return bytes + mac + root.bytes
    }
}

/// Signs heads with an Ed25519 key that lies outside the database.
public struct AuditHeadSigner: Sendable {
    public static let byteCount = 32

    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter bytes: the private key's seed (RFC 8032 §5.1.5), 32 bytes.
    /// - Returns: nil when it is not such a key.
    public init?(_ bytes: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else { return nil }
        self.key = key
    }

    /// A fresh key's bytes.
    public static func randomBytes() -> [UInt8] {
        Array(Curve25519.Signing.PrivateKey().rawRepresentation)
    }

    public var publicKey: AuditHeadKey { AuditHeadKey(key.publicKey) }

    /// - Returns: nil when the crypto library could not sign, which only its lack of memory explains.
    public func sign(_ chain: AuditLogEnd, at: Timestamp) -> AuditHead? {
        let root = chain.tree.root
        let bytes = AuditHead.signedBytes(size: chain.number, at: at, mac: chain.mac, root: root)
        guard let signature = try? key.signature(for: bytes) else { return nil }
        return AuditHead(
            size: chain.number, mac: chain.mac, root: root, at: at, keyID: publicKey.id,
            signature: Array(signature))
    }
}

/// The public key that heads are checked with.
public struct AuditHeadKey: Sendable {
    private let key: Curve25519.Signing.PublicKey

    /// - Parameter bytes: 32 bytes (RFC 8032 §5.1.2).
    public init?(_ bytes: [UInt8]) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return nil }
        self.key = key
    }

    fileprivate init(_ key: Curve25519.Signing.PublicKey) { self.key = key }

    public var bytes: [UInt8] { Array(key.rawRepresentation) }
    public var id: [UInt8] { Array(SHA256.hash(data: key.rawRepresentation).prefix(8)) }

    /// Whether this key signed exactly what the head says.
    public func verifies(_ head: AuditHead) -> Bool {
        head.keyID == id && key.isValidSignature(head.signature, for: head.signedBytes)
    }
}
