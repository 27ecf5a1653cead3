import ProtobufCodegen
import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Checks of rules") struct RuleGenerationTests {
    typealias Field = Google_Protobuf_FieldDescriptorProto

    private static func extended(_ number: UInt32, _ rules: some Message) -> UnknownFields {
        var fields = UnknownFields()
        fields.append(field: number, delimited: rules.encodedBytes())
        return fields
    }

    /// What is generated of `a.M` with one field `it`.
    private func generate(
        _ rules: Buf_Validate_FieldRules, type: Field.TypeEnum = .string, typeName: String? = nil,
        isRepeated: Bool = false, predefined: Field? = nil, change: (inout Google_Protobuf_DescriptorProto) -> Void = { _ in }
    ) -> Google_Protobuf_Compiler_CodeGeneratorResponse {
        var message = Google_Protobuf_DescriptorProto.with { message in
            message.name = "M"
            message.field = [
                .with { field in
                    field.name = "it"
                    field.number = 1
                    field.type = type
                    field.typeName = typeName
                    field.label = isRepeated ? .repeated : .optional
                    field.options = .with { $0.unknownFields = Self.extended(1159, rules) }
                }
            ]
        }
        change(&message)
        let file = Google_Protobuf_FileDescriptorProto.with { file in
            file.name = "own.proto"
            file.package = "a"
            file.syntax = "proto3"
            file.messageType = [message]
            file.extension = predefined.map { [$0] } ?? []
        }
        return CodeGenerator.generate(
            .with {
                $0.protoFile = [file]
                $0.fileToGenerate = ["own.proto"]
                $0.parameter = "module=Anything"
            })
    }

    private static func string(_ fill: (inout Buf_Validate_StringRules) -> Void) -> Buf_Validate_FieldRules {
        .with { $0.type = .string(.with(fill)) }
    }

    private static let unknownRules: [(String, Buf_Validate_FieldRules, Field.TypeEnum)] = [
        ("pattern", string { $0.pattern = "^a$" }, .string), ("suffix", string { $0.suffix = "a" }, .string),
        ("contains", string { $0.contains = "a" }, .string), ("not_contains", string { $0.notContains = "a" }, .string),
        ("email", string { $0.wellKnown = .email(true) }, .string), ("ip", string { $0.wellKnown = .ip(true) }, .string),
        ("cel", .with { $0.cel = [.with { $0.expression = "this != ''" }] }, .string),
        ("cel_expression", .with { $0.celExpression = ["this != ''"] }, .string),
        ("a predefined rule that no file declares", string { $0.unknownFields.append(field: 50_000, varint: 1) }, .string),
        ("bytes pattern", .with { $0.type = .bytes(.with { $0.pattern = "a" }) }, .bytes),
        ("bytes ip", .with { $0.type = .bytes(.with { $0.wellKnown = .ip(true) }) }, .bytes),
        ("a rule of another kind of field", string { $0.minLen = 1 }, .int32),
        ("a rule of another width", .with { $0.type = .int32(.with { $0.greaterThan = .gt(1) }) }, .int64),
        ("a rule of lists on one value", .with { $0.type = .repeated(.with { $0.minItems = 1 }) }, .string),
        ("a bound that is not a number", .with { $0.type = .double(.with { $0.lessThan = .lt(.nan) }) }, .double),
        ("a rule of a later release", .with { $0.unknownFields.append(field: 99, varint: 1) }, .string),
    ]

    @Test("a rule that no check can be made of names its file and its field", arguments: unknownRules)
    func refusesUnknownRules(name: String, rules: Buf_Validate_FieldRules, type: Field.TypeEnum) {
        let response = generate(rules, type: type)
        #expect(response.error?.hasPrefix("own.proto: a.M.it: ") == true, "\(name): \(response.error ?? "taken")")
        #expect(response.file.isEmpty)
    }

    @Test("what depends on the clock is refused")
    func refusesClocks() {
        for rules in [
            Buf_Validate_TimestampRules.with { $0.lessThan = .ltNow(true) }, .with { $0.greaterThan = .gtNow(true) },
            .with { $0.within = .with { $0.seconds = 1 } },
        ] {
            let response = generate(
                .with { $0.type = .timestamp(rules) }, type: .message, typeName: ".google.protobuf.Timestamp")
            #expect(response.error?.contains("a.M.it") == true)
        }
    }

    @Test("a list of messages cannot be held to be unique, and a whole message has no rules")
    func refusesWholeMessages() {
        let unique = Buf_Validate_FieldRules.with { $0.type = .repeated(.with { $0.unique = true }) }
        #expect(generate(unique, type: .message, typeName: ".a.M", isRepeated: true).error?.contains("a.M.it") == true)
        let response = generate(.init()) { message in
            message.options = .with { options in
                options.unknownFields = Self.extended(1159, Buf_Validate_MessageRules.with { $0.celExpression = ["true"] })
            }
        }
        #expect(response.error?.contains("own.proto: a.M: ") == true)
    }

    /// A predefined rule of number 50000 with an expression of CEL.
    private static func predefined(_ expression: String, type: Field.TypeEnum = .bool) -> Field {
        .with { field in
            field.name = "own"
            field.number = 50_000
            field.extendee = ".buf.validate.StringRules"
            field.type = type
            field.label = .optional
            field.options = .with { options in
                options.unknownFields = extended(
                    1160,
                    Buf_Validate_PredefinedRules.with { rules in
                        rules.cel = [
                            .with {
                                $0.id = "string.own"
                                $0.message = "must be so"
                                $0.expression = expression
                            }
                        ]
                    })
            }
        }
    }

    @Test("a predefined rule becomes a loop over bytes when it is a set of ASCII characters with a count")
    func compilesSets() throws {
        let rules = Self.string { $0.unknownFields.append(field: 50_000, varint: 1) }
        let content = try #require(
            generate(rules, predefined: Self.predefined("!rule || this.matches('^[a-c.-]{1,9}$')")).file.first?.content)
        #expect(content.contains("if !RuleChecks.isText(it, of: 0x600000000000, 0xe00000000, count: 1...9)"))
        #expect(content.contains(#"violations.add("it", "string.own", "must be so")"#))
    }

    @Test(
        "any other predefined rule is refused",
        arguments: [
            "!rule || this != ''", "!rule || this.matches('^[a-c]+$')", "!rule || this.matches('^[^a]{1,2}$')",
            "!rule || this.matches('^[é]{1,2}$')", "!rule || this.matches('^[a]{2,1}$')", "!rule || this.matches('[a]{1,2}')",
            "!rule || this.matches('^[\\\\d]{1,2}$')", "!rule || this.matches('^[c-a]{1,2}$')",
        ])
    func refusesOtherExpressions(expression: String) {
        let rules = Self.string { $0.unknownFields.append(field: 50_000, varint: 1) }
        let response = generate(rules, predefined: Self.predefined(expression))
        #expect(response.error?.contains("own.proto: a.M.it: own: ") == true, "\(response.error ?? "taken")")
    }

    @Test("a message without rules has no check of its own, and one that holds such as have checks them")
    func generatesOnlyWhatIsAsked() throws {
        let plain = try #require(generate(.init()).file.first?.content)
        #expect(!plain.contains("func checkRules"))
        let recursive = try #require(
            generate(.with { $0.required = true }, type: .message, typeName: ".a.M").file.first?.content)
        #expect(recursive.contains("violations.check(value, in: \"it\")"))
    }

    @Test("of a described file only the descriptor is generated")
    func describesOnly() throws {
        var request = Google_Protobuf_Compiler_CodeGeneratorRequest()
        let set = try Google_Protobuf_FileDescriptorSet(decoding: Fixture.bytes("every_kind.binpb"))
        request.protoFile = set.file
        request.fileToGenerate = ["every_kind.proto"]
        request.parameter = "module=Anything,described=every_kind.proto"
        let content = try #require(CodeGenerator.generate(request).file.first?.content)
        #expect(!content.contains("public struct"))
        #expect(content.contains("public static let descriptor = FileDescriptorBytes("))
    }
}
