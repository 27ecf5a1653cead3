internal import ProtobufReflection

/// The options `telehealth.v1.call` and `telehealth.v1.reason` in words, for comments of generated code and for the
/// API reference.
struct CallComments {
    static let callOption = "telehealth.v1.call"
    static let reasonOption = "telehealth.v1.reason"

    struct Reason {
        /// `SESSION_NOT_FOUND`
        let word: String
        /// `NOT_FOUND`
        let code: String
        /// Which calls may return it, a word of `ReasonScope`.
        let scope: String
        let metadata: [String]
        let sometimes: [String]
        /// Detail messages that accompany it.
        let details: [String]
        let comment: String
    }

    struct Call {
        let roles: [String]
        let isOpen: Bool
        /// The restriction within those roles; nil if none.
        let standing: String?
        let hasEmergency: Bool
        /// `idempotency_level = NO_SIDE_EFFECTS`: safe to retry, also for a proxy.
        let hasNoSideEffects: Bool
        /// Excludes the reasons of every call.
        let reasons: [Reason]
    }

    /// In the order of the schema.
    let reasons: [Reason]
    private let options: CustomOptions
    private let call: CustomOptions.Option?
    private let standings: [String: String]
    private let schema: SchemaIndex

    init(_ schema: SchemaIndex) {
        let options = schema.customOptions
        self.schema = schema
        self.options = options
        call = options.ofMethods.first { $0.fullName == Self.callOption }
        guard let reason = options.ofValues.first(where: { $0.fullName == Self.reasonOption }) else {
            (reasons, standings) = ([], [:])
            return
        }
        let contracts = Self.values(of: "ErrorReason", schema).compactMap { value, comment -> Reason? in
            options.value(reason, of: value).map { Self.reason(value.name ?? "", $0, comment) }
        }
        reasons = contracts
        standings = Dictionary(
            Self.values(of: "CallStanding", schema).map { value, comment in
                (Self.word(value.name ?? "", "CALL_STANDING_"), comment)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// nil for a method without a contract.
    func contract(of method: Google_Protobuf_MethodDescriptorProto) -> Call? {
        guard let call, let value = options.value(call, of: method) else { return nil }
        let standing = Self.names(value["standing"], "standing", of: value, "CALL_STANDING_").first
        let named = Set(Self.names(value["reasons"], "reasons", of: value, "ERROR_REASON_"))
        let fields = Set(schema.messages[method.inputType ?? ""]?.descriptor.field.compactMap(\.name) ?? [])
        let hasEmergency = value["emergency"] == .bool(true)
        let own = reasons.filter { reason in
            switch reason.scope {
            case "REQUEST_ID": named.contains(reason.word) || fields.contains("request_id")
            case "PAGE_TOKEN": fields.contains("page_token")
            case "EMERGENCY": hasEmergency
            case "EVERY_CALL": false
            default: named.contains(reason.word)
            }
        }
        return Call(
            roles: Self.names(value["roles"], "roles", of: value, "CALLER_ROLE_").map { $0.lowercased() },
            isOpen: value["open"] == .bool(true), standing: standing.flatMap { standings[$0] },
            hasEmergency: hasEmergency, hasNoSideEffects: method.options?.idempotencyLevel == .noSideEffects,
            reasons: own)
    }

    /// The method's comment, followed by its contract in words.
    func comment(of method: Google_Protobuf_MethodDescriptorProto, _ written: String?) -> String? {
        guard let contract = contract(of: method) else { return written }
        var lines = [contract.isOpen ? "Needs no token." : "Roles: \(contract.roles.joined(separator: ", "))."]
        if let standing = contract.standing { lines.append("Restriction: \(Self.decapitalized(standing))") }
        if contract.hasEmergency { lines.append("In an emergency any clinician may call.") }
        if contract.hasNoSideEffects { lines.append("No side effects: safe to retry.") }
        if contract.reasons.isEmpty {
            lines.append("Errors: only those of every call.")
        } else {
            lines.append("Errors, in addition to those of every call: \(Self.errors(contract.reasons)).")
        }
        let said = lines.map { Self.wrapped(" " + $0).joined(separator: "\n ") }.joined(separator: "\n")
        return (written.map { $0 + "\n\n" } ?? "") + said
    }

    /// `NOT_FOUND (SESSION_NOT_FOUND); FAILED_PRECONDITION (TOO_EARLY with open_time)`.
    static func errors(_ reasons: [Reason]) -> String {
        var codes: [String] = []
        for reason in reasons where !codes.contains(reason.code) { codes.append(reason.code) }
        return codes.map { code in
            let words = reasons.filter { $0.code == code }.map { reason in
                let keys = reason.metadata.map { "`\($0)`" }
                return keys.isEmpty ? reason.word : reason.word + " with " + keys.joined(separator: " and ")
            }
            return "\(code) (\(words.joined(separator: ", ")))"
        }.joined(separator: "; ")
    }

    private static func reason(_ name: String, _ contract: DynamicMessage, _ comment: String) -> Reason {
        func texts(_ field: String) -> [String] {
            guard case .list(let elements)? = contract[field] else { return [] }
            return elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
        }
        let details = [
            ("bad_request", "BadRequest"), ("retry_info", "RetryInfo"), ("missing_consent", "MissingConsentDetail"),
            ("session_state", "SessionStateDetail"),
        ]
        return Reason(
            word: word(name, "ERROR_REASON_"),
            code: names(contract["code"], "code", of: contract, "STATUS_CODE_").first ?? "",
            scope: names(contract["scope"], "scope", of: contract, "REASON_SCOPE_").first ?? "",
            metadata: texts("metadata"), sometimes: texts("metadata_sometimes"),
            details: details.filter { contract[$0.0] == .bool(true) }.map(\.1), comment: comment)
    }

    /// The values of an enum of the contract's own package, with their comments in one line.
    private static func values(of name: String, _ schema: SchemaIndex) -> [(
        Google_Protobuf_EnumValueDescriptorProto, String
    )] {
        let package = reasonOption.split(separator: ".").dropLast().joined(separator: ".")
        for file in schema.files.values where file.package == package {
            guard let index = file.enumType.firstIndex(where: { $0.name == name }) else { continue }
            let comments = SourceComments(file)
            return file.enumType[index].value.enumerated().map { place, value in
                (value, oneLine(comments[[5, Int32(index), 2, Int32(place)]] ?? ""))
            }
        }
        return []
    }

    /// The words of an enum field, one or more, without their prefix.
    private static func names(
        _ value: DynamicValue?, _ field: String, of message: DynamicMessage, _ prefix: String
    ) -> [String] {
        let numbers: [DynamicValue] =
            switch value {
            case .list(let elements)?: elements
            case let single?: [single]
            case nil: []
            }
        guard let field = message.descriptor.field(named: field) else { return [] }
        let type = message.descriptor.enumType(of: field)
        return numbers.compactMap { number in
            guard case .enumeration(let number) = number else { return nil }
            return type.name(of: number).map { word($0, prefix) }
        }
    }

    private static func word(_ name: String, _ prefix: String) -> String {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    }

    private static func decapitalized(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }

    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// At blanks, in lines of at most 110 characters.
    private static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < 110 {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
