import TextFormats
import Testing

@Suite("Text for terminals and logs") struct DisplayTextTests {
    @Test(arguments: [
        ("\u{1B}[31mred\u{7}", #"\u001b[31mred\u0007"#),
        ("one\ntwo\rthree\tfour\0", #"one\ntwo\rthree\tfour\u0000"#),
        ("a\u{7F}b\u{80}c\u{9B}31m\u{9F}d", #"a\u007fb\u0080c\u009b31m\u009fd"#),
        ("safe\u{202E}gnp.exe\u{2066}\u{2069}\u{200E}\u{200F}\u{61C}", #"safe\u202egnp.exe\u2066\u2069\u200e\u200f\u061c"#),
        ("a\u{2028}b\u{2029}c\u{85}", #"a\u2028b\u2029c\u0085"#),
        ("\u{FEFF}x\u{FFF9}\u{E0041}", #"\ufeffx\ufff9\udb40\udc41"#),
    ])
    func `what a display would act upon is shown`(text: String, shown: String) {
        #expect(text.escapedForDisplay() == shown)
        #expect(DisplayText("<\(text)>").description == "<" + shown + ">")
        var json: [UInt8] = []
        text.appendAsJSONString(to: &json)
        #expect(String(decoding: json, as: UTF8.self) == "\"" + shown + "\"")
    }

    @Test(arguments: [
        "", "plain", "Grüße, Zoë", "日本語", "نامه\u{200C}ها", "👩\u{200D}⚕️", "ﻻ", "½ £ ©", "–—…“”", "\u{10FFFF}", "a\\b",
    ])
    func `text that only has a shape stays as it is`(text: String) {
        #expect(text.escapedForDisplay() == text)
        #expect(text.escapedForDisplay().utf8.elementsEqual(text.utf8))
    }

    @Test func `every character is either left alone or gone`() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let escaped = String(scalar).escapedForDisplay()
            let category = scalar.properties.generalCategory
            let isFound =
                category == .control || category == .lineSeparator || category == .paragraphSeparator
                || scalar.properties.isBidiControl
            if isFound { #expect(!escaped.unicodeScalars.contains(scalar), "U+\(String(value, radix: 16))") }
            #expect(escaped.unicodeScalars.contains(scalar) != scalar.isActedUponByDisplays)
        }
    }

    @Test func `a combining mark cannot hide a control character`() {
        #expect("\u{1B}\u{301}[2J".escapedForDisplay() == "\\u001b\u{301}[2J")
        #expect("\r\n".escapedForDisplay() == #"\r\n"#)
    }

    @Test func `line breaks stay where they are the program's own`() {
        let json = "{\n  \"a\": \"\u{1B}\"\r\n}"
        #expect(json.escapedForDisplay(keepingLineBreaks: true) == "{\n  \"a\": \"\\u001b\"\\r\n}")
        let text: DisplayText = "snapshot\n\(lines: json)"
        #expect(text.description.hasPrefix("snapshot\n{\n"))
    }

    @Test func `styles of the program's own pass through other text`() {
        let styled: DisplayText = "\u{1B}[1m\("bold\u{7}")\u{1B}[0m"
        #expect(DisplayText("x \(styled)").description == "x \u{1B}[1mbold\\u0007\u{1B}[0m")
        #expect(["a", styled].joined(separator: ", ").description == "a, " + styled.description)
        #expect(DisplayText("ab").padded(to: 4).description == "ab  ")
        #expect(DisplayText("abcde").padded(to: 4).description == "abcde")
    }

    @Test func `a JSON string escapes its own marks as well`() {
        var json: [UInt8] = []
        #"a"b\c"#.appendAsJSONString(to: &json)
        #expect(String(decoding: json, as: UTF8.self) == #""a\"b\\c""#)
    }
}
