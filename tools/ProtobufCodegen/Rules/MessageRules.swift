internal import ProtobufReflection
internal import ProtobufWire

/// What the rules ask of one message.
struct MessageRules {
    /// The oneofs of which a field must be set, by their index.
    var requiredOneofs: Set<Int> = []
    /// By the field's index; a field of which nothing is asked has none.
    var fields: [Int: FieldRules] = [:]

    var isEmpty: Bool { requiredOneofs.isEmpty && fields.isEmpty }
}

/// What the rules ask of one field.
struct FieldRules {
    /// What is asked of each element of a repeated field, of each key or of each value of a map.
    struct Elements {
        var checks: [ValueCheck] = []
        /// Elements of the value zero are left out.
        var ignoresZero = false
        /// The elements are messages that have rules.
        var areChecked = false

        var isEmpty: Bool { checks.isEmpty && !areChecked }
    }

    var isRequired = false
    /// A value without presence that is zero is left out; of others `ignore` says nothing new.
    var ignoresZero = false
    /// Of the value; of a repeated field or a map, of all of it.
    var checks: [ValueCheck] = []
    /// The field is a message that has rules.
    var isChecked = false
    var elements = Elements()
    var keys = Elements()

    var isEmpty: Bool { !isRequired && checks.isEmpty && !isChecked && elements.isEmpty && keys.isEmpty }
}

/// The rules of every message of the files to be generated.
struct RuleIndex {
    private(set) var messages: [String: MessageRules] = [:]

    /// - Parameter generated: the files to generate; other files may contain unsupported rules.
    /// - Throws: ``CodegenError`` that names the file, the message and the field.
    init(_ schema: SchemaIndex, generated: [Google_Protobuf_FileDescriptorProto]) throws(CodegenError) {
        let reader = RuleReader(schema)
        for file in generated {
            let scope = (file.package ?? "").isEmpty ? "" : "." + (file.package ?? "")
            do throws(CodegenError) {
                for message in file.messageType { try add(message, scope: scope, reader) }
            } catch {
                throw CodegenError("\(file.name ?? ""): \(error.description)")
            }
        }
    }

    private mutating func add(
        _ message: Google_Protobuf_DescriptorProto, scope: String, _ reader: RuleReader
    ) throws(CodegenError) {
        let name = scope + "." + (message.name ?? "")
        let rules = try reader.rules(of: message, named: String(name.dropFirst()))
        if !rules.isEmpty { messages[name] = rules }
        for nested in message.nestedType { try add(nested, scope: name, reader) }
    }
}

/// Reads the rules of messages out of their descriptors.
private struct RuleReader {
    let schema: SchemaIndex
    let values: ValueRules
    /// Messages with rules of their own, or that hold such a message.
    let checked: Set<String>

    init(_ schema: SchemaIndex) {
        self.schema = schema
        var predefined: [UInt32: Google_Protobuf_FieldDescriptorProto] = [:]
        let nested = schema.messages.values.flatMap(\.descriptor.extension)
        for field in schema.files.values.flatMap(\.extension) + nested
        where field.extendee == ".buf.validate.StringRules" {
            predefined[UInt32(bitPattern: field.number ?? 0)] = field
        }
        values = ValueRules(predefined: predefined)
        checked = Self.checked(schema)
    }

    private static func checked(_ schema: SchemaIndex) -> Set<String> {
        var found = Set(schema.messages.filter { hasRules($0.value.descriptor) }.keys)
        var holders: [String: [String]] = [:]
        for (name, entry) in schema.messages {
            for field in entry.descriptor.field {
                guard let held = field.typeName, schema.messages[held] != nil else { continue }
                holders[held, default: []].append(name)
            }
        }
        var pending = Array(found)
        while let next = pending.popLast() {
            for holder in holders[next] ?? [] where found.insert(holder).inserted { pending.append(holder) }
        }
        return found
    }

    private static func hasRules(_ message: Google_Protobuf_DescriptorProto) -> Bool {
        // A damaged option is found where code is made of it.
        message.field.contains { ((try? RuleOptions.field($0)) ?? nil) != nil }
            || message.oneofDecl.contains { ((try? RuleOptions.oneof($0)) ?? nil) != nil }
    }

    func rules(
        of message: Google_Protobuf_DescriptorProto, named name: String
    ) throws(CodegenError) -> MessageRules {
        var rules = MessageRules()
        guard try RuleOptions.message(message) == nil else {
            throw CodegenError("\(name): rules of a whole message are not supported, only those of fields and oneofs")
        }
        for (index, oneof) in message.oneofDecl.enumerated() where try RuleOptions.oneof(oneof)?.required == true {
            rules.requiredOneofs.insert(index)
        }
        for (index, field) in message.field.enumerated() {
            do throws(CodegenError) {
                let own = try self.rules(of: field)
                if !own.isEmpty { rules.fields[index] = own }
            } catch {
                throw CodegenError("\(name).\(field.name ?? ""): \(error.description)")
            }
        }
        return rules
    }

    private func rules(of field: Google_Protobuf_FieldDescriptorProto) throws(CodegenError) -> FieldRules {
        let own = try RuleOptions.field(field)
        var rules = FieldRules()
        if own?.ignore == .always { return rules }
        rules.isRequired = own?.required == true
        rules.ignoresZero = own?.ignore == .ifZeroValue
        if let entry = schema.mapEntry(of: field) {
            try readMap(own, entry, &rules)
        } else if field.label == .repeated {
            try readList(own, field, &rules)
        } else {
            rules.checks = try own.map { own throws(CodegenError) in try values.checks(own, of: .init(field)) } ?? []
            rules.isChecked = isChecked(field)
        }
        return rules
    }

    private func readList(
        _ own: Buf_Validate_FieldRules?, _ field: Google_Protobuf_FieldDescriptorProto, _ rules: inout FieldRules
    ) throws(CodegenError) {
        var list = Buf_Validate_RepeatedRules()
        if let own { list = try standard(own) { if case .repeated(let list) = $0 { list } else { nil } } ?? list }
        guard list.unknownFields.isEmpty else { throw CodegenError("predefined rules of lists are not supported") }
        rules.checks = ValueCheck.sizes(
            ("", "repeated.min_items", "repeated.max_items"), exact: nil, min: list.minItems, max: list.maxItems,
            unit: "element", count: { "\($0).count" })
        if list.unique == true {
            guard field.type != .message, field.type != .group else {
                throw CodegenError("repeated.unique is supported for scalars and enums only")
            }
            rules.checks.append(
                ValueCheck("repeated.unique", "must not contain duplicates") { "RuleChecks.hasDuplicates(\($0))" })
        }
        rules.elements = try elements(list.items, field)
    }

    private func readMap(
        _ own: Buf_Validate_FieldRules?, _ entry: Google_Protobuf_DescriptorProto, _ rules: inout FieldRules
    ) throws(CodegenError) {
        var map = Buf_Validate_MapRules()
        if let own { map = try standard(own) { if case .map(let map) = $0 { map } else { nil } } ?? map }
        guard let key = entry.field.first, let value = entry.field.last, map.unknownFields.isEmpty else {
            throw CodegenError("predefined rules of maps are not supported")
        }
        rules.checks = ValueCheck.sizes(
            ("", "map.min_pairs", "map.max_pairs"), exact: nil, min: map.minPairs, max: map.maxPairs, unit: "entry",
            count: { "\($0).count" })
        rules.keys = try elements(map.keys, key)
        rules.elements = try elements(map.values, value)
    }

    /// The rules of a list or a map, nil where only others than those of a kind are given.
    private func standard<Rules>(
        _ own: Buf_Validate_FieldRules, _ pick: (Buf_Validate_FieldRules.OneOf_Type) -> Rules?
    ) throws(CodegenError) -> Rules? {
        guard own.cel.isEmpty, own.celExpression.isEmpty, own.unknownFields.isEmpty else {
            throw CodegenError("rules in CEL are not supported, only the standard ones")
        }
        guard let type = own.type else { return nil }
        guard let rules = pick(type) else { throw CodegenError("a rule does not apply to this kind of field") }
        return rules
    }

    private func elements(
        _ own: Buf_Validate_FieldRules?, _ field: Google_Protobuf_FieldDescriptorProto
    ) throws(CodegenError) -> FieldRules.Elements {
        var elements = FieldRules.Elements()
        if own?.ignore == .always { return elements }
        elements.ignoresZero = own?.ignore == .ifZeroValue
        if let own { elements.checks = try values.checks(own, of: .init(field)) }
        elements.areChecked = isChecked(field)
        return elements
    }

    private func isChecked(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        field.typeName.map(checked.contains) == true
    }
}
