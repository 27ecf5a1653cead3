import ProtobufCodegen
import ProtobufReflection
import ProtobufWire
import Testing

@Suite("Services as groups of a client's calls") struct CallGroupTests {
    private typealias File = Google_Protobuf_FileDescriptorProto

    /// A service with these calls, which ask by a message with a request id or by an empty one, and
    /// `telehealth.v1.service` with a group and a noun.
    private func text(
        _ calls: [String], group: String? = "visits", noun: String = "Session", as kind: String = "client=Desk"
    ) throws -> String {
        let descriptor = try File(decoding: Google_Protobuf_Descriptor_File.descriptor.bytes)
        var file = File.with { file in
            file.name = "demo.proto"
            file.package = "telehealth.v1"
            file.syntax = "proto3"
            file.dependency = ["google/protobuf/descriptor.proto"]
            file.messageType = [
                Self.message("ServiceContract", ["group", "noun"]), Self.message("Asked", ["request_id"]),
                Self.message("Nothing", []),
            ]
            file.extension = [
                .with {
                    ($0.name, $0.number, $0.type, $0.label) = ("service", 50083, .message, .optional)
                    $0.typeName = ".telehealth.v1.ServiceContract"
                    $0.extendee = ".google.protobuf.ServiceOptions"
                }
            ]
            file.service = [
                .with { service in
                    service.name = "DeskService"
                    service.method = calls.map { name in
                        .with {
                            $0.name = name
                            $0.inputType = name.hasPrefix("Get") ? ".telehealth.v1.Nothing" : ".telehealth.v1.Asked"
                            $0.outputType = ".telehealth.v1.Nothing"
                            if name.hasPrefix("Watch") { $0.serverStreaming = true }
                            if name.hasPrefix("Send") { $0.clientStreaming = true }
                        }
                    }
                }
            ]
        }
        if let group {
            let contract = [10, UInt8(group.utf8.count)] + group.utf8 + [18, UInt8(noun.utf8.count)] + noun.utf8
            // Field 50083 with a length: tag 400666.
            file.service[0].options = try .init(decoding: [0x9A, 0xBA, 0x18, UInt8(contract.count)] + contract)
        }
        let response = CodeGenerator.generate(
            .with {
                $0.protoFile = [descriptor, file]
                $0.fileToGenerate = ["demo.proto"]
                $0.parameter = "module=Demo,\(kind),option=telehealth.v1.service"
            })
        #expect(response.error == nil)
        return response.file.first?.content ?? ""
    }

    private static func message(_ name: String, _ fields: [String]) -> Google_Protobuf_DescriptorProto {
        .with { message in
            message.name = name
            message.field = zip(fields, Int32(1)...).map { name, number in
                .with { ($0.name, $0.number, $0.type, $0.label) = (name, number, .string, .optional) }
            }
        }
    }

    @Test(
        "a call leaves the group's noun out of its name, in the singular or plural",
        arguments: [
            ("JoinSession", "join"), ("ListSessions", "list"), ("UpdateSessionStatus", "updateStatus"),
            ("EndSessionsNow", "endNow"), ("ImportSession", "`import`"), ("SessionEnd", "sessionEnd"),
            ("MarkSessional", "markSessional"), ("MarkNoShow", "markNoShow"),
        ])
    func shortName(_ call: String, _ name: String) throws {
        #expect(try text([call]).contains("    public func \(name)(\n"))
    }

    @Test("two calls that would have one name keep their nouns")
    func ambiguous() throws {
        let text = try text(["EndSession", "EndSessions", "JoinSession"])
        for name in ["endSession", "endSessions", "join"] { #expect(text.contains("    public func \(name)(\n")) }
    }

    @Test("what has a request id changes, what has none is called, and what asks for nothing needs no argument")
    func kinds() throws {
        let text = try text(["JoinSession", "GetSession"])
        #expect(text.contains("try await client.change(Telehealth_V1_DeskService_Methods.joinSession, request)"))
        #expect(text.contains("try await client.call(Telehealth_V1_DeskService_Methods.getSession, request)"))
        #expect(text.contains("_ request: Telehealth_V1_Nothing = .init()\n"))
        #expect(text.contains("extension Telehealth_V1_Asked: ChangeRequest {}"))
        #expect(!text.contains("Telehealth_V1_Nothing: ChangeRequest"))
        #expect(text.contains("    public var visits: DeskCalls { DeskCalls(client: self) }"))
    }

    @Test(
        "a stream is the client's own to write, and its request id counts",
        arguments: ["WatchSession", "SendSession"])
    func streams(_ call: String) throws {
        let text = try text([call])
        #expect(!text.contains("func "))
        #expect(text.contains("extension Telehealth_V1_Asked: ChangeRequest {}"))
    }

    @Test("a service without the option is in no group, and its file is not written")
    func withoutOption() throws {
        #expect(try text(["JoinSession"], group: nil).isEmpty)
    }

    @Test func `a call is scripted under its name in a client, by its kind, and a client's stream is not`() throws {
        let text = try text(["JoinSession", "WatchSession", "SendSession"], as: "script=Fake")
        #expect(
            text.contains(
                """
                    public var join: ScriptedCall<Telehealth_V1_Asked, Telehealth_V1_Nothing> {
                        ScriptedCall(service, Telehealth_V1_DeskService_Methods.joinSession)
                    }
                """))
        #expect(text.contains("    public var watch: ScriptedStream<Telehealth_V1_Asked, Telehealth_V1_Nothing> {"))
        #expect(!text.contains("sendSession"))
        #expect(text.contains("    public var visits: DeskScripts { DeskScripts(service: self) }"))
        #expect(try self.text(["JoinSession"], group: nil, as: "script=Fake").isEmpty)
    }
}
