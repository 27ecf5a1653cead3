import ProtobufCodegen
import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Custom options as Swift data") struct CustomOptionTests {
    /// `demo.rule = { text: "say \"hi\"", kinds: [ONE, TWO], isOn: true }` on the first of two methods, and
    /// `demo.mark = { text: "first" }` on one value of an enum.
    private func request(_ parameter: String) throws -> Google_Protobuf_Compiler_CodeGeneratorRequest {
        let rule: [UInt8] = [10, 8] + Array("say \"hi\"".utf8) + [18, 2, 1, 2, 24, 1]
        let mark: [UInt8] = [10, 5] + Array("first".utf8)
        let descriptor = try Google_Protobuf_FileDescriptorProto(
            decoding: Google_Protobuf_Descriptor_File.descriptor.bytes)
        let demo = Google_Protobuf_FileDescriptorProto.with { file in
            file.name = "demo.proto"
            file.package = "demo"
            file.syntax = "proto3"
            file.dependency = ["google/protobuf/descriptor.proto"]
            file.enumType = [
                .with { kind in
                    kind.name = "Kind"
                    kind.value = zip(["KIND_NONE", "KIND_ONE", "KIND_TWO"], Int32(0)...).map { name, number in
                        .with { ($0.name, $0.number) = (name, number) }
                    }
                }
            ]
            file.messageType = [
                .with { message in
                    message.name = "Rule"
                    message.field = [
                        Self.field("text", 1, .string), Self.field("kinds", 2, .enum, ".demo.Kind", isRepeated: true),
                        Self.field("is_on", 3, .bool),
                    ]
                }
            ]
            file.extension = [
                Self.field("rule", 50001, .message, ".demo.Rule", of: ".google.protobuf.MethodOptions"),
                Self.field("mark", 50001, .message, ".demo.Rule", of: ".google.protobuf.EnumValueOptions"),
            ]
            file.service = [
                .with { service in
                    service.name = "Desk"
                    service.method = ["Ask", "Wait"].map { name in
                        .with { method in
                            (method.name, method.inputType, method.outputType) = (name, ".demo.Rule", ".demo.Rule")
                        }
                    }
                }
            ]
        }
        var file = demo
        file.service[0].method[0].options = try .init(decoding: Self.option(rule))
        file.enumType[0].value[1].options = try .init(decoding: Self.option(mark))
        return .with {
            $0.protoFile = [descriptor, file]
            $0.fileToGenerate = ["demo.proto"]
            $0.parameter = parameter
        }
    }

    /// Field 50001 with a message in it.
    private static func option(_ message: [UInt8]) -> [UInt8] {
        [0x8A, 0xB5, 0x18, UInt8(message.count)] + message
    }

    private static func field(
        _ name: String, _ number: Int32, _ type: Google_Protobuf_FieldDescriptorProto.TypeEnum, _ typeName: String? = nil,
        isRepeated: Bool = false, of extendee: String? = nil
    ) -> Google_Protobuf_FieldDescriptorProto {
        .with {
            ($0.name, $0.number, $0.type, $0.typeName) = (name, number, type, typeName)
            ($0.label, $0.extendee) = (isRepeated ? .repeated : .optional, extendee)
        }
    }

    private func generated(_ parameter: String) throws -> String {
        let response = CodeGenerator.generate(try request(parameter))
        #expect(response.error == nil)
        return try #require(response.file.first?.content)
    }

    @Test func `an option that the parameter names stands with the methods and values that set it`() throws {
        let text = try generated("module=Demo,option=demo.rule,option=demo.mark")
        #expect(text.contains("ruleOptions: [(method: MethodDescriptor, option: Demo_Rule)] = {"))
        #expect(text.contains("options.append((ask, .with {"))
        #expect(!text.contains("options.append((wait"))
        #expect(text.contains(#"$0.text = "say \"hi\"""#))
        #expect(text.contains("$0.kinds = [.one, .two]"))
        #expect(text.contains("$0.isOn = true"))
        #expect(text.contains("markOptions: [Demo_Kind: Demo_Rule] = {"))
        #expect(text.contains("options[.one] = .with {"))
        #expect(text.contains(#".two: "KIND_TWO","#))
    }

    @Test func `without the parameter an option is not in the code`() throws {
        let text = try generated("module=Demo")
        #expect(!text.contains("ruleOptions") && !text.contains("markOptions") && !text.contains("valueNames"))
    }

    @Test(arguments: ["demo.nothing", "demo.Rule", "rule"])
    func `a parameter that names no option is answered with an error`(name: String) throws {
        let response = CodeGenerator.generate(try request("module=Demo,option=\(name)"))
        #expect(response.error?.contains(name) == true)
        #expect(response.file.isEmpty)
    }
}
