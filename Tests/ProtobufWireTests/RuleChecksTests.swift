import ProtobufWire
import Testing

@Suite("Rules of fields") struct RuleChecksTests {
    @Test(
        "characters are Unicode scalars",
        arguments: [("", 0), ("a", 1), ("é", 1), ("e\u{301}", 2), ("😀", 1), ("👨‍👩‍👧", 5), (String(repeating: "€", count: 40), 40)])
    func countsCharacters(text: String, count: Int) {
        for limit in 0...50 {
            #expect(RuleChecks.hasCharacters(text, atLeast: limit) == (count >= limit))
            #expect(RuleChecks.hasCharacters(text, atMost: limit) == (count <= limit))
        }
    }

    @Test("every byte is in its place of a set or in none")
    func readsSets() {
        for byte in UInt8.min...127 {
            let text = String(decoding: [byte], as: UTF8.self)
            let (low, high): (UInt64, UInt64) = byte < 64 ? (1 << UInt64(byte), 0) : (0, 1 << UInt64(byte - 64))
            #expect(RuleChecks.isText(text, of: low, high, count: 1...1))
            #expect(!RuleChecks.isText(text, of: ~low, ~high, count: 1...1))
        }
        for text in ["é", "\u{80}", "\u{212a}", "😀"] {
            #expect(!RuleChecks.isText(text, of: .max, .max, count: 0...9))
        }
    }

    @Test("texts are told apart by their bytes, short lists and long ones alike", arguments: [0, 11, 12, 40])
    func findsDuplicates(filler: Int) {
        let others = (0..<filler).map { "x\($0)" }
        #expect(!RuleChecks.hasDuplicates(others + ["\u{e9}", "e\u{301}"]))
        #expect(RuleChecks.hasDuplicates(["\u{e9}"] + others + ["\u{e9}"]))
        #expect(!RuleChecks.hasDuplicates(others.map { _ in Double.nan }))
        #expect(RuleChecks.hasDuplicates([0.0] + (0..<filler).map { Double($0 + 1) } + [-0.0]))
        #expect(!RuleChecks.isOne("\u{e9}", of: ["e\u{301}"]))
    }

    @Test("a path leads through fields, elements and maps, and a key is quoted")
    func writesPaths() {
        var violations = RuleViolations()
        violations.add("tags", at: 2, "string.min_len", "is too short")
        violations.add("m", at: "a\"\\b", "string.min_len", "is too short")
        violations.add("n", at: Int32(-3), "int32.gt", "is too small")
        violations.add("flags", at: true, "bool.const", "must be false")
        #expect(violations.all.map(\.field) == ["tags[2]", #"m["a\"\\b"]"#, "n[-3]", "flags[true]"])
    }

    @Test("what is beyond the limit is dropped, and nothing that came before it")
    func keepsToItsLimit() {
        var violations = RuleViolations(limit: 2)
        for index in 0..<5 { violations.add("tags", at: index, "string.min_len", "is too short") }
        #expect(violations.all.map(\.field) == ["tags[0]", "tags[1]"])
    }

    @Test("a message without rules breaks none")
    func checksNothing() {
        var violations = RuleViolations()
        Google_Protobuf_Struct().checkRules(&violations)
        #expect(violations.isEmpty)
    }
}
