internal import ProtobufWire

/// The work of making a pool: first all names get their positions, then fields can refer to them.
struct PoolBuild {
    struct PendingMessage {
        let fullName: String
        let descriptor: Google_Protobuf_DescriptorProto
        let syntax: Syntax
    }
    struct PendingExtension {
        let scope: String
        let field: Google_Protobuf_FieldDescriptorProto
        let syntax: Syntax
    }
    enum Syntax { case proto2, proto3, editions }

    private(set) var files: [Google_Protobuf_FileDescriptorProto] = []
    private(set) var fileOfSymbol: [String: Int] = [:]
    private(set) var messageIndices: [String: Int] = [:]
    private(set) var enumIndices: [String: Int] = [:]
    private(set) var enums: [EnumDescriptor] = []
    private(set) var services: [(fullName: String, descriptor: Google_Protobuf_ServiceDescriptorProto)] = []
    private var pendingMessages: [PendingMessage] = []
    private var pendingExtensions: [PendingExtension] = []

    mutating func collect(_ file: Google_Protobuf_FileDescriptorProto) throws(DescriptorError) {
        guard !files.contains(where: { $0.name == file.name }) else { return }
        files.append(file)
        let syntax: Syntax =
            switch file.syntax {
            case "proto3": .proto3
            case "editions": .editions
            default: .proto2
            }
        let scope = file.package ?? ""
        for message in file.messageType { try collect(message, scope: scope, syntax: syntax) }
        for type in file.enumType { try collect(type, scope: scope, syntax: syntax) }
        for field in file.extension { try collect(field, scope: scope, syntax: syntax) }
        for service in file.service {
            let name = try declare(service.name, in: scope)
            services.append((name, service))
            for method in service.method { _ = try declare(method.name, in: name) }
        }
    }

    private mutating func declare(_ name: String?, in scope: String) throws(DescriptorError) -> String {
        let full = scope.isEmpty ? name ?? "" : scope + "." + (name ?? "")
        guard fileOfSymbol.updateValue(files.count - 1, forKey: full) == nil else {
            throw .duplicateName(full)
        }
        return full
    }

    private mutating func collect(
        _ message: Google_Protobuf_DescriptorProto, scope: String, syntax: Syntax
    ) throws(DescriptorError) {
        let name = try declare(message.name, in: scope)
        messageIndices[name] = pendingMessages.count
        pendingMessages.append(PendingMessage(fullName: name, descriptor: message, syntax: syntax))
        for nested in message.nestedType { try collect(nested, scope: name, syntax: syntax) }
        for nested in message.enumType { try collect(nested, scope: name, syntax: syntax) }
        for field in message.extension { try collect(field, scope: name, syntax: syntax) }
    }

    private mutating func collect(
        _ type: Google_Protobuf_EnumDescriptorProto, scope: String, syntax: Syntax
    ) throws(DescriptorError) {
        let name = try declare(type.name, in: scope)
        var numbers: [String: Int32] = [:]
        var names: [Int32: String] = [:]
        for value in type.value {
            let number = value.number ?? 0
            numbers[value.name ?? ""] = number
            if names[number] == nil { names[number] = value.name }
        }
        enumIndices[name] = enums.count
        enums.append(
            EnumDescriptor(
                fullName: name, values: type.value.map { ($0.name ?? "", $0.number ?? 0) },
                isClosed: syntax == .proto2, numbers: numbers, names: names))
    }

    private mutating func collect(
        _ field: Google_Protobuf_FieldDescriptorProto, scope: String, syntax: Syntax
    ) throws(DescriptorError) {
        _ = try declare(field.name, in: scope)
        pendingExtensions.append(PendingExtension(scope: scope, field: field, syntax: syntax))
    }

    func makeMessages() throws(DescriptorError) -> [MessageRecord] {
        var records: [MessageRecord] = []
        for pending in pendingMessages {
            var fields: [FieldDescriptor] = []
            for field in pending.descriptor.field {
                if let oneof = field.oneofIndex, !pending.descriptor.oneofDecl.indices.contains(Int(oneof)) {
                    throw .invalidField(pending.fullName + "." + (field.name ?? ""))
                }
                fields.append(try makeField(field, scope: pending.fullName, syntax: pending.syntax))
            }
            if pending.descriptor.options?.mapEntry == true, fields.map(\.number) != [1, 2] {
                throw .invalidField(pending.fullName)
            }
            // proto3 `optional` fields have synthetic oneofs after the real ones.
            let synthetic = Set(
                pending.descriptor.field.filter { $0.proto3Optional == true }.compactMap(\.oneofIndex))
            let oneofs = pending.descriptor.oneofDecl.enumerated()
                .filter { !synthetic.contains(Int32($0.offset)) }.map { $0.element.name ?? "" }
            records.append(
                MessageRecord(
                    fullName: pending.fullName, fields: fields, oneofs: oneofs,
                    reservedNames: pending.descriptor.reservedName))
        }
        return records
    }

    func makeExtensions() throws(DescriptorError) -> (
        fields: [String: [UInt32: FieldDescriptor]], names: [String: (extended: String, number: UInt32)]
    ) {
        var fields: [String: [UInt32: FieldDescriptor]] = [:]
        var names: [String: (extended: String, number: UInt32)] = [:]
        for pending in pendingExtensions {
            let extended = DescriptorPool.plain(pending.field.extendee)
            let made = try makeField(
                pending.field, scope: pending.scope, syntax: pending.syntax, isExtension: true)
            fields[extended, default: [:]][made.number] = made
            names[made.name] = (extended, made.number)
        }
        return (fields, names)
    }

    private func makeField(
        _ field: Google_Protobuf_FieldDescriptorProto, scope: String, syntax: Syntax,
        isExtension: Bool = false
    ) throws(DescriptorError) -> FieldDescriptor {
        let ownName = field.name ?? ""
        let fullName = scope.isEmpty ? ownName : scope + "." + ownName
        guard let number = field.number, number > 0, let kind = field.type.flatMap(FieldKind.init) else {
            throw .invalidField(fullName)
        }
        let typeName = DescriptorPool.plain(field.typeName)
        var typeIndex = -1
        switch kind {
        case .message, .group:
            guard let index = messageIndices[typeName] else { throw .unknownType(typeName, usedBy: fullName) }
            typeIndex = index
        case .enumeration:
            guard let index = enumIndices[typeName] else { throw .unknownType(typeName, usedBy: fullName) }
            typeIndex = index
        default: break
        }
        let isRepeated = field.label == .repeated
        let isMessage = kind == .message || kind == .group
        let isMap =
            isRepeated && isMessage && pendingMessages[typeIndex].descriptor.options?.mapEntry == true
        let oneof = field.proto3Optional == true ? nil : field.oneofIndex.map(Int.init)
        let presence =
            isMessage || oneof != nil || field.proto3Optional == true || syntax != .proto3 || isExtension
        return FieldDescriptor(
            name: isExtension ? fullName : ownName, jsonName: field.jsonName ?? JSONName.camel(ownName),
            number: UInt32(number), kind: kind, isRepeated: isRepeated, isRequired: field.label == .required,
            hasPresence: !isRepeated && presence,
            isPacked: isRepeated && kind.isPackable && field.options?.packed ?? (syntax != .proto2),
            oneofIndex: oneof, isMap: isMap, isExtension: isExtension, typeName: typeName,
            declaredDefault: field.defaultValue, typeIndex: typeIndex,
            numericOptions: Self.numericOptions(field.options))
    }
    /// Custom options are extensions, which the generated `FieldOptions` keeps as unknown fields.
    private static func numericOptions(_ options: Google_Protobuf_FieldOptions?) -> [UInt32: UInt64] {
        guard let bytes = options?.unknownFields.bytes, !bytes.isEmpty else { return [:] }
        return unsafe bytes.withUnsafeBytes { raw in
            var found: [UInt32: UInt64] = [:]
            var reader = unsafe WireReader(raw)
            // Kept bytes were read once: should they not parse, what follows the fault is left out.
            while let tag = try? reader.nextTag() {
                if tag & 7 == WireFormat.varint.rawValue {
                    guard let value = try? reader.readVarint() else { break }
                    found[tag >> 3] = value
                } else if (try? reader.skipUnknown(tag)) != true {
                    break
                }
            }
            return found
        }
    }
}
