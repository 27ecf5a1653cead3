import Testing

@testable import TelehealthModel

@Suite("A required text") struct TextContentTests {
    @Test(arguments: [
        "   ", "", "\u{a0}", "\u{200b}\u{200d}", "---", "…", "\u{0}\u{1}", "👍", "\u{301}", "\t\n", "!?",
    ])
    func `of blanks and marks says nothing`(text: String) { #expect(!text.saysSomething) }

    @Test(arguments: ["a", " 1 ", "東京", "ß", "٣", "½", "—é—", "क"])
    func `with a letter or digit of any script does`(text: String) { #expect(text.saysSomething) }

    @Test func `is counted in Unicode scalars`() {
        #expect("👩‍⚕️".characterCount == 4 && "e\u{301}".characterCount == 2 && "é".characterCount == 1)
    }
}
