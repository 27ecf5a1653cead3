public import ProtobufWire

/// Message, enum and service types by name, made from file descriptors. Immutable.
///
/// Supports proto2 and proto3; a file in "editions" syntax is read with the defaults of edition 2023 (presence
/// everywhere, open enums, packed), ignoring its feature options.
public final class DescriptorPool: Sendable {
    let messages: [MessageRecord]
    let enums: [EnumDescriptor]
    private let messageIndices: [String: Int]
    private let enumIndices: [String: Int]
    /// Extension fields by the extended message and number.
    let extensions: [String: [UInt32: FieldDescriptor]]
    private let extensionsByName: [String: (extended: String, number: UInt32)]
    private let serviceRecords: [Google_Protobuf_ServiceDescriptorProto]
    private let serviceIndices: [String: Int]
    /// The files, in the order given, each name once.
    public let files: [Google_Protobuf_FileDescriptorProto]
    private let fileOfSymbol: [String: Int]

    /// - Parameter files: in any order, including imports; repeated file names are skipped.
    /// - Throws: ``DescriptorError``.
    public init(files: [Google_Protobuf_FileDescriptorProto]) throws(DescriptorError) {
        var build = PoolBuild()
        for file in files { try build.collect(file) }
        self.files = build.files
        fileOfSymbol = build.fileOfSymbol
        messageIndices = build.messageIndices
        enumIndices = build.enumIndices
        enums = build.enums
        messages = try build.makeMessages()
        let made = try build.makeExtensions()
        extensions = made.fields
        extensionsByName = made.names
        serviceRecords = build.services.map(\.descriptor)
        var indices: [String: Int] = [:]
        for (index, service) in build.services.enumerated() { indices[service.fullName] = index }
        serviceIndices = indices
        for (name, index) in indices { try checkMethods(of: serviceRecords[index], name) }
    }

    /// A pool of embedded descriptors, their imports, and `google/protobuf/descriptor.proto`.
    public convenience init(_ embedded: [FileDescriptorBytes]) throws(DescriptorError) {
        var pending = embedded + [Google_Protobuf_Descriptor_File.descriptor]
        var seen: Set<String> = []
        var files: [Google_Protobuf_FileDescriptorProto] = []
        while let next = pending.popLast() {
            guard seen.insert(next.name).inserted else { continue }
            pending += next.dependencies
            do throws(WireError) {
                files.append(try Google_Protobuf_FileDescriptorProto(decoding: next.bytes))
            } catch {
                throw .malformed(file: next.name, error)
            }
        }
        try self.init(files: files)
    }

    /// The message type with a full name.
    public func message(named name: String) -> MessageDescriptor? {
        messageIndices[name].map { MessageDescriptor(pool: self, record: messages[$0]) }
    }

    /// The enum type with a full name.
    public func enumeration(named name: String) -> EnumDescriptor? { enumIndices[name].map { enums[$0] } }

    /// All enum types, in the order of their files.
    public var enumerations: [EnumDescriptor] { enums }

    /// The service with a full name.
    public func service(named name: String) -> ServiceDescriptor? {
        guard let index = serviceIndices[name] else { return nil }
        let methods = serviceRecords[index].method.compactMap { method -> ServiceDescriptor.Method? in
            guard let input = message(named: Self.plain(method.inputType)),
                let output = message(named: Self.plain(method.outputType))
            else { return nil }
            return ServiceDescriptor.Method(
                name: method.name ?? "", input: input, output: output,
                isClientStreaming: method.clientStreaming ?? false,
                isServerStreaming: method.serverStreaming ?? false)
        }
        return ServiceDescriptor(fullName: name, methods: methods)
    }

    /// The full names of all services, sorted.
    public var serviceNames: [String] { serviceIndices.keys.sorted() }

    /// The file that declares a message, enum, service, extension or `service.Method`.
    public func file(containing symbol: String) -> Google_Protobuf_FileDescriptorProto? {
        fileOfSymbol[symbol].map { files[$0] }
    }

    /// The file with an import path.
    public func file(named name: String) -> Google_Protobuf_FileDescriptorProto? {
        files.first { $0.name == name }
    }

    /// The file that declares an extension.
    public func file(containingExtension number: UInt32, of message: String)
        -> Google_Protobuf_FileDescriptorProto?
    {
        extensions[message]?[number].flatMap { file(containing: $0.name) }
    }

    /// The numbers of all known extensions of a message, sorted.
    public func extensionNumbers(of message: String) -> [UInt32] {
        (extensions[message] ?? [:]).keys.sorted()
    }

    func extensionField(named name: String, of message: String) -> FieldDescriptor? {
        guard let found = extensionsByName[name], found.extended == message else { return nil }
        return extensions[message]?[found.number]
    }

    private func checkMethods(
        of service: Google_Protobuf_ServiceDescriptorProto, _ name: String
    ) throws(DescriptorError) {
        for method in service.method {
            for type in [Self.plain(method.inputType), Self.plain(method.outputType)]
            where messageIndices[type] == nil {
                throw .unknownType(type, usedBy: "\(name).\(method.name ?? "")")
            }
        }
    }

    /// A type reference without its leading dot.
    static func plain(_ reference: String?) -> String {
        guard let reference else { return "" }
        return reference.hasPrefix(".") ? String(reference.dropFirst()) : reference
    }
}
