internal import TelehealthModel
internal import TextFormats

/// The part of a token's protected header (RFC 7515 §4.1) that is used.
struct TokenHeader {
    let algorithm: String
    /// If absent, no key is named.
    let keyID: Subject?

    /// The media types of access tokens (RFC 7519 §5.1, RFC 9068 §2.1). A token of another kind, such as a logout
    /// token or a DPoP proof, may be signed with the same keys but is not an access token (RFC 8725 §3.11).
    private static let types: Set = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]

    /// - Parameter bytes: the decoded first part.
    /// - Throws: ``TokenError/malformed``: not a JSON object in which every member appears once, a member of the
    ///   wrong type, a type of other tokens, or critical extensions (RFC 7515 §4.1.11), none of which is supported.
    init(parsing bytes: [UInt8]) throws(TokenError) {
        guard let members = try? JSONText(parsing: bytes, fractions: true), case .object = members,
            members["crit"] == nil, let algorithm = members["alg"]?.stringValue
        else { throw .malformed }
        if let type = members["typ"] {
            guard let name = type.stringValue, Self.types.contains(where: { Self.areSame($0, name) }) else {
                throw .malformed
            }
        }
        if let id = members["kid"] {
            guard let text = id.stringValue else { throw .malformed }
            keyID = Subject(text)
        } else {
            keyID = nil
        }
        self.algorithm = algorithm
    }

    /// Media types compare case-insensitively (RFC 2045 §5.1), in ASCII only.
    private static func areSame(_ type: String, _ name: String) -> Bool {
        type.utf8.elementsEqual(name.utf8.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 })
    }
}
