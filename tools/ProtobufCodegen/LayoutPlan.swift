internal import ProtobufReflection

/// Decides which messages are boxed when they are singular fields: those that contain themselves, and large
/// ones.
struct LayoutPlan {
    let messages: [String: SchemaIndex.MessageEntry]

    func boxedMessages() -> Set<String> {
        var boxed = recursiveMessages()
        var sizes: [String: Int] = [:]
        for name in messages.keys.sorted()
        where size(of: name, &sizes, boxed: &boxed) > SchemaIndex.inlineByteCountMax {
            boxed.insert(name)
        }
        return boxed
    }

    /// Messages on a cycle of singular fields; repeated fields and maps are on the heap anyway.
    private func recursiveMessages() -> Set<String> {
        var found: Set<String> = []
        for start in messages.keys {
            var pending = singularMessages(of: start)
            var seen: Set<String> = []
            while let next = pending.popLast() {
                if next == start {
                    found.insert(start)
                    break
                }
                if seen.insert(next).inserted { pending += singularMessages(of: next) }
            }
        }
        return found
    }

    private func singularMessages(of name: String) -> [String] {
        (messages[name]?.descriptor.field ?? []).filter { isMessage($0) && $0.label != .repeated }
            .compactMap(\.typeName)
    }

    private func isMessage(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        field.type == .message || field.type == .group
    }

    /// The size of a message's struct, roughly: every field on its own eight-byte boundary but the small
    /// ones.
    private func size(of name: String, _ sizes: inout [String: Int], boxed: inout Set<String>) -> Int {
        if let known = sizes[name] { return known }
        guard let message = messages[name]?.descriptor else { return 8 }
        var total = 8  // unknownFields
        var oneofs: [Int32: Int] = [:]
        for field in message.field {
            let one = size(of: field, &sizes, boxed: &boxed)
            if let oneof = field.oneofIndex, field.proto3Optional != true {
                oneofs[oneof] = max(oneofs[oneof] ?? 0, one)
            } else {
                total += one
            }
        }
        total += oneofs.values.reduce(0) { $0 + $1 + 8 }
        sizes[name] = total
        if total > SchemaIndex.inlineByteCountMax { boxed.insert(name) }
        return total
    }

    private func size(
        of field: Google_Protobuf_FieldDescriptorProto, _ sizes: inout [String: Int], boxed: inout Set<String>
    ) -> Int {
        if field.label == .repeated { return isMap(field) ? 16 : 8 }
        let flag = field.proto3Optional == true || field.label == .required ? 8 : 0
        switch field.type {
        case .message, .group:
            guard let name = field.typeName, !boxed.contains(name) else { return 8 }
            let inline = size(of: name, &sizes, boxed: &boxed)
            return inline > SchemaIndex.inlineByteCountMax ? 8 : inline + 8
        case .string: return 16
        case .bool: return 1 + flag
        case .int32, .uint32, .sint32, .fixed32, .sfixed32, .float: return 4 + flag
        default: return 8 + flag
        }
    }

    private func isMap(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        field.typeName.flatMap { messages[$0]?.descriptor.options?.mapEntry } == true
    }
}
