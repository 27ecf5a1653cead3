internal import ProtobufReflection
internal import ProtobufWire
internal import TelehealthAPI

/// The wire reader under generated code and under descriptors.
enum WireFuzz {
    private static let pool: DescriptorPool = {
        do {
            return try DescriptorPool([
                Telehealth_V1_Session_File.descriptor, Google_Protobuf_Any_File.descriptor,
                Google_Protobuf_Struct_File.descriptor, Google_Protobuf_Duration_File.descriptor,
                Google_Protobuf_FieldMask_File.descriptor, Google_Protobuf_Wrappers_File.descriptor,
            ])
        } catch {
            preconditionFailure("the embedded descriptors are whole: \(error)")
        }
    }()

    static let session = descriptor(Telehealth_V1_Session.fullName)

    static func descriptor(_ name: String) -> MessageDescriptor {
        guard let descriptor = pool.message(named: name) else { preconditionFailure("no \(name)") }
        return descriptor
    }

    /// Both decoders take the same inputs, and what they write is read back as the same message.
    static func run(_ input: UnsafeRawBufferPointer) {
        let bytes = [UInt8](input)
        let generated = try? Telehealth_V1_Session(decoding: bytes)
        let dynamic = try? DynamicMessage(session, decoding: bytes)
        precondition((generated == nil) == (dynamic == nil), "the two decoders disagree")
        guard let generated, let dynamic else { return }
        let written = generated.encodedBytes()
        precondition(written.count == generated.encodedByteCount)
        let again = try? Telehealth_V1_Session(decoding: written)
        // Not compared as messages: a NaN is not equal to itself.
        precondition(again?.encodedBytes() == written, "a message changes when it is written and read")
        let rewritten = try? DynamicMessage(session, decoding: dynamic.encodedBytes())
        precondition(rewritten?.encodedBytes() == dynamic.encodedBytes(), "a dynamic message changes")
    }
}

/// Protobuf JSON of a session and of the well-known types with forms of their own.
enum JSONFuzz {
    private static let types =
        [WireFuzz.session]
        + ["Any", "Value", "FieldMask", "DoubleValue"].map { WireFuzz.descriptor("google.protobuf.\($0)") }

    /// What is read can be written, and reads the same again.
    static func run(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        for type in types {
            guard
                let message = try? DynamicMessage(
                    type, json: text, options: JSONDecodingOptions(ignoresUnknownFields: true))
            else { continue }
            let written = try? message.jsonText()
            precondition(written != nil, "what was read from JSON cannot be written")
            let again = written.flatMap { try? DynamicMessage(type, json: $0) }
            precondition(again.flatMap { try? $0.jsonText() } == written, "a message changes in JSON")
        }
    }
}
