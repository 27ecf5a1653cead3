/// Why a bearer token is not accepted. Each case holds nothing of the token itself.
public enum TokenError: Error, Hashable, Sendable {
    /// No token was given.
    case missing
    /// Longer than ``TokenPolicy/tokenBytesMax``, not three base64url parts, or not the JSON that RFC 7519 wants.
    case malformed
    /// The header names an algorithm outside ``SignatureAlgorithm``, or one that is not the key's.
    case algorithmNotAllowed
    /// The header names no key, or one that is not published (any more).
    case keyUnknown
    case signatureInvalid
    /// `exp` has passed.
    case expired
    /// `nbf` or `iat` lies in the future by more than the allowed skew.
    case notYetValid
    /// `exp` lies more than ``TokenPolicy/lifetimeMax`` after `iat`.
    case lifetimeTooLong
    /// `iss` is not the issuer of the key.
    case issuerMismatch
    /// `aud` does not hold this service.
    case audienceMismatch
    /// The named claim is absent or has the wrong shape.
    case claimInvalid(Claim)
    /// Signed with the development key, which counts on loopback and unix sockets only.
    case developmentOnly

    /// Claims that can be wrong by themselves.
    public enum Claim: String, Sendable, Hashable {
        case subject = "sub"
        case role
        case clientID = "client_id"
        case clinicianID = "clinician_id"
        case actor = "act"
        case expiration = "exp"
        case issuedAt = "iat"
    }

    /// The word that a caller can branch on: `ErrorReason` of the API without its prefix.
    public var reason: String {
        switch self {
        case .missing: "TOKEN_MISSING"
        case .expired: "TOKEN_EXPIRED"
        case .keyUnknown: "TOKEN_KEY_UNKNOWN"
        case .developmentOnly: "TOKEN_DEVELOPMENT_ONLY"
        case .malformed, .algorithmNotAllowed, .signatureInvalid, .notYetValid, .lifetimeTooLong,
            .issuerMismatch, .audienceMismatch, .claimInvalid:
            "TOKEN_INVALID"
        }
    }

    /// A sentence for the caller: what to do, and nothing that helps to forge.
    public var advice: String {
        switch self {
        case .missing: "send 'authorization: Bearer <token>'"
        case .malformed: "the token is not a JSON Web Token"
        case .algorithmNotAllowed: "sign with ES256, EdDSA or RS256 and the key's own algorithm"
        case .keyUnknown: "the token's key is not published; get a new token"
        case .signatureInvalid: "the token's signature does not fit"
        case .expired: "the token has expired; get a new one"
        case .notYetValid: "the token is not valid yet; check the issuer's clock"
        case .lifetimeTooLong: "the token lives longer than one hour"
        case .issuerMismatch: "the token is from another issuer than its key"
        case .audienceMismatch: "the token is for another audience"
        case .claimInvalid(let claim):
            "the token's claim '\(claim.rawValue)' is missing or has the wrong shape"
        case .developmentOnly: "development tokens count on loopback and unix sockets only"
        }
    }

    /// For metrics: no dynamic values.
    public var label: String {
        switch self {
        case .missing: "missing"
        case .malformed: "malformed"
        case .algorithmNotAllowed: "algorithm_not_allowed"
        case .keyUnknown: "key_unknown"
        case .signatureInvalid: "signature_invalid"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .lifetimeTooLong: "lifetime_too_long"
        case .issuerMismatch: "issuer_mismatch"
        case .audienceMismatch: "audience_mismatch"
        case .claimInvalid: "claim_invalid"
        case .developmentOnly: "development_only"
        }
    }
}
