internal import ProtobufReflection

/// Every message and enum of a request, by full name, with what generating code needs to know about them.
///
/// A type's Swift name depends on its file and what that imports, and on nothing else: who imports it, in
/// whichever run, finds it under the same name.
struct SchemaIndex {
    struct MessageEntry {
        let descriptor: Google_Protobuf_DescriptorProto
        /// The name with all that encloses it, as other types reach it.
        let swiftName: String
        let members: MemberNames
        let module: String?
    }
    struct EnumEntry {
        let swiftName: String
        let module: String?
        /// proto2: a number without a name is not a value but an unknown field.
        let isClosed: Bool
        /// By number.
        let cases: [Int32: String]
    }

    private(set) var messages: [String: MessageEntry] = [:]
    private(set) var enums: [String: EnumEntry] = [:]
    private(set) var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
    /// The Swift name of each service, from which those of its types are made.
    private(set) var services: [String: String] = [:]
    private let options: GeneratorOptions
    let customOptions: CustomOptions
    private var rules: [String: MessageRules] = [:]
    /// Messages held in a box wherever they are a singular field.
    private(set) var boxed: Set<String> = []
    /// The files that declare a type of a Swift name outside any other.
    private var topLevel: [String: Set<String>] = [:]

    /// Largest message held inline in another, bytes. Copying a struct retains each of its strings and
    /// arrays; copying a box retains once, but costs an allocation to make.
    static let inlineByteCountMax = 128

    /// - Throws: ``CodegenError`` when two types have one Swift name, which only `swift_prefix` can bring about.
    init(files: [Google_Protobuf_FileDescriptorProto], options: GeneratorOptions) throws(CodegenError) {
        self.options = options
        customOptions = try CustomOptions(named: options.customOptions, in: files)
        for file in files { self.files[file.name ?? ""] = file }
        for file in files {
            let prefix = NamingRules.typePrefix(of: file)
            guard prefix.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }),
                prefix.first?.isNumber != true
            else { throw CodegenError("\(file.name ?? ""): no name in Swift begins with swift_prefix \(prefix)") }
            for name in file.messageType.map(\.name) + file.enumType.map(\.name) {
                topLevel[NamingRules.topLevelName(name ?? "", prefix: prefix), default: []].insert(file.name ?? "")
            }
        }
        for (name, declaring) in topLevel where declaring.count > 1 {
            let list = declaring.sorted().joined(separator: " and ")
            throw CodegenError("\(name) would be a type of \(list): give them another swift_prefix")
        }
        for file in files {
            let place = Place(
                file: file.name ?? "", module: options.module(ofPackage: file.package ?? "", file: file.name ?? ""),
                isProto3: file.syntax == "proto3")
            let prefix = NamingRules.typePrefix(of: file)
            let scope = (file.package ?? "").isEmpty ? "" : "." + (file.package ?? "")
            for message in file.messageType {
                add(message, NamingRules.topLevelName(message.name ?? "", prefix: prefix), scope: scope, place)
            }
            for type in file.enumType {
                add(type, NamingRules.topLevelName(type.name ?? "", prefix: prefix), scope: scope, place)
            }
        }
        nameServices()
        boxed = LayoutPlan(messages: messages).boxedMessages()
    }

    /// Reads the rules of the files that code is made of.
    mutating func readRules(of generated: [Google_Protobuf_FileDescriptorProto]) throws(CodegenError) {
        rules = try RuleIndex(self, generated: generated).messages
    }

    /// What `buf.validate` asks of a message, nil for nothing.
    func rules(of typeName: String) -> MessageRules? { rules[typeName] }

    private struct Place {
        let file: String
        let module: String?
        let isProto3: Bool
    }

    private mutating func add(
        _ message: Google_Protobuf_DescriptorProto, _ swiftName: String, scope: String, _ place: Place
    ) {
        let members = MemberNames(of: message) { [topLevel, files] name in
            guard let declaring = topLevel[name] else { return false }
            return Self.imports(from: place.file, files).contains { declaring.contains($0) }
        }
        let fullName = scope + "." + (message.name ?? "")
        messages[fullName] = MessageEntry(
            descriptor: message, swiftName: swiftName, members: members, module: place.module)
        for (nested, name) in zip(message.nestedType, members.messages) {
            add(nested, swiftName + "." + name, scope: fullName, place)
        }
        for (nested, name) in zip(message.enumType, members.enums) {
            add(nested, swiftName + "." + name, scope: fullName, place)
        }
    }

    private mutating func add(
        _ type: Google_Protobuf_EnumDescriptorProto, _ swiftName: String, scope: String, _ place: Place
    ) {
        enums[scope + "." + (type.name ?? "")] = EnumEntry(
            swiftName: swiftName, module: place.module, isClosed: !place.isProto3,
            cases: EnumGenerator.caseNames(of: type))
    }

    /// A file and all that it imports, however far.
    private static func imports(
        from start: String, _ files: [String: Google_Protobuf_FileDescriptorProto]
    ) -> Set<String> {
        var found: Set<String> = [start]
        var pending = [start]
        while let next = pending.popLast() {
            for name in files[next]?.dependency ?? [] where found.insert(name).inserted { pending.append(name) }
        }
        return found
    }

    /// No generated code of another file names a service's types, so these may give way to all other types at hand.
    private mutating func nameServices() {
        var taken = Set(topLevel.keys).union(files.values.map(NamingRules.fileTypeName(of:)))
        for (_, file) in files.sorted(by: { $0.key < $1.key }) {
            let package = (file.package ?? "").isEmpty ? "" : (file.package ?? "") + "."
            for service in file.service {
                let wanted = service.name ?? ""
                var name = NamingRules.typePrefix(of: file) + wanted.replacing("_", with: "__")
                var types = ServiceGenerator.typeNames(of: name)
                while types.contains(where: { taken.contains($0) || ReservedNames.types.contains($0) }) {
                    name += "_"
                    types = ServiceGenerator.typeNames(of: name)
                }
                taken.formUnion(types)
                services[package + wanted] = name
            }
        }
    }

    /// True for the Swift name of a type that is not nested.
    func isTopLevelType(_ name: String) -> Bool { topLevel[name] != nil }

    /// The Swift name of a message or enum; protoc has checked that it exists.
    func swiftName(of typeName: String) -> String {
        messages[typeName]?.swiftName ?? enums[typeName]?.swiftName ?? typeName
    }

    /// The name that a type is declared by: the last part of its Swift name.
    func declaredName(of typeName: String) -> String {
        swiftName(of: typeName).split(separator: ".").last.map(String.init) ?? typeName
    }

    /// The Swift case of an enum's number, which the enum has.
    func caseName(of number: Int32, in typeName: String) -> String {
        enums[typeName]?.cases[number] ?? "unrecognized(\(number))"
    }

    /// The module of a type, nil when it is the one being generated.
    func module(of typeName: String) -> String? {
        messages[typeName]?.module ?? enums[typeName]?.module ?? nil
    }

    /// The module of a file's types, nil when it is the one being generated.
    func module(ofFile name: String) -> String? {
        options.module(ofPackage: files[name]?.package ?? "", file: name)
    }

    /// The entry message of a map field, nil for other fields.
    func mapEntry(of field: Google_Protobuf_FieldDescriptorProto) -> Google_Protobuf_DescriptorProto? {
        guard field.type == .message, field.label == .repeated, let name = field.typeName,
            let entry = messages[name]?.descriptor, entry.options?.mapEntry == true
        else { return nil }
        return entry
    }
}
