internal import FoundationEssentials
internal import Glibc
internal import JWTKit
internal import TelehealthCore

/// The signature algorithms that are accepted, and no others: neither `none`, nor a shared secret, nor a short key.
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    case es256 = "ES256"
    case edDSA = "EdDSA"
    case rs256 = "RS256"
}

/// Why a published key set cannot be used; the operator's matter.
public enum KeySetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not the JSON of RFC 7517 §5.
    case malformed
    /// No key in it is usable: each lacks an id, has another algorithm, is for encryption, too short or not public.
    case noUsableKey
    /// More keys than ``VerificationKeys/keysMax``.
    case tooMany
    /// Two usable keys under one `kid` (RFC 7517 §4.5).
    case repeatedKeyID
    /// The file cannot be read; the value is `errno`.
    case unreadable(Int32)
    /// The URL does not answer with a key set; the value is a label for the log.
    case unavailable(String)

    public var description: String {
        switch self {
        case .malformed: "holds no keys in the form that is read here"
        case .noUsableKey: "holds no usable key: ES256, EdDSA or RS256, with an id, to verify with"
        case .tooMany: "holds more than \(VerificationKeys.keysMax) keys"
        case .repeatedKeyID: "holds two keys under one id"
        case .unreadable(EACCES): "cannot be read, or others than its owner may: chmod 600 it, for the service's user"
        case .unreadable(let code): "cannot be used: \(String(cString: strerror(code))) (errno \(code))"
        case .unavailable(let label): "does not answer with a key set (\(label))"
        }
    }
}

/// Public keys of one issuer by key id, each tied to one algorithm.
struct VerificationKeys: Sendable {
    /// An issuer publishes two or three; the bound keeps a wrong URL from filling memory.
    static let keysMax = 64
    /// 2,048 bits: the least that NIST SP 800-131A still allows for RSA.
    private static let rsaModulusBytesMin = 256

    struct Key: Sendable {
        let algorithm: SignatureAlgorithm
        let verifier: any JWTAlgorithm
        let issuer: Subject
        let isDevelopment: Bool
    }

    private(set) var keys: [Subject: Key] = [:]

    /// Reads a JWK set. Keys that are not for us are passed over; the rest must be sound, and each have its own id: of
    /// two under one id it would be chance which one counts.
    ///
    /// - Throws: ``KeySetError``.
    init(jwks: [UInt8], issuer: String, isDevelopment: Bool) async throws(KeySetError) {
        // Our own reader judges the text first: Foundation's takes byte order marks, UTF-16 and repeated members.
        guard (try? JSONText(parsing: jwks, fractions: true)) != nil,
            let set = try? JSONDecoder().decode(PublishedSet.self, from: Data(jwks))
        else { throw .malformed }
        guard set.keys.count <= Self.keysMax else { throw .tooMany }
        for published in set.keys {
            guard let jwk = published.jwk, published.isForSignatures,
                jwk.privateExponent == nil, let id = jwk.keyIdentifier?.string,
                let algorithm = Self.algorithm(of: jwk),
                let verifier = await Self.verifier(of: jwk, algorithm)
            else { continue }
            let key = Key(
                algorithm: algorithm, verifier: verifier, issuer: Subject(issuer), isDevelopment: isDevelopment)
            guard keys.updateValue(key, forKey: Subject(id)) == nil else { throw .repeatedKeyID }
        }
        if keys.isEmpty { throw .noUsableKey }
    }

    init() {}

    mutating func merge(_ other: VerificationKeys) {
        keys.merge(other.keys) { mine, _ in mine }
    }

    private static func algorithm(of jwk: JWK) -> SignatureAlgorithm? {
        let natural: SignatureAlgorithm
        switch jwk.keyType {
        case .ecdsa where jwk.curve?.rawValue == "P-256": natural = .es256
        case .octetKeyPair where jwk.curve?.rawValue == "Ed25519": natural = .edDSA
        case .rsa:
            guard let modulus = jwk.modulus.flatMap({ Base64URL.decode($0[...]) }),
                modulus.count >= rsaModulusBytesMin
            else { return nil }
            natural = .rs256
        default: return nil
        }
        if let named = jwk.algorithm?.rawValue, named != natural.rawValue { return nil }
        return natural
    }

    private static func verifier(of jwk: JWK, _ algorithm: SignatureAlgorithm) async -> (any JWTAlgorithm)? {
        let collection = JWTKeyCollection()
        guard (try? await collection.add(jwk: jwk)) != nil else { return nil }
        return try? await collection.getKey(for: jwk.keyIdentifier, alg: algorithm.rawValue)
    }
}

/// A JWK set as published: an entry of an unknown kind is no reason to refuse the others (RFC 7517 §5).
private struct PublishedSet: Decodable {
    struct Entry: Decodable {
        let jwk: JWK?
        private let use: String?
        private let operations: [String]?

        private enum CodingKeys: String, CodingKey {
            case use
            case operations = "key_ops"
        }

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            use = try members.decodeIfPresent(String.self, forKey: .use)
            operations = try members.decodeIfPresent([String].self, forKey: .operations)
            jwk = try? JWK(from: decoder)
        }

        /// By both of `use` and `key_ops`, where they are given (RFC 7517 §4.2, §4.3: no operation stands twice).
        var isForSignatures: Bool {
            guard let operations else { return use == nil || use == "sig" }
            return (use == nil || use == "sig") && operations.contains("verify")
                && Set(operations).count == operations.count
        }
    }

    let keys: [Entry]
}
