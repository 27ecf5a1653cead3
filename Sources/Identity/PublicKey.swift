internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import TextFormats

/// The only accepted signature algorithms: neither `none`, nor shared secrets, nor short keys.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case es256 = "ES256"
    case edDSA = "EdDSA"
    case rs256 = "RS256"
}

/// A key for verifying signatures, tied to its algorithm.
enum PublicKey: Sendable {
    case es256(P256.Signing.PublicKey)
    case edDSA(Curve25519.Signing.PublicKey)
    case rs256(_RSA.Signing.PublicKey)

    var algorithm: SignatureAlgorithm {
        switch self {
        case .es256: .es256
        case .edDSA: .edDSA
        case .rs256: .rs256
        }
    }

    /// - Parameter signature: in the format of RFC 7518 §3.3 and §3.4 and RFC 8037 §3.1.
    func accepts(_ signature: Data, of signed: Data) -> Bool {
        switch self {
        case .es256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: signed)
        case .edDSA(let key):
            return key.isValidSignature(signature, for: signed)
        case .rs256(let key):
            // As RS256 requires (RFC 7518 §3.3); the warning in the name is about encryption.
            return key.isValidSignature(
                .init(rawRepresentation: signature), for: signed, padding: .insecurePKCS1v1_5)
        }
    }
}

/// One entry of a published JWK set (RFC 7517 §4): an entry of an unknown kind does not invalidate the others.
struct PublishedKey: Decodable {
    let id: String
    let key: PublicKey

    private enum CodingKeys: String, CodingKey {
        case kind = "kty"
        case id = "kid"
        case algorithm = "alg"
        case use
        case operations = "key_ops"
        case curve = "crv"
        case x, y
        case modulus = "n"
        case exponent = "e"
        case secret = "d"
    }

    /// - Throws: for a key that cannot be used: without an id, of another algorithm, for encryption, too short or not
    ///   public.
    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func unusable(_ member: CodingKeys) -> DecodingError {
            .dataCorruptedError(forKey: member, in: members, debugDescription: "not a supported key")
        }
        func bytes(_ member: CodingKeys) throws -> Data {
            let text = try members.decode(String.self, forKey: member)
            guard let bytes = Base64.url.decodeCanonical(text) else { throw unusable(member) }
            return Data(bytes)
        }
        guard !members.contains(.secret) else { throw unusable(.secret) }
        id = try members.decode(String.self, forKey: .id)
        let curve = try members.decodeIfPresent(String.self, forKey: .curve)
        switch (try members.decode(String.self, forKey: .kind), curve) {
        case ("EC", "P-256"):
            // Complete coordinates including leading zeros (RFC 7518 §6.2.1.2): 32 bytes each.
            let (x, y) = (try bytes(.x), try bytes(.y))
            guard x.count == 32 else { throw unusable(.x) }
            key = .es256(try P256.Signing.PublicKey(rawRepresentation: x + y))
        case ("OKP", "Ed25519"):
            key = .edDSA(try Curve25519.Signing.PublicKey(rawRepresentation: try bytes(.x)))
        case ("RSA", _):
            // Throws for fewer than 2,048 bits: the minimum that NIST SP 800-131A still allows.
            key = .rs256(try _RSA.Signing.PublicKey(n: try bytes(.modulus), e: try bytes(.exponent)))
        default:
            throw unusable(.kind)
        }
        if let named = try members.decodeIfPresent(String.self, forKey: .algorithm), named != key.algorithm.rawValue {
            throw unusable(.algorithm)
        }
        guard
            Self.isForSignatures(
                use: try members.decodeIfPresent(String.self, forKey: .use),
                operations: try members.decodeIfPresent([String].self, forKey: .operations))
        else { throw unusable(.use) }
    }

    /// Decided by both `use` and `key_ops`, if present (RFC 7517 §4.2, §4.3: no operation may be repeated).
    private static func isForSignatures(use: String?, operations: [String]?) -> Bool {
        guard use == nil || use == "sig" else { return false }
        guard let operations else { return true }
        return operations.contains("verify") && Set(operations).count == operations.count
    }
}
