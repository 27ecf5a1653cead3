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
}
