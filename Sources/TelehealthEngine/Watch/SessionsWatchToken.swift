internal import Crypto
internal import TelehealthModel
internal import TelehealthRules
internal import TextFormats

/// Whose visits, of which time: what a watch of many visits is about.
public struct SessionsWatchScope: Sendable, Hashable {
    /// The longest range.
    public static let rangeMax = Duration.seconds(31 * 86_400)

    private let caller: Caller
    /// Of planned starts.
    let range: Range<Timestamp>
    /// As of ``VisitQuery/viewer``.
    let viewer: SubjectID?

    /// - Returns: nil for somebody who has no such view.
    init?(_ caller: Caller, _ range: Range<Timestamp>) {
        switch caller.role {
        case .scheduler, .admin: viewer = nil
        case .clinician:
            guard let clinician = caller.clinicianID else { return nil }
            viewer = clinician
        case .service, .client, .guest: return nil
        }
        self.caller = caller
        self.range = range
    }

    /// What makes it this one, in one text: ids hold no space, and the only text that might is the last.
    var description: String {
        let person = viewer?.rawValue ?? "-"
        return "\(caller.role.rawValue) \(person) \(range.lowerBound.microseconds) \(range.upperBound.microseconds) "
            + caller.subject.rawValue
    }

    /// Whether the caller sees the visit on this watch.
    func shows(_ state: SessionState) -> Bool {
        guard range.contains(state.session.startsAt) else { return false }
        return viewer.map { state.staffViewers.contains($0) } ?? true
    }
}

/// Where a watch of many visits goes on.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 8 | position, big endian |
/// | 8 | 24 | first 24 bytes of HMAC-SHA-256 over position and scope, keyed by the log's row there (``FeedSeal/key``) |
///
/// In base64url without padding: 43 characters. The key is different in every log that differs up to the position, and
/// nobody outside knows it: a made-up token, one of another store, caller or range, and one of a past that a restored
/// backup does not hold are told from a good one without anything being kept.
struct SessionsWatchToken {
    /// Longer ones than any of ours are refused unread.
    static let bytesMax = 64
    private static let markBytes = 24

    let position: Int64
    private let mark: [UInt8]

    /// What has the form of a token.
    init?(_ text: String) {
        guard let bytes = Base64.url.decodeCanonical(text), bytes.count == 8 + Self.markBytes else { return nil }
        let position = bytes[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard position <= Int64.max else { return nil }
        self.position = Int64(position)
        mark = Array(bytes[8...])
    }

    init(_ seal: FeedSeal, _ scope: SessionsWatchScope) {
        position = seal.position
        mark = Self.mark(seal, scope)
    }

    var text: String {
        let bytes = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: position >> Int64($0)) }
        return Base64.url.text(bytes + mark)
    }

    /// Whether it was made for this scope by this log.
    func isGood(_ seal: FeedSeal, _ scope: SessionsWatchScope) -> Bool {
        let expected = Self.mark(seal, scope)
        // Every byte is looked at, so that the time taken tells nothing of how many were right.
        return seal.position == position && zip(mark, expected).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func mark(_ seal: FeedSeal, _ scope: SessionsWatchScope) -> [UInt8] {
        let text = "sessions watch 1 \(seal.position) \(scope.description)"
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: seal.key))
        return Array(code.prefix(markBytes))
    }
}
