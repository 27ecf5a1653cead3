/// A `.proto` file's serialized `FileDescriptorProto`, embedded by the generator for reflection and JSON.
public struct FileDescriptorBytes: Sendable {
    /// The file's import path, such as `telehealth/v1/session.proto`.
    public let name: String
    /// The serialized `google.protobuf.FileDescriptorProto`, without source information.
    public let bytes: [UInt8]
    /// The imported files, except `google/protobuf/descriptor.proto`, which every descriptor pool contains.
    public let dependencies: [FileDescriptorBytes]

    /// - Parameter base64: the serialized descriptor in standard base64; characters outside the alphabet are skipped.
    /// - Parameter dependencies: the imported files, without `google/protobuf/descriptor.proto`.
    /// - Parameter name: the file's import path.
    public init(name: String, base64: StaticString, dependencies: [FileDescriptorBytes] = []) {
        self.name = name
        self.dependencies = dependencies
        self.bytes = base64.withUTF8Buffer { unsafe Self.decode($0) }
    }

    /// Not the product's own base64: this module depends on no other, so that generated code needs only this one.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var bitCount = 0
        for index in text.indices {
            let byte = unsafe text[index]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: continue
            }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return result
    }
}
