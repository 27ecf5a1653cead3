/// Under which names an issuer's tokens carry what no registered claim carries: role, person, clinician.
public struct ClaimNames: Sendable, Hashable {
    /// What a name stands for.
    public enum Part: String, Sendable, Hashable, CaseIterable {
        case role
        case person
        case clinician
    }

    /// The names where nobody chose others, and those of every development token.
    public static let standard = ClaimNames(
        role: "telehealth_role", person: "telehealth_person_id", clinician: "telehealth_clinician_id")

    /// Longest name, in characters (Unicode scalars).
    public static let lengthMax = 64

    /// The claim that says what its bearer may do at all: see ``Role``.
    public var role: String
    /// The claim with the id of a client or guardian in the clinic's records.
    public var person: String
    /// The claim with the id of a staff member in the clinic's records.
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

    /// Why names cannot be meant, a sentence each for the operator; empty when every name can.
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
                // Also what only looks alike: no token could hold both.
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

    /// RFC 9068 §2.2.3.1: made for what a caller may do, so the role may stand there and nothing else.
    private static let authorizations: Set = ["roles", "groups", "entitlements"]

    /// What access and ID tokens carry of IANA's "JSON Web Token Claims" registry: RFC 7519, OpenID Connect Core 1.0
    /// and its logout specifications, RFC 7800, 8417, 8693, 9396, 9449. A person's name, address or mail is no id
    /// either: people change theirs, and may get one that was somebody else's (OpenID Connect Core 1.0 §5.7).
    private static let registered: Set = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "at_hash", "c_hash", "acr", "amr",
        "sub_jwk", "sid", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile",
        "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
        "phone_number_verified", "address", "updated_at", "cnf", "events", "toe", "txn", "act", "may_act", "scope",
        "authorization_details", "htm", "htu", "ath",
    ]
}
