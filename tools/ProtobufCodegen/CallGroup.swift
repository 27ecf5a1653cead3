internal import ProtobufReflection

/// A service as a group of a client's calls, as its option `telehealth.v1.service` names it.
struct CallGroup {
    static let option = "telehealth.v1.service"

    /// As a Swift member: `sessions`.
    let property: String
    /// What a call's name may leave out within the group: `Session`; may be empty.
    let noun: String
    let service: Google_Protobuf_ServiceDescriptorProto
    /// The service's position in its file.
    let index: Int32

    /// The services of a file that have the option, in the order of the schema.
    static func groups(of file: Google_Protobuf_FileDescriptorProto, _ schema: SchemaIndex) -> [CallGroup] {
        let options = schema.customOptions
        guard let option = options.ofServices.first(where: { $0.fullName == Self.option }) else { return [] }
        return file.service.enumerated().compactMap { index, service in
            guard let value = options.value(option, of: service), case .string(let group)? = value["group"]
            else { return nil }
            let noun = if case .string(let noun)? = value["noun"] { noun } else { "" }
            return CallGroup(
                property: NamingRules.propertyName(group), noun: noun, service: service, index: Int32(index))
        }
    }

    /// With the file's package in front: `telehealth.v1.TelehealthService`.
    func fullName(in file: Google_Protobuf_FileDescriptorProto) -> String {
        let package = file.package ?? ""
        return (package.isEmpty ? "" : package + ".") + (service.name ?? "")
    }

    /// The Swift type for the group: `TelehealthCalls` of `TelehealthService`.
    func typeName(suffix: String) -> String {
        let name = service.name ?? ""
        return (name.hasSuffix("Service") ? String(name.dropLast(7)) : name) + suffix
    }

    /// The Swift names of methods: without the noun where it stands as a word or a plural, and nothing is left
    /// ambiguous; `JoinSession` to `join`, `ListSessions` to `list`.
    func shortNames() -> [String: String] {
        let names = service.method.compactMap(\.name)
        let short = names.map { ($0, Self.without(noun, $0)) }
        let uses = Dictionary(short.map { ($0.1, 1) }, uniquingKeysWith: +)
        return Dictionary(
            short.map { name, short in (name, NamingRules.methodName(uses[short] == 1 ? short : name)) },
            uniquingKeysWith: { first, _ in first })
    }

    private static func without(_ noun: String, _ name: String) -> String {
        guard !noun.isEmpty, let range = name.firstRange(of: noun), range.lowerBound > name.startIndex
        else { return name }
        var rest = name[range.upperBound...]
        if rest == "s" || rest.first == "s" && rest.dropFirst().first?.isUppercase == true { rest = rest.dropFirst() }
        guard rest.first?.isLowercase != true else { return name }
        return String(name[..<range.lowerBound] + rest)
    }
}
