internal import ProtobufReflection
internal import ProtobufWire
internal import TelehealthAPI

/// The wire reader under generated code and under descriptors.
enum WireFuzz {
    static let session: MessageDescriptor = {
        do {
            let pool = try DescriptorPool([Telehealth_V1_Session_File.descriptor])
            return pool.message(named: Telehealth_V1_Session.fullName)!
        } catch {
            preconditionFailure("the embedded descriptors are whole: \(error)")
        }
    }()

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

/// Protobuf JSON of a session, with the well-known types inside it.
enum JSONFuzz {
    /// What is read can be written, and reads the same again.
    static func run(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        for options in [JSONDecodingOptions(), JSONDecodingOptions(ignoresUnknownFields: true)] {
            guard let message = try? DynamicMessage(WireFuzz.session, json: text, options: options),
                // Wire bytes may hold times that JSON cannot express; text cannot.
                let written = try? message.jsonText()
            else { continue }
            let again = try? DynamicMessage(WireFuzz.session, json: written)
            precondition((try? again?.jsonText()) == written, "a message changes in JSON")
        }
    }
}
