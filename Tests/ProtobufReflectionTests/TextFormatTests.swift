import Foundation
import ProtobufReflection
import ProtobufWire
import Testing

/// A proto2 type with what only text format names in its own way: a group, an extension, reserved names.
enum TextFixture {
    static func type() throws -> MessageDescriptor {
        let file = Google_Protobuf_FileDescriptorProto.with {
            $0.name = "old.proto"
            $0.package = "old"
            $0.dependency = ["google/protobuf/any.proto"]
            $0.messageType = [
                .with {
                    $0.name = "Old"
                    $0.field = [
                        field("number", 1, .int32), field("name", 2, .string), field("names", 3, .string, .repeated),
                        field("part", 4, .group, type: ".old.Old.Part"), field("mood", 5, .enum, type: ".old.Mood"),
                        field("old", 6, .message, type: ".old.Old"), field("flag", 7, .bool),
                        field("any", 8, .message, type: ".google.protobuf.Any"), field("ratio", 9, .float),
                        field("raw", 10, .bytes), field("olds", 11, .message, .repeated, type: ".old.Old"),
                        field("large", 12, .uint64), field("exact", 13, .double),
                        field("counts", 14, .int64, .repeated),
                    ]
                    $0.nestedType = [
                        .with {
                            $0.name = "Part"
                            $0.field = [field("depth", 1, .int32)]
                        }
                    ]
                    $0.reservedName = ["gone"]
                    $0.extensionRange = [.with { $0.start = 100; $0.end = 200 }]
                }
            ]
            $0.enumType = [
                .with {
                    $0.name = "Mood"
                    $0.value = [
                        .with { $0.name = "CALM"; $0.number = 0 }, .with { $0.name = "TENSE"; $0.number = -3 },
                    ]
                }
            ]
            $0.extension = [
                .with {
                    $0.name = "note"
                    $0.extendee = ".old.Old"
                    $0.number = 100
                    $0.type = .string
                    $0.label = .optional
                }
            ]
        }
        let wellKnown = try [Google_Protobuf_Any_File.descriptor, Google_Protobuf_Duration_File.descriptor].map {
            try Google_Protobuf_FileDescriptorProto(decoding: $0.bytes)
        }
        return try #require(DescriptorPool(files: [file] + wellKnown).message(named: "old.Old"))
    }

    private static func field(
        _ name: String, _ number: Int32, _ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum,
        _ label: Google_Protobuf_FieldDescriptorProto.Label = .optional, type: String? = nil
    ) -> Google_Protobuf_FieldDescriptorProto {
        .with {
            $0.name = name
            $0.number = number
            $0.type = kind
            $0.label = label
            $0.typeName = type
        }
    }
}

@Suite("Protobuf text format") struct TextFormatTests {
    @Test("protoc's text and protoc's bytes are the same message", arguments: ["scalars", "thing"])
    func readsWhatProtocReads(name: String) throws {
        let type = try DynamicFixture.type("fixture.v1.\(name.capitalized)")
        let text = String(decoding: try DynamicFixture.bytes("\(name).textproto"), as: UTF8.self)
        let bytes = try DynamicFixture.bytes("\(name).binpb")
        #expect(try DynamicMessage(type, text: text) == DynamicMessage(type, decoding: bytes))
    }

    @Test("bytes survive the way through text, in one line and in many", arguments: [false, true])
    func roundTrips(isIndented: Bool) throws {
        for name in ["scalars", "thing"] {
            let type = try DynamicFixture.type("fixture.v1.\(name.capitalized)")
            let message = try DynamicMessage(type, decoding: DynamicFixture.bytes("\(name).binpb"))
            let text = message.textFormat(options: .init(isIndented: isIndented))
            #expect(text.contains("\n") == isIndented)
            #expect(try DynamicMessage(type, text: text) == message)
        }
    }

    @Test(
        "every way of writing a value is read",
        arguments: [
            ("number: 0x1F", "number: 31"), ("number: -0X1f", "number: -31"), ("number: 017", "number: 15"),
            ("number: 00", "number: 0"), ("number: - # minus what?\n 5", "number: -5"),
            ("number:-2147483648", "number: -2147483648"), ("large: 0xFFFFFFFFFFFFFFFF", "large: 18446744073709551615"),
            ("ratio: 1.5f", "ratio: 1.5"), ("ratio: 10F", "ratio: 10"), ("ratio: .5", "ratio: 0.5"),
            ("ratio: 5.", "ratio: 5"), ("ratio: 1e3", "ratio: 1000"), ("ratio: -InFiNiTy", "ratio: -inf"),
            ("ratio: inf", "ratio: inf"), ("ratio: nan", "ratio: nan"), ("ratio: 1e99", "ratio: inf"),
            ("ratio: -0", "ratio: -0.0"), ("exact: 0.1", "exact: 0.1"), ("exact: 1e-999", "exact: 0"),
            ("exact: 123456789012345678901234567890", "exact: 1.2345678901234568e+29"),
            ("flag: True", "flag: true"), ("flag: t", "flag: true"), ("flag: 0x1", "flag: true"),
            ("flag: False", "flag: false"), ("flag: 00", "flag: false"),
            ("mood: TENSE", "mood: TENSE"), ("mood: -3", "mood: TENSE"), ("mood: 0", "mood: CALM"),
            (#"name: 'it''s' "one" 'text'"#, #"name: "itsonetext""#),
            (#"name: "\a\b\f\n\r\t\v\?\\\'\"""#, #"name: "\007\010\014\n\r\t\013?\\\'\"""#),
            (#"name: "\344\275\240\xE5\xa5\xBD\u00e9\U0001F600""#, #"name: "你好é😀""#),
            (#"name: "\1011\x411""#, #"name: "A1A1""#), (#"raw: "\377\x0\0""#, #"raw: "\377\000\000""#),
            (#"raw: "é""#, #"raw: "\303\251""#), (#"name: "\302\205\u2028""#, #"name: "\302\205\342\200\250""#),
            ("names: ['a', 'b'] names: 'c'", #"names: "a" names: "b" names: "c""#), ("names: []", ""),
            ("counts: [1, -2,\n3]", "counts: 1 counts: -2 counts: 3"),
            ("olds [{}, <number: 1>]", "olds { } olds { number: 1 }"), ("olds: [{}]", "olds { }"),
            ("old { number: 1 }", "old { number: 1 }"), ("old: <number: 1>", "old { number: 1 }"),
            ("number: 1, name: 'a'; flag: 1", #"number: 1 name: "a" flag: true"#),
            ("name: 'a'number: 1", #"number: 1 name: "a""#), ("# nothing\n", ""), ("old{}flag:t", "old { } flag: true"),
            ("Part { depth: 1 }", "Part { depth: 1 }"), ("part { depth: 1 }", "Part { depth: 1 }"),
            ("[old.note]: 'n'", #"[old.note]: "n""#), ("[ old . note ] : 'n'", #"[old.note]: "n""#),
            ("gone: 5 gone { a: [1, b, -inf, 'x'] [c.d/e] < > } gone: [{}] number: 1", "number: 1"),
            (
                "any { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } }",
                "any { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } }"
            ),
            (
                #"any { type_url: "type.googleapis.com/google.protobuf.Duration" value: "\010\002" }"#,
                "any { [type.googleapis.com/google.protobuf.Duration] { seconds: 2 } }"
            ),
            (
                #"any { type_url: "type.googleapis.com/not.Known" value: "x" }"#,
                #"any { type_url: "type.googleapis.com/not.Known" value: "x" }"#
            ),
            (
                #"any { type_url: "x/google.protobuf.Duration" value: "\377" }"#,
                #"any { type_url: "x/google.protobuf.Duration" value: "\377" }"#
            ),
        ])
    func reads(text: String, canonical: String) throws {
        let message = try DynamicMessage(TextFixture.type(), text: text)
        #expect(message.textFormat() == canonical)
        #expect(try DynamicMessage(TextFixture.type(), text: canonical).textFormat() == canonical)
    }

    @Test(
        "what is not a value of its field is refused",
        arguments: [
            "number: 2147483648", "number: -2147483649", "number: 1.0", "number: 1f", "number: 08", "number: 0x",
            "number: 0xG", "number: 1x", "number: 1.2.3", "number: --1", "number: +1", "number: '1'", "number: 1e",
            "number: inf", "number: ", "number 1", "number", "number: {}", "number: [1]", "number: 1name: 'a'",
            "large: -1", "large: 18446744073709551616", "ratio: 0x1", "ratio: 010", "ratio: infinite", "ratio: .",
            "ratio: 1.5ff", "ratio: 'inf'", "flag: 2", "flag: TRUE", "flag: -0", "mood: 4", "mood: calm",
            "mood: -4294967299", "name: a", "name: 'a", "name: \"a'", "name: 'a\nb'", "name: 'a\0'", #"name: '\"#,
            #"name: '\q'"#, #"name: '\xg'"#, #"name: '\400'"#, #"name: '\300'"#, #"name: '\u12'"#,
            #"name: '\ud800'"#,
            #"name: '\ud83d\ude00'"#, #"name: '\U00110000'"#, #"raw: '\udc00'"#, "names: ['a',]", "names: ['a' 'b'",
            "names ['a']", "names: [['a']]", "old {", "old { >", "old < }", "old }", "}", "old: [{}]", "number: 1,,",
            "number: 1 number: 2", "old {} old {}", "nope: 1", "[old.nope]: 1", "[old.note: 1", "[]: 1",
            "[old note]: 1",
            "PART { }", "8: 1", "number: 1 ]", "any { [type.googleapis.com/not.Known] { } }",
            "[type.googleapis.com/google.protobuf.Duration] { }",
            "any { [x/google.protobuf.Duration] { } [x/google.protobuf.Duration] { } }",
            "any { type_url: 'x' [x/google.protobuf.Duration] { } }",
            "any { [x/google.protobuf.Duration] { } value: 'x' }", "any { [x/google.protobuf.Duration]: 5 }",
            "gone", "gone: ", "gone: {", "gone [1]", "gone: [1", "\u{FEFF}number: 1",
        ])
    func refuses(text: String) throws {
        let type = try TextFixture.type()
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: text) }
    }

    @Test("JSON's names are not text format's, and a oneof takes one member")
    func namesAndOneofs() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: "ownerId: 'a'") }
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: "title: 'a' kind: 1") }
        #expect(try DynamicMessage(type, text: "kind: 77").textFormat() == "kind: 77")
    }

    @Test("map entries are sorted by key, may lack either part, and the last of a key wins")
    func maps() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let text = """
            counts { key: "b" value: 2 } counts: [{ key: "a" }, { value: 3 }] counts { key: "b" value: 4 }
            by_number { key: 2 } by_number { key: -1 value { a_bool: true } } by_flag { key: true value: 5 } by_flag {}
            """
        #expect(
            try DynamicMessage(type, text: text).textFormat(options: .init(isIndented: true)) == """
                counts {
                  key: ""
                  value: 3
                }
                counts {
                  key: "a"
                  value: 0
                }
                counts {
                  key: "b"
                  value: 4
                }
                by_number {
                  key: -1
                  value {
                    a_bool: true
                  }
                }
                by_number {
                  key: 2
                  value {
                  }
                }
                by_flag {
                  key: false
                  value: THING_STATE_UNSPECIFIED
                }
                by_flag {
                  key: true
                  value: 5
                }

                """)
    }

    @Test("an error says where it is")
    func locatesErrors() throws {
        let type = try TextFixture.type()
        let cases = [
            "number: x": "line 1, column 9: expected a 32-bit whole number",
            "# ü\nname: 'é' nope: 1": "line 2, column 11: old.Old has no field nope",
            "old {\n  names: ['a',\n    5]\n}": "line 3, column 5: expected a string in quotes",
            "number: 1\nnumber: 2": "line 2, column 1: number appears twice",
            "name: 'a\\q'": "line 1, column 9: unknown escape", "old {": "line 1, column 6: expected a name",
        ]
        for (text, message) in cases {
            do {
                _ = try DynamicMessage(type, text: text)
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.description == message)
            }
        }
    }

    @Test("nesting, messages and bytes are taken up to their limits and refused one beyond")
    func limits() throws {
        let type = try TextFixture.type()
        func nested(_ depth: Int) -> String {
            String(repeating: "old{", count: depth) + String(repeating: "}", count: depth)
        }
        #expect(throws: Never.self) { try DynamicMessage(type, text: nested(100)) }
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: nested(101)) }
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: "gone" + nested(101).dropFirst(3)) }
        let few = TextFormatDecodingOptions(maximumByteCount: 40, maximumMessageCount: 3)
        #expect(throws: Never.self) { try DynamicMessage(type, text: "olds [{}, {}, {}]", options: few) }
        #expect(throws: TextFormatError.self) { try DynamicMessage(type, text: "olds [{}, {}, {}, {}]", options: few) }
        #expect(throws: Never.self) { try DynamicMessage(type, text: String(repeating: " ", count: 40), options: few) }
        #expect(throws: TextFormatError.self) {
            try DynamicMessage(type, text: String(repeating: " ", count: 41), options: few)
        }
    }

    @Test("unknown fields are refused, or skipped on demand")
    func skipsUnknown() throws {
        let text = "new { a: [1, { }] [x.y] < b: -1.5f > } number: 1; newer: SOME [x.z]: 'a' 'b'"
        #expect(throws: TextFormatError.self) { try DynamicMessage(TextFixture.type(), text: text) }
        let message = try DynamicMessage(
            TextFixture.type(), text: text, options: .init(ignoresUnknownFields: true))
        #expect(message.textFormat() == "number: 1")
    }

    @Test("unknown fields are printed by number on demand, as what their bytes may be")
    func printsUnknown() throws {
        let bytes: [UInt8] = [
            0xA0, 0x06, 0x07, 0xA5, 0x06, 1, 0, 0, 0, 0xA1, 0x06, 2, 0, 0, 0, 0, 0, 0, 0, 0xA2, 0x06, 2, 0x08, 0x05,
            0xA2, 0x06, 3, 0x61, 0x62, 0xFF, 0xA2, 0x06, 0, 0xA3, 0x06, 0x08, 0x01, 0xA4, 0x06,
        ]
        let type = try DynamicFixture.type("fixture.v1.Scalars")
        let message = try DynamicMessage(type, decoding: bytes)
        #expect(message.textFormat() == "")
        #expect(
            message.textFormat(options: .init(printsUnknownFields: true)) == """
                100: 7 100: 0x00000001 100: 0x0000000000000002 100 { 1: 5 } 100: "ab\\377" 100: "" 100 { 1: 1 }
                """)
    }

    @Test("an Any within an Any is expanded down to the depth that can be read, however deep the bytes go")
    func boundsNestedAny() throws {
        let type = try #require(TextFixture.type().field(named: "any").map(TextFixture.type().messageType))
        let url = "type.googleapis.com/google.protobuf.Any"
        var message = DynamicMessage(type)
        for _ in 0..<2_000 {
            var outer = DynamicMessage(type)
            outer[try #require(type.field(named: "type_url"))] = .string(url)
            outer[try #require(type.field(named: "value"))] = .bytes(message.encodedBytes())
            message = outer
        }
        let text = message.textFormat()
        #expect(text.split(separator: "[\(url)]").count == 100)
        #expect(try DynamicMessage(type, text: text) == message)
    }

    @Test("text cut anywhere throws or gives another message")
    func survivesEveryCut() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let whole = try DynamicMessage(type, decoding: DynamicFixture.bytes("thing.binpb"))
        let text = [UInt8](whole.textFormat().utf8)
        for length in text.indices {
            if let message = try? DynamicMessage(type, text: String(decoding: text[..<length], as: UTF8.self)) {
                #expect(message != whole || text[length...].allSatisfy { $0 == UInt8(ascii: " ") })
            }
        }
    }
}
