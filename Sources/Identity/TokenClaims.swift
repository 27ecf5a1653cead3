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
struct TokenClaims: Sendable {
    var iss: Subject?
    var sub: String?
    var aud: [Subject]?
    var exp: Double?
    var iat: Double?
    var nbf: Double?
    var role: String?
    var clientID: String?
    var clinicianID: String?
    var actor: String?

    /// - Parameter bytes: the decoded second part.
    /// - Throws: ``TokenError/malformed``: no JSON object with every member once, at any depth (RFC 7519 §4 lets a
    ///   reader refuse what names a claim twice), or a claim of the wrong type. `null` is no claim's type.
    init(parsing bytes: [UInt8]) throws(TokenError) {
        guard let document = try? JSONText(parsing: bytes, fractions: true), case .object = document else {
            throw .malformed
        }
        iss = try Self.text("iss", in: document).map { Subject($0) }
        sub = try Self.text("sub", in: document)
        aud = try Self.audience(document["aud"])
        exp = try Self.seconds("exp", in: document)
        iat = try Self.seconds("iat", in: document)
        nbf = try Self.seconds("nbf", in: document)
        role = try Self.text("role", in: document)
        clientID = try Self.text("client_id", in: document)
        clinicianID = try Self.text("clinician_id", in: document)
        if let act = document["act"] {
            guard let text = act["sub"]?.stringValue else { throw .malformed }
            actor = text
        }
    }

    private static func text(_ name: String, in document: JSONText) throws(TokenError) -> String? {
        guard let value = document[name] else { return nil }
        guard let text = value.stringValue else { throw .malformed }
        return text
    }

    private static func seconds(_ name: String, in document: JSONText) throws(TokenError) -> Double? {
        guard let value = document[name] else { return nil }
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
        if let actor, !Self.isName(actor) { throw .claimInvalid(.actor) }
        return Caller(
            subject: Subject(sub), role: role, clientID: client, clinicianID: clinician,
            actor: actor.map { Subject($0) }, expiresAt: expiresAt)
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
