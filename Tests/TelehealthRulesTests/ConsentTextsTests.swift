import Testing

@testable import TelehealthModel
@testable import TelehealthRules

@Suite("Texts in force") struct ConsentTextsTests {
    @Test func `a signature under another spelling is outdated by a newer text as well`() {
        func text(_ version: String, at second: Int64, _ hash: UInt8) -> ConsentDocument {
            ConsentDocument(
                type: .recording, version: version, language: "en-US", text: version, textHash: [hash],
                effectiveAt: Timestamp(seconds: second), registeredAt: Timestamp(seconds: 0),
                registeredBy: "x")
        }
        let texts = ConsentTexts([text("1", at: 1, 1), text("2", at: 2, 2)])
        for spelling in ["en-US", "en-us"] {
            #expect(
                texts.replaced(.recording, version: "1", language: spelling, textHash: [1])
                    == Timestamp(seconds: 2))
        }
    }
}
