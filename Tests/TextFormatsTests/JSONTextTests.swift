import Testing
import TextFormats

@Suite("Canonical JSON") struct JSONTextTests {
    @Test(
        arguments: [
            (#"{"b":1,"a":[true,null,"x"]}"#, #"{"a":[true,null,"x"],"b":1}"#),
            (#" { "é" : "\u00e9\ud83d\ude00\n" , "z" : -0 } "#, nil),
            (#"{"é":"é😀\n"}"#, #"{"é":"é😀\n"}"#), (#""\u0001\"\\\/""#, #""\u0001\"\\/""#),
            ("[01]", nil), ("[1e3]", nil), (#"{"a":1,"a":2}"#, nil), (#""\ud800""#, nil), ("[1,]", nil),
            ("\"\u{1}\"", nil), ("[9223372036854775808]", nil), ("tru", nil), ("[]]", nil),
        ] as [(String, String?)])
    func `a document has one text, and what is none is refused`(text: String, canonical: String?) throws {
        if let canonical {
            let value = try JSONText(parsing: Array(text.utf8))
            #expect(value.text == canonical)
            #expect(try JSONText(parsing: value.bytes) == value)
        } else {
            #expect(throws: JSONTextError.self) { try JSONText(parsing: Array(text.utf8)) }
        }
    }

    @Test func `nesting and length are limited`() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(throws: JSONTextError.self) { try JSONText(parsing: Array(deep.utf8)) }
        let long = [UInt8](repeating: UInt8(ascii: " "), count: JSONText.bytesMax + 1)
        #expect(throws: JSONTextError.self) { try JSONText(parsing: long) }
    }

    @Test func `base64 comes back, and only from its one text`() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64.url.decodeCanonical(Base64.url.text(bytes)) == bytes)
        }
        #expect(
            Base64.standard.text(Array("ab".utf8)) == "YWI=" && Base64.standard.text(Array("abc".utf8)) == "YWJj")
        #expect(Base64.url.decodeCanonical("YWJ") == nil && Base64.url.decodeCanonical("YW+j") == nil)
    }

    /// Escapes with a sign in place of a digit, cut ones, wrong ones, and halves of pairs.
    @Test(arguments: [
        #""\u+041""#, #""\u-041""#, #""\u00g0""#, #""\u 041""#, #""\u041""#, #""\u"#, #""\"#, #""\x41""#, #""\U0041""#,
        #""\udc00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ud83d\ud83d""#, #""\ud83d\u""#, #""open"#,
        "\"\t\"",
    ])
    func `a string with a broken escape is refused`(text: String) {
        #expect(throws: JSONTextError.self) { try JSONText(parsing: Array(text.utf8)) }
    }

    @Test func `bytes that are not UTF-8 are refused in a string`() {
        #expect(throws: JSONTextError.self) { try JSONText(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONTextError.self) { try JSONText(parsing: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
    }

    @Test func `every character comes back from its string, also with what displays act upon escaped`() throws {
        for value in (UInt32(0)...0x3FF).map({ $0 }) + [0x2028, 0x202E, 0xFEFF, 0xE0041, 0x1F600, 0x10FFFF] {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            var bytes: [UInt8] = []
            text.appendAsJSONString(to: &bytes)
            #expect(try JSONText(parsing: bytes) == .string(text))
            #expect(try JSONText(parsing: JSONText.string(text).bytes) == .string(text))
        }
        var bytes: [UInt8] = []
        "\u{8}\u{C}\n\r\t\u{1}".appendAsJSONString(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #""\b\f\n\r\t\u0001""#)
    }
}
