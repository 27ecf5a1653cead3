internal import ProtobufReflection

/// The Swift names of the members of a message: nested types, fields and oneofs share one scope.
struct MemberNames {
    /// Of the nested messages and enums, in the order of the descriptor; a map's entry has its own and needs none.
    let messages: [String]
    let enums: [String]
    /// Of the properties, one for each field; a oneof's members are its cases.
    let fields: [String]
    /// Of the stored properties behind fields that are held in a box.
    let boxes: [String]
    let oneofs: [Oneof]

    struct Oneof {
        let property: String
        let type: String
    }

    /// - Parameter isType: true for the name of a type that the message's fields could name; a member of that name
    ///   would stand before it.
    init(of message: Google_Protobuf_DescriptorProto, isType: @escaping (String) -> Bool) {
        var scope = NameScope { ReservedNames.messageMembers.contains($0) || isType($0) }
        var types = NameScope { ReservedNames.types.contains($0) || isType($0) }
        messages = message.nestedType.map { nested in
            let name = nested.name ?? ""
            guard nested.options?.mapEntry != true else { return name }
            return scope.claim(types.claim(name, suffix: "Message"), suffix: "_")
        }
        enums = message.enumType.map { scope.claim(types.claim($0.name ?? "", suffix: "Enum"), suffix: "_") }
        fields = message.field.map { field in
            let name = NamingRules.propertyName(Self.schemaName(of: field))
            return scope.claim(
                name, suffix: ReservedNames.messageMembers.contains(name) ? "_" : "_\(field.number ?? 0)")
        }
        oneofs = message.oneofDecl.map { oneof in
            let name = oneof.name ?? ""
            return Oneof(
                property: scope.claim(NamingRules.propertyName(name), suffix: "_"),
                type: scope.claim("OneOf_" + NamingRules.upperCamel(name), suffix: "_"))
        }
        boxes = fields.map { scope.claim("_" + $0, suffix: "_") }
    }

    /// A group's field is named after its type, which protoc writes in lower case.
    private static func schemaName(of field: Google_Protobuf_FieldDescriptorProto) -> String {
        guard field.type == .group, let type = field.typeName?.split(separator: ".").last else {
            return field.name ?? ""
        }
        return String(type)
    }
}
