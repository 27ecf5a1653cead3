internal import ProtobufReflection
internal import ProtobufWire

/// Turns the rules of one value into checks: of a field, an element of a repeated field, a map's key or value.
struct ValueRules {
    /// A value's type as the schema has it.
    struct ValueType {
        let kind: Google_Protobuf_FieldDescriptorProto.TypeEnum
        let typeName: String

        init(_ field: Google_Protobuf_FieldDescriptorProto) {
            kind = field.type ?? .int32
            typeName = field.typeName ?? ""
        }
    }

    /// The extensions of `buf.validate.StringRules` that the files of the request declare, by number.
    let predefined: [UInt32: Google_Protobuf_FieldDescriptorProto]

    /// The checks that hold a value to its rules, in the order protovalidate has them.
    ///
    /// - Throws: ``CodegenError`` for a rule that no check can be made of, or that is not of the value's type.
    func checks(_ rules: Buf_Validate_FieldRules, of type: ValueType) throws(CodegenError) -> [ValueCheck] {
        guard rules.cel.isEmpty, rules.celExpression.isEmpty else {
            throw CodegenError("rules in CEL are not supported, only the standard ones")
        }
        guard rules.unknownFields.isEmpty else { throw CodegenError("a kind of rule is not supported") }
        guard let own = rules.type else { return [] }
        if let wrapped = Self.wrappers[type.typeName], type.kind == .message {
            return try checks(own, of: wrapped).map { $0.of { "\($0).value" } }
        }
        switch (own, type.typeName) {
        case (.duration(let rules), ".google.protobuf.Duration"): return try TimeRules.checks(rules)
        case (.timestamp(let rules), ".google.protobuf.Timestamp"): return try TimeRules.checks(rules)
        default: return try checks(own, of: type.kind)
        }
    }

    private static let wrappers: [String: Google_Protobuf_FieldDescriptorProto.TypeEnum] = [
        ".google.protobuf.DoubleValue": .double, ".google.protobuf.FloatValue": .float,
        ".google.protobuf.Int64Value": .int64, ".google.protobuf.UInt64Value": .uint64,
        ".google.protobuf.Int32Value": .int32, ".google.protobuf.UInt32Value": .uint32,
        ".google.protobuf.BoolValue": .bool, ".google.protobuf.StringValue": .string,
        ".google.protobuf.BytesValue": .bytes,
    ]

    private func checks(
        _ rules: Buf_Validate_FieldRules.OneOf_Type, of kind: Google_Protobuf_FieldDescriptorProto.TypeEnum
    ) throws(CodegenError) -> [ValueCheck] {
        switch (rules, kind) {
        case (.float(let rules), .float):
            var numbers = try Self.numbers(rules, WireFloat.self)
            numbers.mustBeFinite = rules.finite == true
            return try numbers.checks("float")
        case (.double(let rules), .double):
            var numbers = try Self.numbers(rules, WireDouble.self)
            numbers.mustBeFinite = rules.finite == true
            return try numbers.checks("double")
        case (.int32(let rules), .int32): return try Self.numbers(rules, WireInt32.self).checks("int32")
        case (.int64(let rules), .int64): return try Self.numbers(rules, WireInt64.self).checks("int64")
        case (.uint32(let rules), .uint32): return try Self.numbers(rules, WireUInt32.self).checks("uint32")
        case (.uint64(let rules), .uint64): return try Self.numbers(rules, WireUInt64.self).checks("uint64")
        case (.sint32(let rules), .sint32): return try Self.numbers(rules, WireSInt32.self).checks("sint32")
        case (.sint64(let rules), .sint64): return try Self.numbers(rules, WireSInt64.self).checks("sint64")
        case (.fixed32(let rules), .fixed32): return try Self.numbers(rules, WireFixed32.self).checks("fixed32")
        case (.fixed64(let rules), .fixed64): return try Self.numbers(rules, WireFixed64.self).checks("fixed64")
        case (.sfixed32(let rules), .sfixed32): return try Self.numbers(rules, WireSFixed32.self).checks("sfixed32")
        case (.sfixed64(let rules), .sfixed64): return try Self.numbers(rules, WireSFixed64.self).checks("sfixed64")
        case (.bool(let rules), .bool):
            guard let const = rules.const else { return [] }
            return [ValueCheck("bool.const", "must be \(const)") { const ? "!\($0)" : $0 }]
        case (.string(let rules), .string): return try checks(rules)
        case (.bytes(let rules), .bytes): return try Self.checks(rules)
        case (.enum(let rules), .enum): return try Self.checks(rules)
        default: throw CodegenError("a rule is not supported, or does not apply to this kind of field")
        }
    }

    private static func numbers<Wire: WireType>(
        _ rules: some Message, _ wire: Wire.Type
    ) throws(CodegenError) -> NumberRules<Wire.Value> {
        guard rules.unknownFields.isEmpty else { throw CodegenError("predefined rules of numbers are not supported") }
        return try NumberRules(rules, as: wire)
    }

    private static func checks(_ rules: Buf_Validate_EnumRules) throws(CodegenError) -> [ValueCheck] {
        var numbers = NumberRules<Int32>()
        (numbers.const, numbers.allowed, numbers.forbidden) = (rules.const, rules.in, rules.notIn)
        guard rules.unknownFields.isEmpty else { throw CodegenError("predefined rules of enums are not supported") }
        let sentence = "is not an accepted value"
        var checks = numbers.checks("enum").map { check in
            ValueCheck(check.rule, sentence) { check.isBroken("\($0).rawValue") }
        }
        if rules.definedOnly == true {
            let place = numbers.const == nil ? 0 : 1
            checks.insert(ValueCheck("enum.defined_only", sentence) { "!\($0).isRecognized" }, at: place)
        }
        return checks
    }
}

// MARK: - Texts and bytes

extension ValueRules {
    private func checks(_ rules: Buf_Validate_StringRules) throws(CodegenError) -> [ValueCheck] {
        let isOther = rules.pattern != nil || rules.suffix != nil || rules.contains != nil || rules.notContains != nil
        guard !isOther else {
            throw CodegenError("string.pattern, suffix, contains and not_contains are not supported")
        }
        var checks: [ValueCheck] = []
        if let const = rules.const { checks.append(Self.isOne("string.const", of: [const])) }
        checks += ValueCheck.sizes(
            ("string.len", "string.min_len", "string.max_len"), exact: rules.len, min: rules.minLen, max: rules.maxLen,
            unit: "character",
            tooFew: { "!RuleChecks.hasCharacters(\($0), atLeast: \($1))" },
            tooMany: { "!RuleChecks.hasCharacters(\($0), atMost: \($1))" })
        checks += ValueCheck.sizes(
            ("string.len_bytes", "string.min_bytes", "string.max_bytes"), exact: rules.lenBytes, min: rules.minBytes,
            max: rules.maxBytes, unit: "byte", count: { "\($0).utf8.count" })
        if let prefix = rules.prefix {
            let literal = NamingRules.literal(prefix)
            checks.append(
                ValueCheck("string.prefix", "lacks the required prefix") {
                    "!RuleChecks.begins(\($0), with: \"\(literal)\")"
                })
        }
        if !rules.in.isEmpty { checks.append(Self.isOne("string.in", of: rules.in)) }
        if !rules.notIn.isEmpty {
            let list = Self.list(rules.notIn)
            checks.append(
                ValueCheck("string.not_in", "is not an accepted value") { value in
                    "RuleChecks.isOne(\(value), of: [\(list)])"
                })
        }
        switch rules.wellKnown {
        case .uuid(true)?:
            checks.append(ValueCheck("string.uuid", "must be a UUID") { "!\($0).isEmpty && !RuleChecks.isUUID(\($0))" })
            checks.append(ValueCheck("string.uuid_empty", "must be a UUID") { "\($0).isEmpty" })
        case nil, .uuid(false)?: break
        default: throw CodegenError("of the well-known string formats only string.uuid is supported")
        }
        for (number, value) in try RuleOptions.extensions(of: rules.unknownFields) {
            guard let field = predefined[number], let value else {
                throw CodegenError("predefined rules of strings are not supported")
            }
            let alphabet = try Alphabet(field)
            if value != 0 { checks.append(alphabet.check) }
        }
        return checks
    }

    private static func isOne(_ rule: String, of texts: [String]) -> ValueCheck {
        let list = list(texts)
        return ValueCheck(rule, "is not an accepted value") { value in
            "!RuleChecks.isOne(\(value), of: [\(list)])"
        }
    }

    private static func list(_ texts: [String]) -> String {
        texts.map { "\"\(NamingRules.literal($0))\"" }.joined(separator: ", ")
    }

    private static func checks(_ rules: Buf_Validate_BytesRules) throws(CodegenError) -> [ValueCheck] {
        let isOther =
            rules.pattern != nil || rules.prefix != nil || rules.suffix != nil || rules.contains != nil
            || rules.wellKnown != nil || !rules.unknownFields.isEmpty
        guard !isOther else {
            throw CodegenError("of the rules of bytes only const, in, not_in and lengths are supported")
        }
        var checks: [ValueCheck] = []
        let sentence = "is not an accepted value"
        if let const = rules.const { checks.append(ValueCheck("bytes.const", sentence) { "\($0) != \(const)" }) }
        checks += ValueCheck.sizes(
            ("bytes.len", "bytes.min_len", "bytes.max_len"), exact: rules.len, min: rules.minLen, max: rules.maxLen,
            unit: "byte", count: { "\($0).count" })
        let (allowed, forbidden) = (rules.in, rules.notIn)
        if !allowed.isEmpty { checks.append(ValueCheck("bytes.in", sentence) { "!\(allowed).contains(\($0))" }) }
        if !forbidden.isEmpty {
            checks.append(ValueCheck("bytes.not_in", sentence) { "\(forbidden).contains(\($0))" })
        }
        return checks
    }
}
