public import DurableFile
internal import FoundationEssentials
internal import TelehealthModel
internal import TextFormats

/// Why a published key set cannot be used; for the operator to fix.
public enum KeySetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not JSON as in RFC 7517 §5.
    case malformed
    /// It has no usable key: each lacks an id, has another algorithm, is for encryption, too short or not public.
    case noUsableKey
    /// It has more than ``VerificationKeys/keysMax`` keys.
    case tooMany
    /// Two usable keys have the same `kid` (RFC 7517 §4.5).
    case repeatedKeyID
    /// The file cannot be read, or contains no key.
    case file(FileFailure)
    /// A URL gives nothing usable; the second value is a label for the log.
    case unavailable(String, String)
    /// The issuer's document cannot be used.
    case discovery(DiscoveryFault)

    public var description: String {
        switch self {
        case .malformed: "the key set is not valid JSON as in RFC 7517"
        case .noUsableKey: "the key set has no usable key: a verification key for ES256, EdDSA or RS256 with an id (kid)"
        case .tooMany: "the key set has more than \(VerificationKeys.keysMax) keys"
        case .repeatedKeyID: "the key set has two usable keys with the same id (kid)"
        case .file(let failure): failure.description
        case .unavailable(let place, let label):
            "cannot use \(DiscoveryFault.shown(place)): \(label)"
        case .discovery(let fault): fault.description
        }
    }

    /// Whether the file does not exist.
    var isMissingFile: Bool {
        if case .file(let failure) = self { failure.problem == .missing } else { false }
    }
}

/// Public keys of one issuer by key id, each tied to one algorithm.
struct VerificationKeys: Sendable {
    /// An issuer publishes two or three; the limit keeps a wrong URL from filling memory.
    static let keysMax = 64

    struct Key: Sendable {
        let key: PublicKey
        let issuer: Subject
        let isDevelopment: Bool
    }

    private(set) var keys: [Subject: Key] = [:]

    /// Reads a JWK set. Unusable keys are skipped; the others must be valid, and each must have its own id.
    ///
    /// - Throws: ``KeySetError``.
    init(jwks: [UInt8], issuer: String, isDevelopment: Bool) throws(KeySetError) {
        // Our own parser checks the text first: Foundation's accepts byte order marks, UTF-16 and repeated members.
        guard (try? JSONText(parsing: jwks, fractions: true)) != nil,
            let set = try? JSONDecoder().decode(PublishedSet.self, from: Data(jwks))
        else { throw .malformed }
        guard set.keys.count <= Self.keysMax else { throw .tooMany }
        for published in set.keys.compactMap(\.usable) {
            let key = Key(key: published.key, issuer: Subject(issuer), isDevelopment: isDevelopment)
            guard keys.updateValue(key, forKey: Subject(published.id)) == nil else { throw .repeatedKeyID }
        }
        if keys.isEmpty { throw .noUsableKey }
    }

    init() {}

    mutating func merge(_ other: VerificationKeys) {
        keys.merge(other.keys) { mine, _ in mine }
    }
}

private struct PublishedSet: Decodable {
    struct Entry: Decodable {
        let usable: PublishedKey?

        init(from decoder: any Decoder) { usable = try? PublishedKey(from: decoder) }
    }

    let keys: [Entry]
}
