internal import DevelopmentIdentity

/// The names of the claims that carry role, person and clinician in an issuer's tokens.
public struct ClaimNames: Sendable, Hashable {
    /// The meaning of a name.
    public enum Part: String, Sendable, Hashable, CaseIterable {
        case role
        case person
        case clinician
    }

    /// The default names, and those in every development token.
    public static let standard = ClaimNames(
        role: DevelopmentIssuer.roleClaim, person: DevelopmentIssuer.personClaim,
        clinician: DevelopmentIssuer.clinicianClaim)

    /// Longest name, in characters (Unicode scalars).
    public static let lengthMax = 64

    /// The claim that says what the bearer may do: see ``Role``.
    public var role: String
    /// The claim with a patient's or guardian's id in the clinic's records.
    public var person: String
    /// The claim with a member of staff's id in the clinic's records.
    public var clinician: String

    public init(role: String, person: String, clinician: String) {
        self.role = role
        self.person = person
        self.clinician = clinician
    }

    public subscript(part: Part) -> String {
        switch part {
        case .role: role
        case .person: person
        case .clinician: clinician
        }
    }

    /// Why names are invalid, one sentence each for the operator; empty if all are valid.
    public var faults: [(part: Part, sentence: String)] {
        var faults: [(part: Part, sentence: String)] = []
        for (index, part) in Part.allCases.enumerated() {
            let name = self[part]
            if !Self.isName(name) {
                faults.append(
                    (part, "invalid claim name '\(name)': use 1 to \(Self.lengthMax) printable characters, no spaces"))
            } else if Self.applications.contains(name) {
                faults.append(
                    (part, "'\(name)' identifies the application (RFC 9068), not a person or a role"))
            } else if Self.registered.contains(name) || part != .role && Self.authorizations.contains(name) {
                faults.append((part, "'\(name)' is a registered claim with another meaning"))
            } else if let other = Part.allCases[..<index].first(where: { self[$0] == name }) {
                // Also names that only look alike: no token could contain both.
                faults.append((part, "'\(name)' is already the claim of the \(other.rawValue)"))
            }
        }
        return faults
    }

    private static func isName(_ text: String) -> Bool {
        (1...lengthMax).contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy {
                switch $0.properties.generalCategory {
                case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
                    .paragraphSeparator:
                    false
                default: true
                }
            }
    }

    private static let applications: Set = ["client_id", "azp"]

    /// RFC 9068 §2.2.3.1: meant for what a caller may do, so they may carry the role but nothing else.
    private static let authorizations: Set = ["roles", "groups", "entitlements"]

    /// Claims of access and ID tokens in IANA's "JSON Web Token Claims" registry: RFC 7519, OpenID Connect Core 1.0
    /// and its logout specifications, RFC 7800, 8417, 8693, 9396, 9449. A person's name, address or mail is not an id
    /// either: people change theirs, and may get one that belonged to someone else (OpenID Connect Core 1.0 §5.7).
    private static let registered: Set = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "at_hash", "c_hash", "acr", "amr",
        "sub_jwk", "sid", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
        "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
        "phone_number_verified", "address", "updated_at", "cnf", "events", "toe", "txn", "act", "may_act", "scope",
        "authorization_details", "htm", "htu", "ath",
    ]
}
