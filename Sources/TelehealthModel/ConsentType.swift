/// What a consent is about: an open set, of which the program knows five and the policies of places may define more.
///
/// ``id`` is how the API, policy files and settings name a type, ``rawValue`` the word that rows hold. The words of the
/// five are older than the ids and stay; of every other type the word is the id. ``wireName(_:)`` of a type is what
/// receipts, audit rows and records in FHIR say.
public struct ConsentType: RawRepresentable, Sendable, Hashable {
    /// Comparing and hashing the program's own types, which nearly all rows are of, looks at no text.
    private enum Word: Sendable, Hashable {
        case georgiaTelehealth, hipaaTelehealth, recording, telehealth, thirdPartyPresence
        case defined(String)
    }

    private let word: Word

    private init(_ word: Word) { self.word = word }

    public static var georgiaTelehealth: Self { Self(.georgiaTelehealth) }
    public static var hipaaTelehealth: Self { Self(.hipaaTelehealth) }
    /// Being recorded. Captures stand on it, whatever a policy says.
    public static var recording: Self { Self(.recording) }
    /// Telehealth in a place without a type of its own.
    public static var telehealth: Self { Self(.telehealth) }
    /// That somebody beyond client, guardian and clinician takes part. Third parties stand on it, whatever a policy
    /// says.
    public static var thirdPartyPresence: Self { Self(.thirdPartyPresence) }

    /// Those that the program knows by itself.
    public static let builtIn: [Self] = [
        .georgiaTelehealth, .hipaaTelehealth, .recording, .telehealth, .thirdPartyPresence,
    ]

    /// Bytes of the longest id.
    public static let idBytesMax = 64

    /// - Parameter rawValue: a word as rows hold it; nil for what no row could hold.
    public init?(rawValue: String) {
        switch rawValue {
        case "georgiaTelehealth": word = .georgiaTelehealth
        case "hipaaTelehealth": word = .hipaaTelehealth
        case "recording": word = .recording
        case "telehealth": word = .telehealth
        case "thirdPartyPresence": word = .thirdPartyPresence
        default:
            // The ids of the five are not translated words: each of them has one name in a row.
            guard let type = Self(id: rawValue), case .defined = type.word else { return nil }
            word = type.word
        }
    }

    /// - Parameter id: as the API names it; nil for an invalid id: 1 to ``idBytesMax`` characters of `a-z 0-9 _`, a
    ///   letter first. Whether any place knows it is ``JurisdictionPolicies/type(id:)``'s to say.
    public init?(id: String) {
        switch id {
        case "georgia_telehealth": word = .georgiaTelehealth
        case "hipaa_telehealth": word = .hipaaTelehealth
        case "recording": word = .recording
        case "telehealth": word = .telehealth
        case "third_party_presence": word = .thirdPartyPresence
        default:
            guard Self.isID(id) else { return nil }
            word = .defined(id)
        }
    }

    /// - Parameter outdatedName: as policy files and settings of the release before name it ("GEORGIA_TELEHEALTH"); nil
    ///   for every other text.
    public init?(outdatedName: String) {
        guard let type = Self.builtIn.first(where: { wireName($0) == outdatedName }) else { return nil }
        self = type
    }

    public var rawValue: String {
        switch word {
        case .georgiaTelehealth: "georgiaTelehealth"
        case .hipaaTelehealth: "hipaaTelehealth"
        case .recording: "recording"
        case .telehealth: "telehealth"
        case .thirdPartyPresence: "thirdPartyPresence"
        case .defined(let id): id
        }
    }

    public var id: String {
        switch word {
        case .georgiaTelehealth: "georgia_telehealth"
        case .hipaaTelehealth: "hipaa_telehealth"
        case .recording: "recording"
        case .telehealth: "telehealth"
        case .thirdPartyPresence: "third_party_presence"
        case .defined(let id): id
        }
    }

    private static func isID(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= idBytesMax else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "_")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }
}
