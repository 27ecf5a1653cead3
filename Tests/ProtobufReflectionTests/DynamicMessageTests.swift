import Foundation
import ProtobufReflection
import ProtobufWire
import Testing

/// The generator's fixture, by descriptor only.
enum DynamicFixture {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("ProtobufCodegenTests/Fixtures")

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func type(_ name: String) throws -> MessageDescriptor {
        let set = try Google_Protobuf_FileDescriptorSet(decoding: bytes("every_kind.binpb"))
        let pool = try DescriptorPool(files: set.file + wellKnown)
        return try #require(pool.message(named: name))
    }

    private static var wellKnown: [Google_Protobuf_FileDescriptorProto] {
        get throws {
            try [
                Google_Protobuf_Any_File.descriptor, Google_Protobuf_Duration_File.descriptor,
                Google_Protobuf_Struct_File.descriptor, Google_Protobuf_FieldMask_File.descriptor,
            ].map { try Google_Protobuf_FileDescriptorProto(decoding: $0.bytes) }
        }
    }
}

@Suite("Dynamic message") struct DynamicMessageTests {
    @Test("protoc's bytes survive decoding and encoding", arguments: ["scalars", "thing"])
    func roundTripsBinary(name: String) throws {
        let bytes = try DynamicFixture.bytes("\(name).binpb")
        let type = try DynamicFixture.type("fixture.v1.\(name.capitalized)")
        #expect(try DynamicMessage(type, decoding: bytes).encodedBytes() == bytes)
    }

    @Test(
        "protoc's bytes survive the way through JSON, with either spelling of names",
        arguments: [false, true])
    func roundTripsJSON(usesSchemaNames: Bool) throws {
        for name in ["scalars", "thing"] {
            let bytes = try DynamicFixture.bytes("\(name).binpb")
            let type = try DynamicFixture.type("fixture.v1.\(name.capitalized)")
            let message = try DynamicMessage(type, decoding: bytes)
            let text = try message.jsonText(
                options: .init(usesSchemaNames: usesSchemaNames, isIndented: true))
            #expect(try DynamicMessage(type, json: text).encodedBytes() == bytes)
        }
    }

    @Test("bytes cut anywhere throw or give another message")
    func survivesEveryCut() throws {
        let bytes = try DynamicFixture.bytes("thing.binpb")
        let type = try DynamicFixture.type("fixture.v1.Thing")
        let whole = try DynamicMessage(type, decoding: bytes)
        for length in bytes.indices {
            if let message = try? DynamicMessage(type, decoding: Array(bytes[..<length])) {
                #expect(message != whole)
            }
        }
    }

    @Test("setting one member of a oneof clears the other")
    func keepsOneofsExclusive() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        var message = DynamicMessage(type)
        let title = try #require(type.field(named: "title"))
        let kind = try #require(type.field(named: "kind"))
        message[title] = .string("t")
        message[kind] = .enumeration(1)
        #expect(message[title] == nil)
        #expect(message["kind"] == .enumeration(1))
    }

    @Test("a map entry with a field too many keeps its key, and an enum value at its default")
    func keepsEntriesWithUnknownFields() throws {
        let type = try DynamicFixture.type("fixture.v1.Thing")
        // by_flag { key: true } with a field 3 in the entry.
        let message = try DynamicMessage(type, decoding: [0x92, 0x01, 4, 0x08, 1, 0x18, 7])
        #expect(try message.jsonText() == #"{"byFlag":{"true":"THING_STATE_UNSPECIFIED"}}"#)
        #expect(message.unknownFields.isEmpty)
    }

    @Test("a field of a oneof that is not declared is refused")
    func refusesForeignOneofs() {
        #expect(throws: DescriptorError.invalidField("M.f")) {
            try DescriptorPool(files: [
                .with {
                    $0.messageType = [
                        .with {
                            $0.name = "M"
                            $0.field = [
                                .with {
                                    $0.name = "f"
                                    $0.number = 1
                                    $0.type = .int32
                                    $0.oneofIndex = 1
                                }
                            ]
                            $0.oneofDecl = [.with { $0.name = "o" }]
                        }
                    ]
                }
            ])
        }
    }

    @Test("a missing import is named")
    func namesMissingTypes() throws {
        let set = try Google_Protobuf_FileDescriptorSet(decoding: DynamicFixture.bytes("every_kind.binpb"))
        let own = set.file.filter { $0.name == "every_kind.proto" }
        #expect(
            throws: DescriptorError.unknownType(
                "google.protobuf.Timestamp", usedBy: "fixture.v1.Thing.created_at")
        ) {
            try DescriptorPool(files: own)
        }
    }

    @Test("a pool of embedded descriptors finds services, files and symbols")
    func findsSymbols() throws {
        let pool = try DescriptorPool(files: [
            .with {
                $0.name = "s.proto"
                $0.package = "p"
                $0.syntax = "proto3"
                $0.messageType = [.with { $0.name = "M" }]
                $0.service = [
                    .with { service in
                        service.name = "S"
                        service.method = [
                            .with {
                                $0.name = "Do"
                                $0.inputType = ".p.M"
                                $0.outputType = ".p.M"
                                $0.serverStreaming = true
                            }
                        ]
                    }
                ]
            }
        ])
        #expect(pool.serviceNames == ["p.S"])
        let method = try #require(pool.service(named: "p.S")?.method(named: "Do"))
        #expect(method.input.fullName == "p.M")
        #expect(method.isServerStreaming && !method.isClientStreaming)
        #expect(pool.file(containing: "p.S.Do")?.name == "s.proto")
        #expect(pool.file(containing: "p.T") == nil)
    }
}
