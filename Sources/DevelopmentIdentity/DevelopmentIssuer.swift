internal import Crypto
public import DurableFile
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

    /// The claim with the bearer's role.
    public static let roleClaim = "telehealth_role"
    /// The claim with a patient's id.
    public static let personClaim = "telehealth_person_id"
    /// The claim with a clinician's id.
    public static let clinicianClaim = "telehealth_clinician_id"

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

    private let path: String
    private let key: P256.Signing.PrivateKey
    private let keyID: String

    /// Reads the key of a data directory; creates it first if `createIfAbsent`.
    ///
    /// - Throws: ``FileFailure``: missing, readable by others than its owner, or without a key.
    public init(directory: String, createIfAbsent: Bool) throws(FileFailure) {
        let path = directory + "/" + Self.fileName
        if createIfAbsent {
            do throws(FileFailure) {
                self.init(path: path, key: try Self.stored(path))
                return
            } catch {
                guard error.problem == .missing else { throw error }
                // The first start. RFC 7518 §6.2.2: d is the private scalar, 32 bytes in base64url.
                let fresh = JSONText.object([
                    "kty": .string("EC"), "crv": .string("P-256"),
                    "d": .string(Base64.url.text(P256.Signing.PrivateKey().rawRepresentation)),
                ])
                try SmallFile.create(path, fresh.bytes, .secret)
            }
        }
        self.init(path: path, key: try Self.stored(path))
    }

    private init(path: String, key: P256.Signing.PrivateKey) {
        self.path = path
        self.key = key
        let thumbprint = SHA256.hash(data: key.publicKey.rawRepresentation)
        keyID = "development-" + Base64.url.text(thumbprint.prefix(9))
    }

    private static func stored(_ path: String) throws(FileFailure) -> P256.Signing.PrivateKey {
        let bytes = try SmallFile.read(path, bytesMax: 4096, .secret)
        guard let stored = try? JSONText(parsing: bytes), stored["kty"]?.stringValue != nil,
            stored["crv"]?.stringValue == "P-256", let text = stored["d"]?.stringValue,
            let scalar = Base64.url.decodeCanonical(text),
            let key = try? P256.Signing.PrivateKey(rawRepresentation: scalar)
        else { throw malformed(path) }
        return key
    }

    private static func malformed(_ path: String) -> FileFailure { FileFailure(path, .malformed("a development key")) }

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
    /// - Throws: ``FileFailure``: the key cannot sign.
    public func token(_ request: TokenRequest, now: Timestamp) throws(FileFailure) -> String {
        let issuedAt = now.microseconds / 1_000_000
        let claims = JSONText.object(present: [
            "iss": .string(Self.name), "sub": .string(request.subject.rawValue), "aud": .string(request.audience),
            "iat": .number(issuedAt), "exp": .number(issuedAt + request.lifetime.components.seconds),
            Self.roleClaim: .string(request.role.rawValue),
            Self.personClaim: request.clientID.map { .string($0.rawValue) },
            Self.clinicianClaim: request.clinicianID.map { .string($0.rawValue) },
            "act": request.actor.map { .object(["sub": .string($0.rawValue)]) },
        ])
        let header = JSONText.object(["alg": .string("ES256"), "kid": .string(keyID), "typ": .string("JWT")])
        let signed = Base64.url.text(header.bytes) + "." + Base64.url.text(claims.bytes)
        guard let signature = try? key.signature(for: Array(signed.utf8)) else { throw Self.malformed(path) }
        return signed + "." + Base64.url.text(signature.rawRepresentation)
    }
}
