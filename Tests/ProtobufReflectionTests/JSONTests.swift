import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Protobuf JSON") struct JSONTests {
    private func wellKnown(_ name: String) throws -> MessageDescriptor {
        let pool = try DescriptorPool([
            Google_Protobuf_Any_File.descriptor, Google_Protobuf_Duration_File.descriptor,
            Google_Protobuf_Timestamp_File.descriptor, Google_Protobuf_Struct_File.descriptor,
            Google_Protobuf_FieldMask_File.descriptor, Google_Protobuf_Wrappers_File.descriptor,
        ])
        return try #require(pool.message(named: "google.protobuf.\(name)"))
    }

    @Test(
        "well-known types have their own canonical forms",
        arguments: [
            ("Timestamp", "\"2026-11-22T16:37:34Z\"", "\"2026-11-22T16:37:34Z\""),
            ("Timestamp", "\"1972-02-29T23:59:59.5+01:30\"", "\"1972-02-29T22:29:59.500Z\""),
            ("Timestamp", "\"0001-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""),
            ("Timestamp", "\"9999-12-31T23:59:59.999999999Z\"", "\"9999-12-31T23:59:59.999999999Z\""),
            ("Timestamp", "\"1969-12-31T23:59:59.000001Z\"", "\"1969-12-31T23:59:59.000001Z\""),
            ("Duration", "\"-0.5s\"", "\"-0.500s\""),
            ("Duration", "\"315576000000s\"", "\"315576000000s\""),
            ("FieldMask", "\"fooBar,baz.quxQuux\"", "\"fooBar,baz.quxQuux\""),
            ("FieldMask", "\"\"", "\"\""), ("FieldMask", "\"О.éÉ\"", "\"О.éÉ\""),
            ("Struct", #"{"a": [1, "x", null, {"b": true}]}"#, #"{"a":[1,"x",null,{"b":true}]}"#),
            ("Value", "1e3", "1000"),
            ("Int64Value", "9007199254740993", "\"9007199254740993\""),
            ("Int64Value", "\"12e2\"", "\"1200\""),
            ("UInt64Value", "18446744073709551615.0", "\"18446744073709551615\""),
            ("Int32Value", "-2147483648", "-2147483648"),
            ("FloatValue", "3.4028235e38", "3.4028235e+38"),
            ("DoubleValue", "\"-Infinity\"", "\"-Infinity\""),
            ("DoubleValue", "0.1", "0.1"), ("DoubleValue", "-0", "-0.0"), ("FloatValue", "-0.0", "-0.0"),
            ("BytesValue", "\"-_8\"", "\"+/8=\""),
            ("StringValue", #""\ud83d\ude00\u0000\"""#, #""😀\u0000\"""#),
            (
                "Any", #"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}"#,
                #"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}"#
            ),
        ])
    func readsAndWrites(type: String, text: String, canonical: String) throws {
        #expect(try DynamicMessage(wellKnown(type), json: text).jsonText() == canonical)
    }

    @Test(
        "text that is not a value of the type is refused",
        arguments: [
            ("Timestamp", "\"2026-02-29T00:00:00Z\""), ("Timestamp", "\"2026-11-22 16:37:34Z\""),
            ("Timestamp", "\"10000-01-01T00:00:00Z\""), ("Timestamp", "\"0001-01-01T00:00:00+00:01\""),
            ("Timestamp", "\"2026-11-22T16:37:34\""), ("Timestamp", "0"),
            ("Duration", "\"1\""), ("Duration", "\"315576000001s\""), ("Duration", "\"1.1234567890s\""),
            ("FieldMask", "\"foo_bar\""), ("Int32Value", "2147483648"), ("Int32Value", "1.5"),
            ("Int32Value", "\" 1\""), ("Int32Value", "1e10"), ("Int32Value", "\"\""), ("UInt32Value", "-1"),
            ("FloatValue", "3.5e38"), ("DoubleValue", "1e309"), ("DoubleValue", "\"inf\""),
            ("DoubleValue", "\"0x1\""),
            ("BoolValue", "\"true\""), ("BytesValue", "\"A\""), ("BytesValue", "\"A=\""),
            ("BytesValue", "\"*\""),
            ("StringValue", #""\ud83d""#), ("StringValue", #""\ude00\ud83d""#), ("StringValue", "\"a\nb\""),
            ("Struct", #"{"a":1,"a":2}"#), ("Struct", #"{"a":1,}"#), ("Struct", "{'a':1}"),
            ("Struct", "{} {}"),
            ("Struct", "[1]"), ("ListValue", "[1,]"), ("Value", "01"), ("Value", "+1"), ("Value", ".5"),
            ("Value", "1."), ("Value", "nul"), ("Value", ""), ("Any", #"{"value":"1s"}"#),
            ("Any", #"{"@type":"type.googleapis.com/not.Known"}"#),
            ("Any", #"{"@type":"google.protobuf.Duration","value":"1s"}"#),
        ])
    func refuses(type: String, text: String) throws {
        let descriptor = try wellKnown(type)
        #expect(throws: JSONError.self) { try DynamicMessage(descriptor, json: text) }
    }

    @Test("nesting is allowed up to the limit and refused one deeper")
    func limitsDepth() throws {
        let type = try wellKnown("Value")
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(throws: Never.self) { try DynamicMessage(type, json: deep) }
        #expect(throws: JSONError.self) { try DynamicMessage(type, json: "[" + deep + "]") }
    }

    @Test("an error says where it is")
    func locatesErrors() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let cases = [
            #"{"children":[{},{"parent":{"limit":"x"}}]}"#: "children.1.parent.limit",
            #"{"counts":{"k":[]}}"#: "counts.k",
            #"{"parent":{"nope":1}}"#: "parent.nope",
            #"{"ownerId":"a","owner_id":"b"}"#: "owner_id",
            #"{"title":"a","kind":1}"#: "kind",
        ]
        for (text, path) in cases {
            do {
                _ = try DynamicMessage(type, json: text)
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.path == path)
            }
        }
    }

    @Test("unknown names are refused, or skipped on demand")
    func skipsUnknown() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let text =
            #"{"nope":{"a":[1]},"states":["THING_STATE_RUNNING","NEW"],"nextState":"NEW","tags":["t"]}"#
        #expect(throws: JSONError.self) { try DynamicMessage(type, json: text) }
        let message = try DynamicMessage(type, json: text, options: .init(ignoresUnknownFields: true))
        #expect(try message.jsonText() == #"{"tags":["t"],"states":["THING_STATE_IN_PROGRESS"]}"#)
    }

    @Test("null is absence")
    func ignoresNull() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let message = try DynamicMessage(
            type, json: #"{"limit":null,"tags":null,"parent":null,"counts":null}"#)
        #expect(message == DynamicMessage(type))
        #expect(throws: JSONError.self) { try DynamicMessage(type, json: #"{"tags":[null]}"#) }
    }

    @Test("defaults are written on demand, fields with presence left out")
    func writesDefaults() throws {
        let type = try DynamicFixture.type("fixture.v1.Scalars")
        let text = try DynamicMessage(type).jsonText(options: .init(includesDefaults: true))
        #expect(text.hasPrefix(#"{"aDouble":0,"aFloat":0,"anInt32":0,"anInt64":"0""#))
        #expect(text.hasSuffix(#""state":"THING_STATE_UNSPECIFIED"}"#))
    }

    @Test("numbers and times at the end of their range are refused, not computed with")
    func survivesExtremes() throws {
        let duration = try wellKnown("Duration")
        // seconds: -2^63
        let bytes: [UInt8] = [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]
        let message = try DynamicMessage(duration, decoding: bytes)
        #expect(throws: JSONError.self) { try message.jsonText() }
        for exponent in ["-9223372036854775808", "9223372036854775807", "-99999999999999999999"] {
            let number = "1e\(exponent)"
            let type = try wellKnown("Int64Value")
            #expect(throws: JSONError.self) { try DynamicMessage(type, json: number) }
            #expect(throws: JSONError.self) { try DynamicMessage(type, json: "\"\(number)\"") }
        }
    }

    @Test("an Any within an Any is written down to the depth that messages may have, and refused one deeper")
    func boundsNestedAny() throws {
        let type = try wellKnown("Any")
        func nested(_ depth: Int) throws -> DynamicMessage {
            var message = DynamicMessage(type)
            for _ in 0..<depth {
                var outer = DynamicMessage(type)
                outer[try #require(type.field(named: "type_url"))] = .string("x/google.protobuf.Any")
                outer[try #require(type.field(named: "value"))] = .bytes(message.encodedBytes())
                message = outer
            }
            return message
        }
        let deepest = try nested(99)
        #expect(try DynamicMessage(type, json: deepest.jsonText()) == deepest)
        for depth in [101, 5_000] {
            let message = try nested(depth)
            #expect(throws: JSONError.self) { try message.jsonText() }
        }
    }

    @Test("keys that look the same are two keys")
    func keepsKeysThatLookTheSame() throws {
        let text = "{\"e\u{301}\":1,\"\u{E9}\":2}"
        let written = try DynamicMessage(wellKnown("Struct"), json: text).jsonText()
        #expect(written.unicodeScalars.elementsEqual(text.unicodeScalars))
    }
}
