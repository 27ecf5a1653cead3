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
        arguments: ["nonsense", "colour=blue", "import=google.rpc"])
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
}
