import ProtobufWire
import Testing

@Suite("Well-known types") struct WellKnownTypesTests {
    @Test("a packed message comes out as its own type only")
    func packs() throws {
        let duration = Google_Protobuf_Duration(.milliseconds(1500))
        let any = Google_Protobuf_Any(packing: duration)
        #expect(any.typeURL == "type.googleapis.com/google.protobuf.Duration")
        #expect(try any.unpack(as: Google_Protobuf_Duration.self) == duration)
        #expect(try any.unpack(as: Google_Protobuf_Timestamp.self) == nil)
    }

    @Test(
        "durations survive the way to Swift and back",
        arguments: [.zero, .seconds(90), .milliseconds(-1500), .nanoseconds(1), .nanoseconds(-999_999_999)]
            as [Duration])
    func convertsDurations(duration: Duration) {
        let message = Google_Protobuf_Duration(duration)
        #expect(message.swiftDuration == duration)
        #expect(message.seconds == 0 || message.nanos == 0 || (message.seconds < 0) == (message.nanos < 0))
    }

    @Test("an embedded descriptor names its file and leads to its imports")
    func embedsDescriptors() {
        let descriptor = Google_Protobuf_Type_File.descriptor
        #expect(descriptor.name == "google/protobuf/type.proto")
        #expect(
            descriptor.dependencies.map(\.name) == [
                "google/protobuf/any.proto", "google/protobuf/source_context.proto",
            ])
        #expect(!descriptor.bytes.isEmpty)
    }
}
