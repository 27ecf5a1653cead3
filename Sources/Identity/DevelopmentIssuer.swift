internal import Crypto
internal import FoundationEssentials
public import TelehealthModel
internal import TextFormats

/// Signs tokens for development with a key that is created at the first start and kept in the data directory (mode
/// 0600).
///
/// The service accepts them on loopback and Unix sockets only; whoever can read the file can act as anyone there.
public struct DevelopmentIssuer: Sendable {
    /// `iss` of every development token.
    public static let name = "telehealth-development"
    /// File name within the data directory.
    public static let fileName = "development-key.json"

    /// The content of a development token.
    public struct TokenRequest: Sendable, Hashable {
        public var subject: Subject
        public var role: Role
        public var clientID: SubjectID?
        public var clinicianID: SubjectID?
        public var actor: Subject?
        public var audience: String
        /// At most one hour.
        public var lifetime: Duration

        public init(
            subject: Subject, role: Role, clientID: SubjectID? = nil, clinicianID: SubjectID? = nil,
            actor: Subject? = nil, audience: String = "telehealth", lifetime: Duration = .seconds(3600)
        ) {
            self.subject = subject
            self.role = role
            self.clientID = clientID
            self.clinicianID = clinicianID
            self.actor = actor
            self.audience = audience
            self.lifetime = lifetime
        }
    }

    private struct StoredKey: Codable {
        /// The private scalar, 32 bytes, base64url: RFC 7518 §6.2.2.
        var d: String
        var crv = "P-256"
        var kty = "EC"
    }

    private let key: P256.Signing.PrivateKey
    private let keyID: String

    /// Reads the key of a data directory; creates it first if `createIfAbsent`.
    ///
    /// - Throws: ``KeySetError/file(_:)``: missing, readable by others than its owner, or without a key.
    public init(directory: String, createIfAbsent: Bool) throws(KeySetError) {
        let path = directory + "/" + Self.fileName
        if createIfAbsent {
            do throws(KeySetError) {
                self.init(key: try Self.stored(path))
                return
            } catch {
                guard error.isMissingFile else { throw error }
                // The first start.
                let fresh = StoredKey(d: Base64.url.text(P256.Signing.PrivateKey().rawRepresentation))
                guard let json = try? JSONEncoder().encode(fresh) else { throw .malformed }
                try KeyFile.create(path, Array(json))
            }
        }
        self.init(key: try Self.stored(path))
    }

    private init(key: P256.Signing.PrivateKey) {
        self.key = key
        let thumbprint = SHA256.hash(data: key.publicKey.rawRepresentation)
        keyID = "development-" + Base64.url.text(thumbprint.prefix(9))
    }

    private static func stored(_ path: String) throws(KeySetError) -> P256.Signing.PrivateKey {
        let bytes = try KeyFile.read(path, bytesMax: 4096)
        guard let stored = try? JSONDecoder().decode(StoredKey.self, from: Data(bytes)),
            stored.crv == "P-256",
            let scalar = Base64.url.decodeCanonical(stored.d),
            let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar)
        else { throw KeyFile.malformed(path, "a development key") }
        return key
    }

    /// The public half as a JWK set (RFC 7517 §5).
    public var publicKeySet: String {
        let point = key.publicKey.rawRepresentation
        let jwk = JSONText.object([
            "kty": .string("EC"), "crv": .string("P-256"), "alg": .string("ES256"), "use": .string("sig"),
            "kid": .string(keyID), "x": .string(Base64.url.text(point.prefix(32))),
            "y": .string(Base64.url.text(point.suffix(32))),
        ])
        return JSONText.object(["keys": .array([jwk])]).text
    }

    /// - Returns: a signed token, a bearer secret.
    public func token(_ request: TokenRequest, now: Timestamp) throws(KeySetError) -> String {
        let issuedAt = now.microseconds / 1_000_000
        let names = ClaimNames.standard
        let claims = JSONText.object(present: [
            "iss": .string(Self.name), "sub": .string(request.subject.rawValue), "aud": .string(request.audience),
            "iat": .number(issuedAt), "exp": .number(issuedAt + request.lifetime.components.seconds),
            names.role: .string(request.role.rawValue), names.person: request.clientID.map { .string($0.rawValue) },
            names.clinician: request.clinicianID.map { .string($0.rawValue) },
            "act": request.actor.map { .object(["sub": .string($0.rawValue)]) },
        ])
        let header = JSONText.object(["alg": .string("ES256"), "kid": .string(keyID), "typ": .string("JWT")])
        let signed = Base64.url.text(header.bytes) + "." + Base64.url.text(claims.bytes)
        guard let signature = try? key.signature(for: Array(signed.utf8)) else { throw .malformed }
        return signed + "." + Base64.url.text(signature.rawRepresentation)
    }
}
