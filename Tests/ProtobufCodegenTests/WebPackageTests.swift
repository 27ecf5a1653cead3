import ProtobufCodegen
import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Packages of ES modules") struct WebPackageTests {
    private typealias File = Google_Protobuf_FileDescriptorProto

    private func generate(
        _ files: [Google_Protobuf_FileDescriptorProto], _ parameter: String = "web=Everything"
    ) -> Google_Protobuf_Compiler_CodeGeneratorResponse {
        CodeGenerator.generate(
            .with {
                $0.protoFile = files
                $0.fileToGenerate = files.compactMap(\.name).filter { !$0.hasPrefix("google/") }
                $0.parameter = parameter
            })
    }

    /// The content of one file of a package.
    private func text(
        _ name: String, _ files: [Google_Protobuf_FileDescriptorProto], _ parameter: String = "web=Everything"
    ) throws -> String {
        let response = generate(files, parameter)
        #expect(response.error == nil)
        return try #require(response.file.first { $0.name == name }?.content, "\(response.file.map(\.name))")
    }

    /// A package `demo` with a service `DeskService`, whose calls ask by `Asked` and are answered by `Answered`.
    private func demo(
        calls: [String] = ["Ask"], asked: [Google_Protobuf_FieldDescriptorProto] = [],
        answered: [Google_Protobuf_FieldDescriptorProto] = [], name: String = "demo.proto", service: String = "DeskService",
        more: [Google_Protobuf_DescriptorProto] = []
    ) -> Google_Protobuf_FileDescriptorProto {
        .with { file in
            file.name = name
            file.package = String(name.dropLast(6))
            file.syntax = "proto3"
            file.messageType = [
                .with { ($0.name, $0.field) = ("Asked", asked) }, .with { ($0.name, $0.field) = ("Answered", answered) },
            ] + more
            file.service = [
                .with { declared in
                    declared.name = service
                    declared.method = calls.map { call in
                        .with {
                            ($0.name, $0.inputType, $0.outputType) = (call, ".demo.Asked", ".demo.Answered")
                            if call.hasPrefix("Watch") { $0.serverStreaming = true }
                            if call.hasPrefix("Send") { $0.clientStreaming = true }
                        }
                    }
                }
            ]
        }
    }

    private func field(
        _ name: String, _ type: Google_Protobuf_FieldDescriptorProto.TypeEnum = .string, _ typeName: String? = nil,
        number: Int32 = 1, isRepeated: Bool = false
    ) -> Google_Protobuf_FieldDescriptorProto {
        .with {
            ($0.name, $0.number, $0.type, $0.typeName) = (name, number, type, typeName)
            $0.label = isRepeated ? .repeated : .optional
        }
    }

    @Test func `the fixture generates the files beside it, which tools generate holds`() throws {
        let set = try Google_Protobuf_FileDescriptorSet(decoding: Fixture.bytes("every_kind.binpb"))
        let response = CodeGenerator.generate(
            .with {
                $0.protoFile = set.file
                $0.fileToGenerate = ["every_kind.proto"]
                $0.parameter = "web=Things"
            })
        #expect(response.error == nil)
        #expect(
            response.file.compactMap(\.name) == [
                "types/every_kind.d.ts", "types/every_kind.js", "services/thing.d.ts", "services/thing.js", "errors.d.ts",
                "errors.js", "services.d.ts", "services.js", "index.d.ts", "index.js",
            ])
        for file in response.file {
            let golden = String(decoding: try Fixture.bytes("web/\(file.name ?? "")"), as: UTF8.self)
            #expect(file.content == golden, "run tools/generate and review the difference")
        }
    }

    @Test func `a request with a request id is a change, one without is called, and one for nothing may be left out`() throws {
        let changing = try text("services/desk.js", [demo(asked: [field("request_id")])])
        #expect(changing.contains("ask(request, options) {\n    return this.#transport.change('demo.DeskService/Ask', request,"))
        let reading = try text("services/desk.js", [demo(asked: [field("name")])])
        #expect(reading.contains("ask(request, options) {\n    return this.#transport.call('demo.DeskService/Ask', request,"))
        #expect(try text("services/desk.js", [demo()]).contains("ask(request = {}, options) {"))
        #expect(try text("services/desk.d.ts", [demo()]).contains("ask(request?: Asked, options?: CallOptions): Promise<Answered>;"))
    }

    @Test func `a server's stream is an iterator, and what a client would stream is left out`() throws {
        let file = demo(calls: ["WatchDesk", "SendPaper"], asked: [field("request_id")])
        let code = try text("services/desk.js", [file])
        #expect(code.contains("this.#transport.stream('demo.DeskService/WatchDesk', this.#transport.identified(request), options)"))
        #expect(!code.contains("sendPaper"))
        let declared = try text("services/desk.d.ts", [file])
        #expect(declared.contains("watchDesk(request: Asked, options?: CallOptions): MessageStream<Answered>;"))
        #expect(!declared.contains("sendPaper"))
    }

    @Test(
        arguments: [
            ("Timestamp", "Timestamp"), ("Duration", "Duration"), ("FieldMask", "string"), ("Int64Value", "Int64"),
            ("Value", "unknown"), ("Any", "{ '@type': string; [key: string]: unknown }"),
        ])
    func `a well-known type has its form in JSON`(name: String, type: String) throws {
        let file = demo(answered: [field("value", .message, ".google.protobuf." + name)])
        #expect(try text("types/demo.d.ts", [file]).contains("value?: \(type);"))
    }

    @Test(
        arguments: [
            (.double, "Float"), (.float, "Float"), (.int64, "Int64"), (.fixed64, "Int64"), (.sint64, "Int64"),
            (.uint32, "number"), (.sfixed32, "number"), (.bool, "boolean"), (.bytes, "Base64"), (.string, "string"),
        ] as [(Google_Protobuf_FieldDescriptorProto.TypeEnum, String)])
    func `a scalar has its form in JSON, alone and in a list`(kind: Google_Protobuf_FieldDescriptorProto.TypeEnum, type: String) throws {
        let file = demo(answered: [field("some_value", kind), field("all_values", kind, number: 2, isRepeated: true)])
        let declared = try text("types/demo.d.ts", [file])
        #expect(declared.contains("  someValue?: \(type);\n  allValues?: \(type)[];\n"))
    }

    @Test func `a call that exchanges a well-known type exchanges its form in JSON`() throws {
        var file = demo()
        file.service[0].method[0].inputType = ".google.protobuf.Timestamp"
        file.service[0].method[0].outputType = ".google.protobuf.StringValue"
        let declared = try text("services/desk.d.ts", [file])
        #expect(declared.contains("import type { Timestamp } from '../client/json.js';"))
        #expect(declared.contains("ask(request?: Timestamp, options?: CallOptions): Promise<string>;"))
    }

    @Test func `only types that calls exchange are declared`() throws {
        let more: [Google_Protobuf_DescriptorProto] = [
            .with { $0.name = "Unused" }, .with { ($0.name, $0.field) = ("Inner", [field("deep", .message, ".demo.Inner")]) },
        ]
        let file = demo(answered: [field("inner", .message, ".demo.Inner")], more: more)
        let declared = try text("types/demo.d.ts", [file])
        #expect(declared.contains("export interface Inner {\n  deep?: Inner;\n}"))
        #expect(!declared.contains("Unused"))
    }

    @Test func `a module in another folder is imported by its path from there`() throws {
        var far = demo(name: "far/away/other.proto", service: "OtherService")
        far.package = "far"
        far.service = []
        far.messageType = [.with { $0.name = "Thing" }]
        var near = demo(answered: [field("thing", .message, ".far.Thing")], name: "demo.proto")
        near.dependency = ["far/away/other.proto"]
        #expect(try text("types/demo.d.ts", [far, near]).contains("import type { Thing } from './far/away/other.js';"))
        #expect(try text("types/far/away/other.d.ts", [far, near]).contains("export interface Thing {}"))
        #expect(try text("services/desk.d.ts", [far, near]).contains("from '../types/demo.js';"))
    }

    @Test func `two types of one name are refused by both names, since a package exports them side by side`() {
        var other = demo(name: "other.proto", service: "OtherService")
        other.messageType = [.with { $0.name = "Asked" }]
        other.service[0].method[0].inputType = ".other.Asked"
        let response = generate([demo(), other])
        #expect(response.error?.contains(".demo.Asked and .other.Asked") == true)
        #expect(response.file.isEmpty)
    }

    @Test func `two services of one name are refused by both names`() {
        let response = generate([demo(), demo(name: "demo2.proto")])
        #expect(response.error?.contains("demo.DeskService and demo2.DeskService") == true)
        #expect(response.file.isEmpty)
    }

    @Test(arguments: ["Promise", "TelehealthError", "Int64", "string"])
    func `a type that would hide another gives way`(name: String) throws {
        let file = demo(
            answered: [field("own", .message, ".demo." + name), field("digits", .int64, number: 2)],
            more: [.with { $0.name = name }])
        let declared = try text("types/demo.d.ts", [file])
        #expect(declared.contains("export interface \(name)_ {}"))
        #expect(declared.contains("  own?: \(name)_;\n  digits?: Int64;"))
    }

    @Test func `a comment cannot end itself, nor a name its quotes`() throws {
        var file = demo(answered: [field("odd")])
        file.messageType[1].field[0].jsonName = "it's \\ odd"
        file.sourceCodeInfo = .with {
            $0.location = [.with { ($0.path, $0.leadingComments) = ([4, 1], " Ends */ here.\n\n And there.\n") }]
        }
        let declared = try text("types/demo.d.ts", [file])
        #expect(declared.contains("/**\n * Ends *\\/ here.\n *\n * And there.\n */\nexport interface Answered {"))
        #expect(declared.contains(#"  'it\'s \\ odd'?: string;"#))
    }

    /// `telehealth.v1` with a reason whose errors have a `MissingConsentDetail` with these fields.
    private func reasons(_ fields: [Google_Protobuf_FieldDescriptorProto]) throws
        -> [Google_Protobuf_FileDescriptorProto]
    {
        let descriptor = try File(decoding: Google_Protobuf_Descriptor_File.descriptor.bytes)
        var file = demo(more: [])
        file.package = "telehealth.v1"
        file.service = []
        file.dependency = ["google/protobuf/descriptor.proto"]
        file.messageType = [
            .with { ($0.name, $0.field) = ("ReasonContract", [field("missing_consent", .bool)]) },
            .with { ($0.name, $0.field) = ("MissingConsentDetail", fields) },
        ]
        file.enumType = [
            .with { type in
                type.name = "ErrorReason"
                type.value = [
                    .with { ($0.name, $0.number) = ("ERROR_REASON_UNSPECIFIED", 0) },
                    .with { ($0.name, $0.number) = ("ERROR_REASON_CONSENT_MISSING", 1) },
                ]
            }
        ]
        file.extension = [
            .with {
                ($0.name, $0.number, $0.type, $0.label) = ("reason", 50082, .message, .optional)
                ($0.typeName, $0.extendee) = (".telehealth.v1.ReasonContract", ".google.protobuf.EnumValueOptions")
            }
        ]
        // Field 50082 with a length: tag 400658; in it `missing_consent: true`.
        file.enumType[0].value[1].options = try .init(decoding: [0x92, 0xBA, 0x18, 2, 8, 1])
        return [descriptor, file]
    }

    private static let options = "web=Everything,option=telehealth.v1.reason"

    @Test func `reasons are a type, and the details that come with them can be decoded`() throws {
        let files = try reasons([
            field("text"), field("hash", .bytes, number: 2), field("all_numbers", .int64, number: 3, isRepeated: true),
            field("again", .message, ".telehealth.v1.MissingConsentDetail", number: 4),
            field("kind", .enum, ".telehealth.v1.ErrorReason", number: 5),
        ])
        #expect(try text("errors.d.ts", files, Self.options).contains("  | 'CONSENT_MISSING'\n  | (string & {});"))
        let code = try text("errors.js", files, Self.options)
        #expect(
            code.contains(
                """
                const MissingConsentDetail = {
                  1: ['text', 'string'],
                  2: ['hash', 'bytes'],
                  3: ['allNumbers', 'int64', true],
                  4: ['again', () => MissingConsentDetail],
                  5: ['kind', ErrorReason],
                };
                """))
        #expect(code.contains("  1: 'ERROR_REASON_CONSENT_MISSING',\n"))
        #expect(code.contains("  'telehealth.v1.MissingConsentDetail': MissingConsentDetail,\n"))
    }

    @Test(arguments: [.double, .fixed32, .sint64] as [Google_Protobuf_FieldDescriptorProto.TypeEnum])
    func `a detail that the client could not decode is refused by its field`(
        kind: Google_Protobuf_FieldDescriptorProto.TypeEnum
    ) throws {
        let response = generate(try reasons([field("bad", kind)]), Self.options)
        #expect(response.error?.contains("telehealth.v1.MissingConsentDetail.bad") == true)
        #expect(response.file.isEmpty)
    }

    @Test func `without options there are no reasons that are known`() throws {
        #expect(try text("errors.d.ts", [demo()]).contains("export type Reason =\n  | (string & {});"))
        #expect(try text("errors.js", [demo()]).contains("export const details = {\n};"))
    }
}
