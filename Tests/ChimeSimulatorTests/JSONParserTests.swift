import Testing

@testable import ChimeSimulation

@Suite("JSON") struct JSONParserTests {
    @Test(
        arguments: [
            ("{}", JSONValue.object([])), (" [ 1 , -2.5e1 , true , null ] ", [1, .number(-25), true, .null]),
            (#""a\"\\\/\b\f\n\r\tü\u00fc\ud83d\ude00""#, "a\"\\/\u{8}\u{c}\n\r\tü\u{fc}\u{1f600}"),
            (#"{"a":{"b":[{}]}}"#, ["a": ["b": [[:]]]]), ("9223372036854775807", .integer(.max)),
            ("1E2", .number(100)),
        ] as [(String, JSONValue)])
    func `a document is read as it is written`(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
        #expect(try JSONParser.parse(value.serialized()) == value)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "nul", "01x", "+1", "1.", ".5", "\"a", "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\n\"", "1 2", "\u{feff}1", "Infinity", "0x10", "1e999",
        String(repeating: "[", count: 33) + String(repeating: "]", count: 33),
    ])
    func `what is not a document is refused`(text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONParser.Failure.notUTF8) { try JSONParser.parse([0x22, 0xff, 0x22]) }
    }

    @Test func `every truncation of a request fails and none traps`() throws {
        let text = Array(
            #"{"ClientRequestToken":"t\u00e9","Tags":[{"Key":"k","Value":"v"}],"n":-1.5e3}"#.utf8)
        #expect(throws: Never.self) { try JSONParser.parse(text) }
        for count in 0..<text.count {
            #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.prefix(count))) }
        }
    }
}
