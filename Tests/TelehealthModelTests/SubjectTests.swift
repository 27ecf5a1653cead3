import TelehealthModel
import Testing

@Suite("Subjects") struct SubjectTests {
    /// Pairs that Swift's `String` takes for one.
    static let lookalikes: [(String, String)] = [
        ("drK", "dr\u{212A}"), ("caf\u{E9}", "cafe\u{301}"), ("\u{C5}sa", "\u{212B}sa"), ("a;b", "a\u{37E}b"),
        ("\u{1100}\u{1161}", "\u{AC00}"), ("\u{1EBF}", "\u{EA}\u{301}"),
    ]

    @Test(arguments: lookalikes)
    func `texts that only look alike name two`(one: String, other: String) {
        #expect(one == other, "no pair to test with")
        #expect(Subject(one) != Subject(other))
        #expect(Set([Subject(one), Subject(other)]).count == 2)
        #expect((Subject(one) < Subject(other)) != (Subject(other) < Subject(one)))
    }

    @Test(arguments: lookalikes)
    func `the same bytes name one, however the text came to be`(one: String, other: String) {
        for text in [one, other] {
            let copy = String(decoding: Array(text.utf8), as: UTF8.self)
            let part = String("<\(text)>".dropFirst().dropLast())
            #expect(Subject(text) == Subject(copy) && Subject(text) == Subject(part))
            #expect(Set([Subject(text), Subject(copy), Subject(part)]).count == 1)
        }
    }
}
