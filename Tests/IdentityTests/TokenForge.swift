import Crypto
import CryptoExtras
import Foundation
import TelehealthModel
import TextFormats

@testable import Identity

/// An issuer whose every part can be bent.
struct TokenForge {
    enum Key {
        case es256(P256.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
        case rs256(_RSA.Signing.PrivateKey)
    }

    static let issuer = "https://issuer.example"
    static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    var key: Key
    var keyID = "k1"
    var header: [String: Any] = [:]
    var claims: [String: Any] = [
        "iss": issuer, "sub": "user-1", "aud": "telehealth", "iat": 1_800_000_000, "exp": 1_800_000_600,
        "telehealth_role": "clinician", "telehealth_clinician_id": "clin-1",
    ]

    init(_ key: Key = .es256(.init())) { self.key = key }

    var algorithm: String {
        switch key {
        case .es256: "ES256"
        case .ed25519: "EdDSA"
        case .rs256: "RS256"
        }
    }

    /// The public half as one entry of a JWK set.
    func jwk() throws -> [String: Any] {
        switch key {
        case .es256(let key):
            let point = key.publicKey.rawRepresentation
            return [
                "kty": "EC", "crv": "P-256", "kid": keyID, "alg": "ES256", "use": "sig",
                "x": Base64.url.text(point.prefix(32)), "y": Base64.url.text(point.suffix(32)),
            ]
        case .ed25519(let key):
            return [
                "kty": "OKP", "crv": "Ed25519", "kid": keyID, "alg": "EdDSA",
                "x": Base64.url.text(key.publicKey.rawRepresentation),
            ]
        case .rs256(let key):
            let primitives = try key.publicKey.getKeyPrimitives()
            return [
                "kty": "RSA", "kid": keyID, "n": Base64.url.text(primitives.modulus),
                "e": Base64.url.text(primitives.publicExponent),
            ]
        }
    }

    func token() throws -> String {
        var header: [String: Any] = ["alg": algorithm, "kid": keyID, "typ": "JWT"]
        header.merge(self.header) { _, mine in mine }
        header = header.filter { !($0.value is NSNull) }
        return try token(header: Self.text(header), claims: claimsText())
    }

    func claimsText() throws -> String { try Self.text(claims.filter { !($0.value is NSNull) }) }

    /// A token of just these texts.
    func token(header: String, claims: String) throws -> String {
        let signed = Base64.url.text(Array(header.utf8)) + "." + Base64.url.text(Array(claims.utf8))
        let bytes = Data(signed.utf8)
        let signature: Data =
            switch key {
            case .es256(let key): try key.signature(for: bytes).rawRepresentation
            case .ed25519(let key): try key.signature(for: bytes)
            case .rs256(let key): try key.signature(for: bytes, padding: .insecurePKCS1v1_5).rawRepresentation
            }
        return signed + "." + Base64.url.text(signature)
    }

    private static func text(_ members: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
    }

    static func set(_ entries: [[String: Any]]) throws -> [UInt8] {
        Array(try JSONSerialization.data(withJSONObject: ["keys": entries]))
    }

    /// A verifier that knows this forge's key.
    func verifier(isDevelopment: Bool = false, claims: ClaimNames = .standard) async throws -> TokenVerifier {
        let verifier = TokenVerifier(policy: TokenPolicy(audience: "telehealth", claims: claims))
        verifier.replaceKeys(
            try VerificationKeys(
                jwks: Self.set([jwk()]), issuer: Self.issuer, isDevelopment: isDevelopment))
        return verifier
    }
}
