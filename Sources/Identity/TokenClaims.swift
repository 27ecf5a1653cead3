internal import FoundationEssentials
internal import TelehealthCore

/// What every token must satisfy beyond its signature.
public struct TokenPolicy: Sendable, Hashable {
    /// This service's name in `aud`.
    public var audience: String
    /// Longest time from `iat` to `exp`. One hour: a stolen token dies soon, and a visit outlasts it only by
    /// asking anew.
    public var lifetimeMax: Duration = .seconds(3600)
    /// How far the issuer's clock may run ahead of ours in `iat` and `nbf`. `exp` gets no allowance.
    public var clockSkewMax: Duration = .seconds(60)
    /// A token with a few claims has 400 bytes; more than this is not read.
    public static let tokenBytesMax = 8 * 1024

    public init(audience: String) { self.audience = audience }
}

/// The claims this service reads (RFC 7519 §4.1; `act` as in RFC 8693 §4.1).
struct TokenClaims: Codable, Sendable {
    struct Actor: Codable, Sendable { var sub: String }

    /// `aud` is one string or a list of them.
    struct Audience: Codable, Sendable {
        var names: [String]

        init(names: [String]) { self.names = names }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let name = try? container.decode(String.self) {
                names = [name]
            } else {
                names = try container.decode([String].self)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if names.count == 1 { try container.encode(names[0]) } else { try container.encode(names) }
        }
    }

    var iss: String?
    var sub: String?
    var aud: Audience?
    var exp: Double?
    var iat: Double?
    var nbf: Double?
    var role: String?
    var clientID: String?
    var clinicianID: String?
    var act: Actor?

    enum CodingKeys: String, CodingKey {
        case iss, sub, aud, exp, iat, nbf, role, act
        case clientID = "client_id"
        case clinicianID = "clinician_id"
    }

    /// - Parameter issuer: the issuer the verifying key belongs to.
    /// - Returns: who the bearer is.
    /// - Throws: ``TokenError`` for the first rule that the claims break; the peer's fault each time.
    func caller(policy: TokenPolicy, issuer: String, now: Timestamp) throws(TokenError) -> Caller {
        guard iss == issuer else { throw .issuerMismatch }
        guard let aud, aud.names.contains(policy.audience) else { throw .audienceMismatch }
        let expiresAt = try Self.instant(exp, claim: .expiration)
        let issuedAt = try Self.instant(iat, claim: .issuedAt)
        guard now < expiresAt else { throw .expired }
        guard issuedAt <= now + policy.clockSkewMax else { throw .notYetValid }
        if let nbf {
            guard try Self.instant(nbf, claim: .issuedAt) <= now + policy.clockSkewMax else {
                throw .notYetValid
            }
        }
        guard expiresAt - issuedAt <= policy.lifetimeMax else { throw .lifetimeTooLong }
        guard let sub, Self.isName(sub) else { throw .claimInvalid(.subject) }
        // A guest is known by a pass of this service, never by an issuer's word.
        guard let role = role.flatMap(Role.init(rawValue:)), role != .guest else {
            throw .claimInvalid(.role)
        }
        let client = try Self.subject(clientID, claim: .clientID, required: role == .client)
        let clinician = try Self.subject(clinicianID, claim: .clinicianID, required: role == .clinician)
        if let act, !Self.isName(act.sub) { throw .claimInvalid(.actor) }
        return Caller(
            subject: sub, role: role, clientID: client, clinicianID: clinician, actor: act?.sub,
            expiresAt: expiresAt)
    }

    /// A NumericDate (RFC 7519 §2): seconds since 1970, fractions allowed.
    private static func instant(_ seconds: Double?, claim: TokenError.Claim) throws(TokenError) -> Timestamp {
        // 253402300800 is the year 10000: beyond it a product with 1e6 would still fit, but no issuer means it.
        guard let seconds, seconds > 0, seconds < 253_402_300_800 else { throw .claimInvalid(claim) }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }

    private static func subject(_ text: String?, claim: TokenError.Claim, required: Bool) throws(TokenError)
        -> SubjectID?
    {
        guard let text else {
            if required { throw .claimInvalid(claim) }
            return nil
        }
        guard SubjectID.isValid(text) else { throw .claimInvalid(claim) }
        return SubjectID(text)
    }

    /// 1 to 128 bytes, no control characters: it is written to audit rows and logs.
    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
}
