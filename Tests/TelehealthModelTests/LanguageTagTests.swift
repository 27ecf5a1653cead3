import Testing

@testable import TelehealthModel

@Suite("A language tag") struct LanguageTagTests {
    @Test(arguments: [
        ("en-us", "en-US"), ("EN-US", "en-US"), ("ES", "es"), ("zh-hant-tw", "zh-Hant-TW"), ("iw", "he"),
        ("in-id", "id-ID"),
        ("sh", "sr-Latn"), ("sh-cyrl", "sr-Cyrl"), ("zh-yue-hk", "yue-HK"), ("es-419", "es-419"),
        ("fil-PH", "fil-PH"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"), ("de-1996", "de-1996"), ("en-X-TWAIN", "en-x-twain"),
        ("en-u-ca-gregory-t-de", "en-t-de-u-ca-gregory"),
    ])
    func `has one spelling`(text: String, canonical: String) {
        #expect(LanguageTag(text)?.text == canonical)
        #expect(LanguageTag(canonical)?.text == canonical)
    }

    @Test(arguments: [
        "", "e", "english please", "english", "en_US", "en--US", "-en", "en-", "zz", "x-private", "i-klingon",
        "en-U",
        "en-toolongsubtag", "de-1996-1996", "en-u-ca-u-co", "es-US\u{0}", "éñ",
        "en-US-aaaaaaaa-bbbbbbbb-cccccccc-d",
    ])
    func `what is none is refused`(text: String) { #expect(LanguageTag(text) == nil) }

    @Test(
        arguments: [
            ("es", ["es-US", "en-US"], "es-US"), ("es-MX", ["es", "en-US"], "es"),
            ("es", ["es-US", "es"], "es"),
            ("es", ["es-US", "es-MX"], "es-MX"), ("zh-Hant-TW-x-a", ["zh-Hant", "zh-Hans"], "zh-Hant"),
            ("zh-Hant", ["zh-Hans"], nil), ("es-MX", ["es-US"], nil), ("e", ["en"], nil),
            ("fr", ["en-US", "es-US"], nil),
        ] as [(String, [String], String?)])
    func `is looked up among the texts that there are`(asked: String, tags: [String], found: String?) {
        let tag = LanguageTag(asked)?.lookUp(among: tags.compactMap { LanguageTag($0) })
        #expect(tag?.text == found)
    }
}
