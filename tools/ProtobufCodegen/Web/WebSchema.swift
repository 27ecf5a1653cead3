internal import ProtobufReflection

/// The types of a package of ES modules: the messages and enums that its calls exchange and its errors carry, each with
/// its name in TypeScript and its module.
struct WebSchema {
    struct Entry {
        /// `SessionEvent`; a nested type has the names of all that enclose it: `Thing_Type`.
        let name: String
        /// Without extension, relative to the package: `types/telehealth/v1/session`.
        let module: String
        /// Where the type's comment is in its file.
        let path: [Int32]
        let kind: Kind
    }
    enum Kind {
        case message(Google_Protobuf_DescriptorProto)
        case enumeration(Google_Protobuf_EnumDescriptorProto)
    }

    /// A oneof of a message, and the function that says which of its members is set.
    struct Oneof {
        /// `sessionEventKind`
        let function: String
        /// `SessionEventKind`
        let type: String
        let name: String
        let members: [Google_Protobuf_FieldDescriptorProto]
        /// Where its comment is in its file.
        let path: [Int32]
    }

    /// By full name with a leading dot.
    private(set) var entries: [String: Entry] = [:]
    /// The full names of each module's types, in the order of the schema.
    private(set) var modules: [String: [String]] = [:]
    private(set) var oneofs: [String: [Oneof]] = [:]
    private let schema: SchemaIndex

    /// - Throws: ``CodegenError`` when two types would have one name: a package exports all of them side by side.
    init(reachedFrom roots: [String], _ schema: SchemaIndex) throws(CodegenError) {
        self.schema = schema
        let reached = Self.reached(from: roots, schema)
        for (_, file) in schema.files.sorted(by: { $0.key < $1.key }) {
            let module = Self.module(ofFile: file.name ?? "")
            let scope = (file.package ?? "").isEmpty ? "" : "." + (file.package ?? "")
            for (index, type) in file.enumType.enumerated() {
                add(type, within: "", scope, module, [5, Int32(index)], reached)
            }
            for (index, message) in file.messageType.enumerated() {
                add(message, within: "", scope, module, [4, Int32(index)], reached)
            }
        }
        try nameOneofs()
    }

    /// The module of a `.proto` file's types.
    static func module(ofFile name: String) -> String {
        "types/" + (name.hasSuffix(".proto") ? String(name.dropLast(6)) : name)
    }

    /// The types that messages are made of, however deep, without those that JSON has a form of its own for.
    private static func reached(from roots: [String], _ schema: SchemaIndex) -> Set<String> {
        var found: Set<String> = []
        var pending = roots
        while let next = pending.popLast() {
            guard WebFieldType.ofWellKnown[next] == nil, found.insert(next).inserted else { continue }
            for field in schema.messages[next]?.descriptor.field ?? [] {
                if let type = field.typeName, !type.isEmpty { pending.append(type) }
            }
        }
        return found
    }

    private mutating func add(
        _ message: Google_Protobuf_DescriptorProto, within outer: String, _ scope: String, _ module: String,
        _ path: [Int32], _ reached: Set<String>
    ) {
        let fullName = scope + "." + (message.name ?? "")
        let name = outer + (message.name ?? "")
        if reached.contains(fullName), message.options?.mapEntry != true {
            entries[fullName] = Entry(name: Self.free(name), module: module, path: path, kind: .message(message))
            modules[module, default: []].append(fullName)
        }
        for (index, type) in message.enumType.enumerated() {
            add(type, within: name + "_", fullName, module, path + [4, Int32(index)], reached)
        }
        for (index, nested) in message.nestedType.enumerated() {
            add(nested, within: name + "_", fullName, module, path + [3, Int32(index)], reached)
        }
    }

    private mutating func add(
        _ type: Google_Protobuf_EnumDescriptorProto, within outer: String, _ scope: String, _ module: String,
        _ path: [Int32], _ reached: Set<String>
    ) {
        let fullName = scope + "." + (type.name ?? "")
        guard reached.contains(fullName) else { return }
        let name = Self.free(outer + (type.name ?? ""))
        entries[fullName] = Entry(name: name, module: module, path: path, kind: .enumeration(type))
        modules[module, default: []].append(fullName)
    }

    private mutating func nameOneofs() throws(CodegenError) {
        var owners: [String: String] = [:]
        for (fullName, entry) in entries.sorted(by: { $0.key < $1.key }) {
            if let other = owners.updateValue(fullName, forKey: entry.name) {
                throw CodegenError("\(entry.name) would be a type of \(other) and \(fullName): rename one of them")
            }
        }
        for (fullName, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard case .message(let message) = entry.kind else { continue }
            for (index, oneof) in message.oneofDecl.enumerated() {
                let members = message.field.filter {
                    $0.proto3Optional != true && $0.oneofIndex.map(Int.init) == index
                }
                // proto3 `optional` is declared as a oneof of its own.
                guard !members.isEmpty else { continue }
                var type = entry.name + NamingRules.upperCamel(oneof.name ?? "")
                while owners[type] != nil { type += "_" }
                owners[type] = fullName
                oneofs[fullName, default: []].append(
                    Oneof(
                        function: type.prefix(1).lowercased() + type.dropFirst(), type: type, name: oneof.name ?? "",
                        members: members, path: entry.path + [8, Int32(index)]))
            }
        }
    }

    /// The entry message of a map field, nil for other fields.
    func mapEntry(of field: Google_Protobuf_FieldDescriptorProto) -> Google_Protobuf_DescriptorProto? {
        schema.mapEntry(of: field)
    }

    /// A name that hides nothing that declarations of a module need.
    private static func free(_ name: String) -> String { taken.contains(name) ? name + "_" : name }

    private static let taken: Set<String> = [
        "any", "bigint", "boolean", "never", "null", "number", "object", "string", "symbol", "undefined", "unknown",
        "void",
        "AsyncIterable", "Promise", "Base64", "CallOptions", "Duration", "Float", "Int64", "MessageStream", "Reason",
        "Timestamp", "Transport", "TransportOptions", "TelehealthClient", "TelehealthError",
    ]
}
