import TelehealthModel
import Testing

@Suite("Consent types") struct ConsentTypeTests {
    /// id in the API, word in rows, word in receipts, audit rows and records.
    static let names: [(id: String, stored: String, public: String)] = [
        ("georgia_telehealth", "georgiaTelehealth", "GEORGIA_TELEHEALTH"),
        ("hipaa_telehealth", "hipaaTelehealth", "HIPAA_TELEHEALTH"), ("recording", "recording", "RECORDING"),
        ("telehealth", "telehealth", "TELEHEALTH"),
        ("third_party_presence", "thirdPartyPresence", "THIRD_PARTY_PRESENCE"),
        ("carolina_telehealth_2", "carolina_telehealth_2", "CAROLINA_TELEHEALTH_2"),
    ]

    @Test(arguments: names)
    func `a type has one id and one word in rows, and each finds it`(id: String, stored: String, shown: String) throws {
        let type = try #require(ConsentType(id: id))
        #expect(type.id == id && type.rawValue == stored && wireName(type) == shown)
        #expect(ConsentType(rawValue: stored) == type)
    }

    @Test func `every type of the program's own has its names here, and no two share one`() {
        let own = Self.names.prefix(ConsentType.builtIn.count)
        #expect(own.map(\.id) == ConsentType.builtIn.map(\.id))
        #expect(Set(own.flatMap { [$0.id, $0.stored] }).count == 2 * own.count - 2, "two words are ids as well")
    }

    @Test(arguments: [
        "", "_a", "1a", "a-b", "a.b", "a b", "A", "georgiaTelehealth", "thirdPartyPresence", "GEORGIA_TELEHEALTH", "é",
        "a\0", String(repeating: "a", count: 65),
    ])
    func `what has another shape is not an id`(text: String) { #expect(ConsentType(id: text) == nil) }

    @Test(arguments: ["", "georgia_telehealth", "hipaa_telehealth", "third_party_presence", "Recording", "a-b"])
    func `what no row could hold is not a word`(text: String) { #expect(ConsentType(rawValue: text) == nil) }

    @Test func `the longest id is one`() { #expect(ConsentType(id: String(repeating: "a", count: 64)) != nil) }

    @Test func `names of the release before are those of the program's own types`() {
        for name in Self.names.prefix(5) { #expect(ConsentType(outdatedName: name.public)?.id == name.id) }
        for name in ["recording", "CAROLINA_TELEHEALTH_2", "", "GEORGIATELEHEALTH"] {
            #expect(ConsentType(outdatedName: name) == nil)
        }
    }
}
