public import ProtobufWire

/// Why descriptors cannot form a pool. The fault of their sender.
public enum DescriptorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes are not a `FileDescriptorProto`.
    case malformed(file: String, WireError)
    /// A field or method refers to a type that is in none of the files.
    case unknownType(String, usedBy: String)
    /// A field has no type, no number or an invalid entry type.
    case invalidField(String)
    /// Two declarations have the same full name.
    case duplicateName(String)

    public var description: String {
        switch self {
        case .malformed(let file, let error): "\(file): invalid file descriptor (\(error.label))"
        case .unknownType(let type, let user): "\(user) refers to \(type), which no file declares"
        case .invalidField(let name): "field \(name) is incomplete"
        case .duplicateName(let name): "\(name) is declared twice"
        }
    }
}
