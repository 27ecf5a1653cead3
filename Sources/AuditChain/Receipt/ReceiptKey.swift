internal import Crypto
internal import TextFormats

/// Signs receipts with an Ed25519 key that lies outside the database.
public struct ReceiptSigner: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter seed: the private key (RFC 8032 §5.1.5), 32 bytes.
    /// - Returns: nil when it is not such a key.
    public init?(seed: [UInt8]) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
        self.key = key
    }

    /// A fresh key's seed.
    public static func randomSeed() -> [UInt8] { Array(Curve25519.Signing.PrivateKey().rawRepresentation) }

    public var publicKey: ReceiptKey { ReceiptKey(key.publicKey) }

    /// - Returns: nil when the crypto library could not sign, which only its lack of memory explains.
    package func signature(of bytes: [UInt8]) -> [UInt8]? { (try? key.signature(for: bytes)).map { Array($0) } }

    public var description: String { "<receipt key>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The public key that receipts are checked with: no secret.
public struct ReceiptKey: Sendable {
    public static let byteCount = 32

    private let key: Curve25519.Signing.PublicKey

    /// - Parameter bytes: 32 bytes (RFC 8032 §5.1.2).
    /// - Returns: nil when they are not a key.
    public init?(_ bytes: [UInt8]) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return nil }
        self.key = key
    }

    fileprivate init(_ key: Curve25519.Signing.PublicKey) { self.key = key }

    public var bytes: [UInt8] { Array(key.rawRepresentation) }

    /// The first 8 bytes of SHA-256 over the key, in hexadecimal digits: `kid` of what it signed.
    public var id: String { Hex.encode(Array(SHA256.hash(data: key.rawRepresentation).prefix(8))) }

    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        key.isValidSignature(signature, for: bytes)
    }
}
