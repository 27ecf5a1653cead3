public import DurableFile
internal import FoundationEssentials
internal import TelehealthModel
internal import TextFormats

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
    /// The file cannot be read, or holds no key.
    case file(FileFailure)
    /// Nothing that can be used comes from a URL; the second value is a label for the log.
    case unavailable(String, String)
    /// The issuer's document cannot be used.
    case discovery(DiscoveryFault)

    public var description: String {
        switch self {
        case .malformed: "the key set is not the JSON of RFC 7517"
        case .noUsableKey: "the key set holds no usable key: ES256, EdDSA or RS256, with an id, to verify with"
        case .tooMany: "the key set holds more than \(VerificationKeys.keysMax) keys"
        case .repeatedKeyID: "the key set holds two usable keys under one id (kid)"
        case .file(let failure): failure.description
        case .unavailable(let place, let label):
            "\(DiscoveryFault.shown(place)) gives nothing that can be used: \(label)"
        case .discovery(let fault): fault.description
        }
    }

    /// Whether there is no such file.
    var isMissingFile: Bool {
        if case .file(let failure) = self { failure.problem == .missing } else { false }
    }
}

/// Public keys of one issuer by key id, each tied to one algorithm.
struct VerificationKeys: Sendable {
    /// An issuer publishes two or three; the bound keeps a wrong URL from filling memory.
    static let keysMax = 64

    struct Key: Sendable {
        let key: PublicKey
        let issuer: Subject
        let isDevelopment: Bool
    }

    private(set) var keys: [Subject: Key] = [:]

    /// Reads a JWK set. Keys that are not for us are passed over; the rest must be sound, and each have its own id: of
    /// two under one id it would be chance which one counts.
    ///
    /// - Throws: ``KeySetError``.
    init(jwks: [UInt8], issuer: String, isDevelopment: Bool) throws(KeySetError) {
        // Our own reader judges the text first: Foundation's takes byte order marks, UTF-16 and repeated members.
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
