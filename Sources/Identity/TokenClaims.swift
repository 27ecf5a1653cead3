internal import TelehealthModel
internal import TextFormats

/// The requirements on every token besides its signature.
public struct TokenPolicy: Sendable, Hashable {
    /// This service's name in `aud`.
    public var audience: String
    /// The claims with role, person and clinician in the issuer's tokens.
    public var claims: ClaimNames
    /// Maximum time from `iat` to `exp`. One hour: a stolen token expires soon, and a longer visit gets new tokens.
    public let lifetimeMax: Duration = .seconds(3600)
    /// How far the issuer's clock may be ahead of ours in `iat` and `nbf`. `exp` has no tolerance.
    public let clockSkewMax: Duration = .seconds(60)
    /// A token with a few claims has 400 bytes; longer ones are refused.
    public static let tokenBytesMax = 8 * 1024

    public init(audience: String, claims: ClaimNames = .standard) {
        self.audience = audience
        self.claims = claims
    }
}

/// The claims that this service reads (RFC 7519 §4.1; `act` as in RFC 8693 §4.1, `client_id` as in RFC 9068 §2.2).
struct TokenClaims: Sendable {
    var iss: Subject?
    var sub: String?
    var aud: [Subject]?
    var exp: Double?
    var iat: Double?
    var nbf: Double?
    var roles: Set<Role>
    var person: String?
    var clinician: String?
    var actor: String?
    /// The issuer of ``actor``, if the token names one.
    var actorIssuer: Subject?
    /// The application that the token was issued to, never a person.
    var applications: [Subject]
    /// Valid only with a proof that the bearer has a key (RFC 7800 §3.1).
    var isBound: Bool
    /// Has claims of ID tokens only (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11).
    var isIDToken: Bool
    private let names: ClaimNames

    /// - Parameters:
    ///   - bytes: the decoded second part.
    ///   - names: the claims with role, person and clinician.
    /// - Throws: ``TokenError/malformed``: not a JSON object in which every member appears once, at any depth (RFC
    ///   7519 §4 allows refusing repeated claims), or a claim of the wrong type. `null` is not the type of any claim.
    init(parsing bytes: [UInt8], names: ClaimNames = .standard) throws(TokenError) {
        guard let document = try? JSONText(parsing: bytes, fractions: true), case .object(let members) = document
        else { throw .malformed }
        self.names = names
        iss = try Self.text("iss", in: members).map { Subject($0) }
        sub = try Self.text("sub", in: members)
        aud = try Self.audience(members["aud"])
        exp = try Self.seconds("exp", in: members)
        iat = try Self.seconds("iat", in: members)
        nbf = try Self.seconds("nbf", in: members)
        roles = try Self.roles(Self.member(names.role, of: members))
        person = try Self.text(names.person, in: members)
        clinician = try Self.text(names.clinician, in: members)
        applications = try [Self.text("client_id", in: members), Self.text("azp", in: members)].compactMap {
            $0.map { Subject($0) }
        }
        isBound = members["cnf"] != nil
        isIDToken = members["at_hash"] != nil || members["c_hash"] != nil
        if let act = members["act"] {
            guard case .object(let claims) = act, let text = try Self.text("sub", in: claims) else { throw .malformed }
            actor = text
            actorIssuer = try Self.text("iss", in: claims).map { Subject($0) }
        }
    }

    /// The claim with exactly these bytes: Swift's dictionary would also find a canonically equivalent name.
    private static func member(_ name: String, of members: [String: JSONText]) -> JSONText? {
        guard let place = members.index(forKey: name), members[place].key.utf8.elementsEqual(name.utf8)
        else { return nil }
        return members[place].value
    }

    private static func text(_ name: String, in members: [String: JSONText]) throws(TokenError) -> String? {
        guard let value = member(name, of: members) else { return nil }
        guard let text = value.stringValue else { throw .malformed }
        return text
    }

    /// The roles that a claim names: one word, or a list of words, of which identity providers mix in their own. What
    /// is in an object is not looked for: its members mean what their provider says.
    private static func roles(_ value: JSONText?) throws(TokenError) -> Set<Role> {
        guard let value else { return [] }
        let words = (value.arrayValue ?? [value]).map(\.stringValue)
        guard !words.contains(nil) else { throw .malformed }
        return Set(words.compactMap { $0.flatMap(Role.init(rawValue:)) })
    }

    private static func seconds(_ name: String, in members: [String: JSONText]) throws(TokenError) -> Double? {
        guard let value = member(name, of: members) else { return nil }
        guard let seconds = value.realValue else { throw .malformed }
        return seconds
    }

    /// One string, or a list of them.
    private static func audience(_ value: JSONText?) throws(TokenError) -> [Subject]? {
        guard let value else { return nil }
        let names = (value.arrayValue ?? [value]).map(\.stringValue)
        guard !names.contains(nil) else { throw .malformed }
        return names.compactMap { $0.map { Subject($0) } }
    }

    /// - Parameter issuer: the issuer the verifying key belongs to.
    /// - Returns: who the bearer is.
    /// - Throws: ``TokenError`` for the first rule that the claims break; the peer's fault each time.
    func caller(policy: TokenPolicy, issuer: Subject, now: Timestamp) throws(TokenError) -> Caller {
        guard iss == issuer else { throw .issuerMismatch }
        guard let aud, aud.contains(Subject(policy.audience)) else { throw .audienceMismatch }
        guard !isIDToken else { throw .notAccessToken }
        // The issuer means that a thief can do nothing with it: that must not end here.
        guard !isBound else { throw .boundToKey }
        let expiresAt = try Self.instant(exp, claim: "exp")
        let issuedAt = try Self.instant(iat, claim: "iat")
        guard now < expiresAt else { throw .expired }
        guard issuedAt <= now + policy.clockSkewMax else { throw .notYetValid }
        if let nbf {
            guard try Self.instant(nbf, claim: "nbf") <= now + policy.clockSkewMax else {
                throw .notYetValid
            }
        }
        guard expiresAt - issuedAt <= policy.lifetimeMax else { throw .lifetimeTooLong }
        guard let sub, Self.isName(sub) else { throw .claimInvalid("sub") }
        // Of two roles one would be chance or too much. A guest is known by a pass of this service, never by an
        // issuer's word.
        guard roles.count == 1, let role = roles.first, role != .guest else { throw .roleInvalid(claim: names.role) }
        let client = try subject(person, claim: names.person, required: role == .client)
        let clinician = try subject(self.clinician, claim: names.clinician, required: role == .clinician)
        if let actor {
            // Another issuer's name for somebody is not ours.
            guard Self.isName(actor), actorIssuer == nil || actorIssuer == issuer else { throw .claimInvalid("act") }
        }
        return Caller(
            subject: Subject(sub), role: role, clientID: client, clinicianID: clinician,
            actor: actor.map { Subject($0) }, expiresAt: expiresAt)
    }

    /// A NumericDate (RFC 7519 §2): seconds since 1970, fractions allowed.
    private static func instant(_ seconds: Double?, claim: String) throws(TokenError) -> Timestamp {
        // 253402300800 is the year 10000: beyond it a product with 1e6 would still fit, but no issuer means it.
        guard let seconds, seconds > 0, seconds < 253_402_300_800 else { throw .claimInvalid(claim) }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }

    private func subject(_ text: String?, claim: String, required: Bool) throws(TokenError) -> SubjectID? {
        guard let text else {
            if required { throw .claimInvalid(claim) }
            return nil
        }
        guard SubjectID.isValid(text) else { throw .claimInvalid(claim) }
        guard !applications.contains(Subject(text)) else { throw .personIsApplication(claim: claim) }
        return SubjectID(text)
    }

    /// 1 to 128 bytes, no control characters (C0, DEL, C1) and no line or paragraph separators: it is written to audit
    /// rows, reports and terminals.
    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                switch $0.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
    }
}
