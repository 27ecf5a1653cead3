internal import ProtobufReflection

/// Every message and enum of a request, by full name, with what generating code needs to know about them.
struct SchemaIndex {
    struct MessageEntry {
        let descriptor: Google_Protobuf_DescriptorProto
        let swiftName: String
        let module: String?
        let isProto3: Bool
    }
    struct EnumEntry {
        let swiftName: String
        let module: String?
        /// proto2: a number without a name is not a value but an unknown field.
        let isClosed: Bool
    }

    private(set) var messages: [String: MessageEntry] = [:]
    private(set) var enums: [String: EnumEntry] = [:]
    private(set) var files: [String: Google_Protobuf_FileDescriptorProto] = [:]
    private let options: GeneratorOptions
    /// Messages held in a box wherever they are a singular field.
    private(set) var boxed: Set<String> = []

    /// Largest message held inline in another, bytes. Copying a struct retains each of its strings and
    /// arrays; copying a box retains once, but costs an allocation to make.
    static let inlineByteCountMax = 128

    init(files: [Google_Protobuf_FileDescriptorProto], options: GeneratorOptions) {
        self.options = options
        for file in files {
            self.files[file.name ?? ""] = file
            let package = file.package ?? ""
            let scope = package.isEmpty ? "" : "." + package
            let module = options.module(ofPackage: package, file: file.name ?? "")
            let prefix = NamingRules.typePrefix(of: file)
            let isProto3 = file.syntax == "proto3"
            for message in file.messageType {
                add(message, scope: scope, swiftScope: prefix, module: module, isProto3: isProto3)
            }
            for type in file.enumType {
                add(type, scope: scope, swiftScope: prefix, module: module, isProto3: isProto3)
            }
        }
        boxed = LayoutPlan(messages: messages).boxedMessages()
    }

    private mutating func add(
        _ message: Google_Protobuf_DescriptorProto, scope: String, swiftScope: String, module: String?,
        isProto3: Bool
    ) {
        let name = message.name ?? ""
        let swiftName = NamingRules.typeName(name, in: swiftScope, suffix: "Message")
        messages[scope + "." + name] = MessageEntry(
            descriptor: message, swiftName: swiftName, module: module, isProto3: isProto3)
        for nested in message.nestedType {
            add(
                nested, scope: scope + "." + name, swiftScope: swiftName + ".", module: module,
                isProto3: isProto3)
        }
        for nested in message.enumType {
            add(
                nested, scope: scope + "." + name, swiftScope: swiftName + ".", module: module,
                isProto3: isProto3)
        }
    }

    private mutating func add(
        _ type: Google_Protobuf_EnumDescriptorProto, scope: String, swiftScope: String, module: String?,
        isProto3: Bool
    ) {
        let name = type.name ?? ""
        enums[scope + "." + name] = EnumEntry(
            swiftName: NamingRules.typeName(name, in: swiftScope, suffix: "Enum"), module: module,
            isClosed: !isProto3)
    }

    /// The Swift name of a message or enum; protoc has checked that it exists.
    func swiftName(of typeName: String) -> String {
        messages[typeName]?.swiftName ?? enums[typeName]?.swiftName ?? typeName
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
