internal import ProtobufReflection
internal import ProtobufWire

/// The files that a server was built from, by name, symbol or extension.
struct DescriptorIndex: Sendable {
    private struct ExtensionKey: Hashable {
        var type: String
        var number: Int32
    }

    private var files: [String: FileDescriptorBytes] = [:]
    private var fileOfSymbol: [String: String] = [:]
    private var fileOfExtension: [ExtensionKey: String] = [:]
    private(set) var serviceNames: [String] = []

    /// Types that clients may lack but encounter in options and inside an `Any`.
    private static let wellKnownTypes = [
        Google_Protobuf_Any_File.descriptor, Google_Protobuf_Descriptor_File.descriptor,
        Google_Protobuf_Duration_File.descriptor, Google_Protobuf_Empty_File.descriptor,
        Google_Protobuf_FieldMask_File.descriptor, Google_Protobuf_Struct_File.descriptor,
        Google_Protobuf_Timestamp_File.descriptor, Google_Protobuf_Wrappers_File.descriptor,
    ]

    /// Indexes `roots` with all their imports, and the well-known types.
    init(_ roots: [FileDescriptorBytes]) {
        for root in roots { add(root) }
        for file in Self.wellKnownTypes { add(file) }
        serviceNames.sort()
    }

    /// The named file and all its imports, itself first; `nil` if unknown.
    func file(named name: String) -> [[UInt8]]? {
        guard let root = files[name] else { return nil }
        var result: [[UInt8]] = []
        var seen: Set<String> = []
        var pending = [root]
        while let file = pending.popLast() {
            guard seen.insert(file.name).inserted else { continue }
            result.append(file.bytes)
            pending += file.dependencies
        }
        return result
    }

    /// The file that declares a message, field, oneof, enum, enum value, service, method or extension, by its full
    /// name.
    func file(containing symbol: String) -> [[UInt8]]? { fileOfSymbol[symbol].flatMap(file(named:)) }

    func file(extending type: String, number: Int32) -> [[UInt8]]? {
        fileOfExtension[ExtensionKey(type: type, number: number)].flatMap(file(named:))
    }

    /// Numbers of the known extensions of a message; `nil` if the message is unknown.
    func extensionNumbers(of type: String) -> [Int32]? {
        guard fileOfSymbol[type] != nil else { return nil }
        return fileOfExtension.keys.filter { $0.type == type }.map(\.number).sorted()
    }

    private mutating func add(_ file: FileDescriptorBytes) {
        guard files[file.name] == nil else { return }
        files[file.name] = file
        for dependency in file.dependencies { add(dependency) }
        // This project's generator wrote the bytes; if they were invalid, reflection would only lack the file's
        // symbols.
        guard let proto = try? Google_Protobuf_FileDescriptorProto(decoding: file.bytes) else { return }
        let scope = proto.package ?? ""
        for message in proto.messageType { add(message, scope: scope, file: file.name) }
        for type in proto.enumType { add(type, scope: scope, file: file.name) }
        for field in proto.extension { add(extension: field, scope: scope, file: file.name) }
        for service in proto.service {
            let name = join(scope, service.name)
            serviceNames.append(name)
            fileOfSymbol[name] = file.name
            for method in service.method { fileOfSymbol[join(name, method.name)] = file.name }
        }
    }

    private mutating func add(_ message: Google_Protobuf_DescriptorProto, scope: String, file: String) {
        let name = join(scope, message.name)
        fileOfSymbol[name] = file
        for field in message.field { fileOfSymbol[join(name, field.name)] = file }
        for oneof in message.oneofDecl { fileOfSymbol[join(name, oneof.name)] = file }
        for type in message.enumType { add(type, scope: name, file: file) }
        for field in message.extension { add(extension: field, scope: name, file: file) }
        for nested in message.nestedType { add(nested, scope: name, file: file) }
    }

    /// The full name of an enum value is a sibling of its enum, as in C++ (descriptor.proto,
    /// EnumValueDescriptorProto); it is also found under the enum's name, where people look for it.
    private mutating func add(_ type: Google_Protobuf_EnumDescriptorProto, scope: String, file: String) {
        let name = join(scope, type.name)
        fileOfSymbol[name] = file
        for value in type.value {
            fileOfSymbol[join(scope, value.name)] = file
            fileOfSymbol[join(name, value.name)] = file
        }
    }

    private mutating func add(
        extension field: Google_Protobuf_FieldDescriptorProto, scope: String, file: String
    ) {
        fileOfSymbol[join(scope, field.name)] = file
        guard let extendee = field.extendee, let number = field.number else { return }
        let type = extendee.hasPrefix(".") ? String(extendee.dropFirst()) : extendee
        fileOfExtension[ExtensionKey(type: type, number: number)] = file
    }

    private func join(_ scope: String, _ name: String?) -> String {
        scope.isEmpty ? name ?? "" : "\(scope).\(name ?? "")"
    }
}
