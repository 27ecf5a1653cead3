internal import ProtobufReflection
internal import ProtobufWire

/// Protobuf's text format: of a session (maps, lists, timestamps), of an `Any`, and of a file descriptor (proto2,
/// recursive, enums).
enum TextFormatFuzz {
    private static let types =
        [WireFuzz.session] + ["Any", "FileDescriptorProto"].map { WireFuzz.descriptor("google.protobuf.\($0)") }

    /// What is read is written, and reads the same again in either form; printing wire bytes as unknown fields ends.
    static func run(_ input: UnsafeRawBufferPointer) {
        let text = String(decoding: input, as: UTF8.self)
        for type in types {
            if let unknown = try? DynamicMessage(type, decoding: [UInt8](input)) {
                _ = unknown.textFormat(options: .init(isIndented: true, printsUnknownFields: true))
            }
            let lenient = try? DynamicMessage(type, text: text, options: .init(ignoresUnknownFields: true))
            guard let message = try? DynamicMessage(type, text: text) else { continue }
            // Not compared as messages: a NaN is not equal to itself.
            precondition(lenient?.encodedBytes() == message.encodedBytes(), "leniency changes a message")
            let written = message.textFormat()
            for isIndented in [false, true] {
                let again = try? DynamicMessage(type, text: message.textFormat(options: .init(isIndented: isIndented)))
                precondition(again?.textFormat() == written, "a message changes in text format")
            }
        }
    }
}
