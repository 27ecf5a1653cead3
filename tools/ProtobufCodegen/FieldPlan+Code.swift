// The lines of code of a field that is in no oneof.

internal import ProtobufReflection

extension FieldPlan {
    /// The line of `encode(into:)`.
    var encodeLine: String {
        switch shape {
        case .implicit:
            "if \(Self.isPresent(reachedName, kind)) { buffer.write(\(number), \(reachedName), as: \(wireType).self) }"
        case .explicit:
            "if let value = \(reachedName) { buffer.write(\(number), value, as: \(wireType).self) }"
        case .message:
            "if let value = \(storedName) { buffer.writeMessage(\(number), value) }"
        case .group:
            "if let value = \(reachedName) { buffer.writeGroup(\(number), value) }"
        case .repeated(packed: true):
            "buffer.writePacked(\(number), \(reachedName), as: \(wireType).self)"
        case .repeated(packed: false):
            "buffer.writeRepeated(\(number), \(reachedName), as: \(wireType).self)"
        case .repeatedMessage:
            "buffer.writeMessages(\(number), \(reachedName))"
        case .repeatedGroup:
            "for value in \(reachedName) { buffer.writeGroup(\(number), value) }"
        case .map(let key, let value):
            "buffer.writeMap(\(number), \(reachedName), \(key).self, \(value).self)"
        }
    }

    /// The condition under which a value is not zero, so that a field without presence is written. Negative zero is not
    /// zero.
    static func isPresent(_ name: String, _ kind: Google_Protobuf_FieldDescriptorProto.TypeEnum) -> String {
        switch kind {
        case .string, .bytes: "!\(name).isEmpty"
        case .bool: name
        case .float, .double: "\(name).bitPattern != 0"
        case .enum: "\(name).rawValue != 0"
        case .message, .group: "\(name) != .init()"
        default: "\(name) != 0"
        }
    }

    /// The tag of an unpacked value.
    var tag: UInt32 { number << 3 | format }
    /// The tag of a packed run.
    private var packedTag: UInt32 { number << 3 | 2 }

    /// The cases of `merge(from:)`.
    var mergeLines: [String] {
        switch shape {
        case .implicit, .explicit:
            guard isClosedEnum else {
                return ["case \(tag): try reader.read(&\(reachedName), as: \(wireType).self)"]
            }
            return ["case \(tag): if let value = \(readClosed) { \(reachedName) = value }"]
        case .message:
            return ["case \(tag): try reader.readMessage(&\(storedName))"]
        case .group:
            return ["case \(tag): try reader.readGroup(\(number), &\(reachedName))"]
        case .repeated:
            return repeatedLines
        case .repeatedMessage:
            return ["case \(tag): try reader.readMessages(&\(reachedName))"]
        case .repeatedGroup:
            return ["case \(tag): try reader.readGroups(\(number), &\(reachedName))"]
        case .map(let key, let value):
            let types = "\(key).self, \(value).self"
            return isClosedEnum
                ? [
                    "case \(number << 3 | 2):",
                    "    try reader.readClosedMap(\(number), &\(reachedName), \(types), in: &unknownFields)",
                ] : ["case \(number << 3 | 2): try reader.readMap(&\(reachedName), \(types))"]
        }
    }

    /// Numbers arrive packed or not, whatever the schema says.
    private var repeatedLines: [String] {
        if isClosedEnum {
            return [
                "case \(tag): if let value = \(readClosed) { \(reachedName).append(value) }",
                "case \(packedTag): try reader.readClosedPacked(\(number), &\(reachedName), in: &unknownFields)",
            ]
        }
        let unpacked = "case \(tag): try reader.readRepeated(&\(reachedName), as: \(wireType).self)"
        guard isPackable else { return [unpacked] }
        return [unpacked, "case \(packedTag): try reader.readPacked(&\(reachedName), as: \(wireType).self)"]
    }

    /// Reads a number of a closed enum; nil when it went to the unknown fields.
    var readClosed: String {
        "try reader.readClosed(\(number), \(valueType).self, in: &unknownFields)"
    }
}
