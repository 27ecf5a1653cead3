import ProtobufCodegen
import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Code generator") struct CodeGeneratorTests {
    private func request(_ parameter: String) throws -> Google_Protobuf_Compiler_CodeGeneratorRequest {
        let set = try Google_Protobuf_FileDescriptorSet(decoding: Fixture.bytes("every_kind.binpb"))
        return .with {
            $0.protoFile = set.file
            $0.fileToGenerate = ["every_kind.proto"]
            $0.parameter = parameter
        }
    }

    @Test("the fixture generates the golden file, which this test target compiles")
    func generatesGoldenFile() throws {
        let response = CodeGenerator.generate(try request("module=ProtobufCodegenTests"))
        #expect(response.error == nil)
        #expect(response.supportedFeatures == 1)
        let file = try #require(response.file.first)
        #expect(file.name == "every_kind.pb.swift")
        let golden = try Fixture.golden("every_kind.pb.swift")
        #expect(file.content == golden, "run tools/generate and review the difference")
    }

    @Test(
        "a parameter it does not understand is answered with an error, not with files",
        arguments: ["nonsense", "color=blue", "import=google.rpc"])
    func refusesBadParameters(parameter: String) throws {
        let response = CodeGenerator.generate(try request(parameter))
        #expect(response.error?.isEmpty == false)
        #expect(response.file.isEmpty)
    }

    @Test("types of another package are imported from the module the parameter names")
    func importsOtherModules() throws {
        var request = try request("module=Elsewhere,import=fixture.v1:Fixtures")
        request.protoFile.append(
            .with { file in
                file.name = "user.proto"
                file.package = "user"
                file.syntax = "proto3"
                file.dependency = ["every_kind.proto"]
                file.messageType = [
                    .with { message in
                        message.name = "User"
                        message.field = [
                            .with {
                                $0.name = "thing"
                                $0.number = 1
                                $0.label = .optional
                                $0.type = .message
                                $0.typeName = ".fixture.v1.Thing"
                            }
                        ]
                    }
                ]
            })
        request.fileToGenerate = ["user.proto"]
        let content = try #require(CodeGenerator.generate(request).file.first?.content)
        #expect(content.contains("public import Fixtures\npublic import ProtobufWire\n"))
        #expect(content.contains("public var thing: Fixture_V1_Thing?"))
    }

    private func generate(_ files: [Google_Protobuf_FileDescriptorProto])
        -> Google_Protobuf_Compiler_CodeGeneratorResponse
    {
        CodeGenerator.generate(
            .with {
                $0.protoFile = files
                $0.fileToGenerate = files.compactMap(\.name)
                $0.parameter = "module=Anything"
            })
    }

    private func file(
        _ name: String, package: String = "", messages: [String] = [], syntax: String = "proto3",
        swiftPrefix: String? = nil
    ) -> Google_Protobuf_FileDescriptorProto {
        .with { file in
            file.name = name
            file.package = package
            file.syntax = syntax
            file.messageType = messages.map { name in .with { $0.name = name } }
            if let swiftPrefix { file.options = .with { $0.swiftPrefix = swiftPrefix } }
        }
    }

    @Test("two paths that would flatten to one output go to two, and a third keeps its place")
    func keepsOutputsApart() {
        let response = generate([file("a/b_c.proto"), file("a_b/c.proto"), file("a/d_e.proto")])
        #expect(response.file.map(\.name) == ["a_b__c.pb.swift", "a__b_c.pb.swift", "a_d_e.pb.swift"])
    }

    @Test(
        "no two types have one name, whatever package they are in",
        arguments: [
            [("a.b", "C"), ("a", "B_C"), ("a", "B__C"), ("", "A_B_C")],
            [
                ("foo_bar", "M"), ("fooBar", "M"), ("FooBar", "M"), ("foo__bar", "M"), ("foo.bar", "M"),
                ("foo_bar_", "M"),
            ],
            [("a", "_B"), ("a_", "B"), ("A", "_B"), ("A_", "B"), ("a._", "B")],
            [("", "String"), ("", "String_"), ("", "String__"), ("a", "File"), ("a", "File_"), ("", "A_File")],
        ])
    func keepsTypesApart(types: [(String, String)]) throws {
        let files = types.enumerated().map { file("f\($0).proto", package: $1.0, messages: [$1.1]) }
        let declared = generate(files + [file("a.proto")]).file.flatMap { output in
            (output.content ?? "").split(separator: "\n").filter {
                $0.hasPrefix("public struct ") || $0.hasPrefix("public enum ")
            }
        }
        #expect(declared.count == 2 * types.count + 1)
        #expect(Set(declared).count == declared.count)
    }

    @Test("a type keeps its name when it is generated without the files that do not matter to it")
    func namesDoNotDependOnTheRequest() {
        let own = file("own.proto", package: "a", messages: ["B_C", "File"])
        let alone = generate([own]).file.first?.content
        let among = generate([own, file("other.proto", package: "a.b", messages: ["C"])]).file.first?.content
        #expect(alone == among)
    }

    @Test(
        "what cannot become Swift is refused with a sentence that names the file",
        arguments: [("editions", nil), ("proto3", "1a"), ("proto3", "a-b"), ("proto3", "B_")] as [(String, String?)])
    func refusesWhatCannotBe(syntax: String, prefix: String?) {
        let files = [
            file("other.proto", package: "b", messages: ["M"]),
            file("own.proto", package: "a", messages: ["M"], syntax: syntax, swiftPrefix: prefix),
        ]
        let response = generate(files)
        #expect(response.error?.contains("own.proto") == true)
        #expect(response.file.isEmpty)
    }

    @Test("a comment's lines stay a comment, however they end", arguments: ["\r\n", "\r", "\n", "\u{2028}", "\n\r"])
    func keepsCommentsInside(lineEnd: String) throws {
        var own = file("own.proto", package: "a", messages: ["M"])
        own.sourceCodeInfo = .with {
            $0.location = [
                .with {
                    $0.path = [4, 0]
                    $0.leadingComments = " One.\(lineEnd) let two = 2\(lineEnd)"
                }
            ]
        }
        let content = try #require(generate([own]).file.first?.content)
        let line = try #require(content.split(whereSeparator: \.isNewline).first { $0.contains("let two") })
        #expect(line.hasPrefix("/// "))
    }
}
