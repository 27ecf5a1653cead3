internal import Crypto
public import TelehealthModel
internal import TextFormats

/// What an invitation's link carries: good for one redemption.
package struct InvitationGrant: Sendable, Hashable {
    package let sessionID: SessionID
    package let role: ParticipantRole
    /// The nonce: which row of the session it redeems.
    package let invitationID: InvitationID
    package let expiresAt: Timestamp

    package init(
        sessionID: SessionID, role: ParticipantRole, invitationID: InvitationID, expiresAt: Timestamp
    ) {
        self.sessionID = sessionID
        self.role = role
        self.invitationID = invitationID
        self.expiresAt = expiresAt
    }
}

/// Signs and reads what people without an account hold: grants, which are redeemed once, and passes, which are
/// what a redemption gives and the guest's bearer token from then on.
///
/// The key is the daemon's own and lies outside the database: who can write rows cannot make a grant. Both texts
/// are seven fields with dots between, the last the HMAC-SHA-256 of all before it, in hex; the second field keeps
/// one kind from being taken for the other. Neither holds anything of a person. Whether a grant was used or a
/// guest removed is recorded in the session, so a token is invalid after a removal.
public struct GuestKey: Sendable {
    public static let byteCount = 32
    /// How every text begins: tells a pass from a JWT.
    public static let prefix = "thg1."
    private static let grantTag = "grant"
    private static let passTag = "pass"
    /// Longest text read: the ids are UUIDs, so the real ones have about 200 bytes.
    private static let bytesMax = 512

    private let key: SymmetricKey

    /// - Parameter bytes: ``byteCount`` random bytes; nil for another count.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// A fresh key: what it signs is worth something only as long as this value lives.
    public init() { key = SymmetricKey(size: .bits256) }

    /// A bearer secret.
    package func seal(_ grant: InvitationGrant) -> String {
        seal([
            Self.grantTag, grant.sessionID.rawValue, grant.role.rawValue, grant.invitationID.rawValue,
            Self.seconds(grant.expiresAt),
        ])
    }

    /// - Returns: nil for what this key did not sign. Expiry is the reader's to judge.
    package func grant(_ text: String) -> InvitationGrant? {
        guard let fields = open(text, tag: Self.grantTag), let role = ParticipantRole(rawValue: fields[1]),
            let expiresAt = Self.instant(fields[3])
        else { return nil }
        return InvitationGrant(
            sessionID: SessionID(fields[0]), role: role, invitationID: InvitationID(fields[2]),
            expiresAt: expiresAt)
    }

    /// A bearer secret.
    package func seal(_ guest: GuestIdentity, expiresAt: Timestamp) -> String {
        seal([
            Self.passTag, guest.sessionID.rawValue, guest.participantID.rawValue, guest.subjectID.rawValue,
            Self.seconds(expiresAt),
        ])
    }

    /// Who bears this pass; expired ones included, so that they can be told so.
    ///
    /// - Returns: nil for what this key did not sign.
    public func caller(_ text: String) -> Caller? {
        guard let fields = open(text, tag: Self.passTag), let expiresAt = Self.instant(fields[3]) else {
            return nil
        }
        let guest = GuestIdentity(
            sessionID: SessionID(fields[0]), participantID: ParticipantID(fields[1]),
            subjectID: SubjectID(fields[2]))
        return Caller(subject: Subject(fields[2]), role: .guest, guest: guest, expiresAt: expiresAt)
    }

    private func seal(_ fields: [String]) -> String {
        let signed = Self.prefix + fields.joined(separator: ".")
        let code = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)
        return signed + "." + Hex.encode(code)
    }

    /// The four fields after the tag of a text that this key signed.
    private func open(_ text: String, tag: String) -> [String]? {
        guard text.utf8.count <= Self.bytesMax, text.hasPrefix(Self.prefix + tag + "."),
            let dot = text.lastIndex(of: "."), let code = Hex.decode(text[text.index(after: dot)...]),
            code.count == SHA256.byteCount
        else { return nil }
        let signed = text[..<dot]
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(signed.utf8), using: key)
        else { return nil }
        let fields = signed.split(separator: ".", omittingEmptySubsequences: false).dropFirst(2).map(
            String.init)
        return fields.count == 4 ? fields : nil
    }

    private static func seconds(_ instant: Timestamp) -> String { "\(instant.microseconds / 1_000_000)" }
    private static func instant(_ seconds: String) -> Timestamp? {
        Int64(seconds).map { Timestamp(microseconds: $0 &* 1_000_000) }
    }
}
