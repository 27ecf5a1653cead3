/// Why a bearer token is not accepted. No case contains anything of the token itself.
public enum TokenError: Error, Hashable, Sendable {
    /// No token was given.
    case missing
    /// Longer than ``TokenPolicy/tokenBytesMax``, not three base64url parts, or not the JSON that RFC 7519 requires.
    case malformed
    /// The header names an algorithm outside ``SignatureAlgorithm``, or one that is not the key's.
    case algorithmNotAllowed
    /// The header names no key, or one that is not published, or no longer.
    case keyUnknown
    case signatureInvalid
    /// `exp` has passed.
    case expired
    /// `nbf` or `iat` is in the future by more than the allowed skew.
    case notYetValid
    /// `exp` is more than ``TokenPolicy/lifetimeMax`` after `iat`.
    case lifetimeTooLong
    /// `iss` is not the issuer of the key.
    case issuerMismatch
    /// `aud` does not contain this service.
    case audienceMismatch
    /// Bound to a key (`cnf`), which this service cannot verify.
    case boundToKey
    /// An ID token: it tells an application who signed in, and grants no access.
    case notAccessToken
    /// The named claim is missing or has the wrong shape. The name comes from the configuration, not from the token.
    case claimInvalid(String)
    /// The role claim, by its name, contains none of our roles or more than one.
    case roleInvalid(claim: String)
    /// A person claim, by its name, contains the token's `client_id` or `azp`: an application.
    case personIsApplication(claim: String)
    /// Signed with the development key, which is accepted on loopback and Unix sockets only.
    case developmentOnly

    /// The reason that a caller can branch on: `ErrorReason` of the API without its prefix.
    public var reason: String {
        switch self {
        case .missing: "TOKEN_MISSING"
        case .expired: "TOKEN_EXPIRED"
        case .keyUnknown: "TOKEN_KEY_UNKNOWN"
        case .developmentOnly: "TOKEN_DEVELOPMENT_ONLY"
        case .malformed, .algorithmNotAllowed, .signatureInvalid, .notYetValid, .lifetimeTooLong,
            .issuerMismatch, .audienceMismatch, .boundToKey, .notAccessToken, .claimInvalid, .roleInvalid,
            .personIsApplication:
            "TOKEN_INVALID"
        }
    }

    /// A sentence for the caller: what to do, and nothing that helps to forge a token.
    public var advice: String {
        switch self {
        case .missing: "send 'authorization: Bearer <token>'"
        case .malformed: "the token is not a JSON Web Token"
        case .algorithmNotAllowed: "the token's algorithm is not allowed: sign with ES256, EdDSA or RS256, as its key says"
        case .keyUnknown: "the token's key is not published; get a new token"
        case .signatureInvalid: "the token's signature is invalid"
        case .expired: "the token has expired; get a new one"
        case .notYetValid: "the token is not valid yet; check the issuer's clock"
        case .lifetimeTooLong: "the token is valid for more than one hour; issue tokens for an hour or less"
        case .issuerMismatch: "the token's issuer (iss) is not the issuer of its key"
        case .audienceMismatch: "the token is for another audience (aud)"
        case .boundToKey: "the token is bound to a key (cnf), which this service cannot check; get a bearer token"
        case .notAccessToken: "this is an ID token; send an access token"
        case .claimInvalid(let claim): "the token's claim '\(claim)' is missing or has the wrong shape"
        case .roleInvalid(let claim):
            "the token's claim '\(claim)' must name exactly one of service, scheduler, clinician, client and admin"
        case .personIsApplication(let claim):
            "the token's claim '\(claim)' names the application it was issued to (client_id, azp), not a person"
        case .developmentOnly: "development tokens are accepted on loopback and Unix sockets only"
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
        case .boundToKey: "bound_to_key"
        case .notAccessToken: "not_access_token"
        case .claimInvalid: "claim_invalid"
        case .roleInvalid: "role_invalid"
        case .personIsApplication: "person_is_application"
        case .developmentOnly: "development_only"
        }
    }
}
