internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthModel
internal import TelehealthRules

/// Reads the fields of one request and checks what the contract's rules cannot express: blank texts, languages,
/// times, and dependencies between fields. Shapes and bounds were checked before the handler was called.
///
/// An invalid field becomes a placeholder that is never used: ``finish()`` throws if any violation was recorded, so
/// that all invalid fields are reported together. Violations never repeat values: they may be personal.
struct RequestFields {
    private(set) var violations: [TelehealthError.FieldViolation] = []

    mutating func refuse(_ field: String, _ description: String) {
        guard violations.count < ServerRoute.violationsMax else { return }
        violations.append(.init(field: field, description: description))
    }

    /// - Throws: `INVALID_ARGUMENT` / `INVALID_FIELD` with a `BadRequest` that names every violation.
    func finish() throws(RPCError) {
        guard violations.isEmpty else { throw Self.refusal(violations) }
    }

    /// The error for a request that violates the contract's rules.
    static func refusal(_ broken: [RuleViolation]) -> RPCError {
        refusal(broken.map { .init(field: $0.field, description: $0.description) })
    }

    private static func refusal(_ violations: [TelehealthError.FieldViolation]) -> RPCError {
        var error = TelehealthError(.fieldInvalid)
        error.violations = violations
        return error.asRPCError
    }

    /// A required text, which must not be blank.
    mutating func text(_ field: String, _ text: String) -> String {
        if text.isEmpty {
            refuse(field, "is required")
        } else if text.utf8.contains(0) {
            refuse(field, "must not contain a NUL character")
        } else if !text.saysSomething {
            refuse(field, "must contain a letter or digit")
        }
        return text
    }

    /// - Parameter saysSomething: the text may be requested as evidence, so it must not be blank.
    mutating func optionalText(_ field: String, _ text: String, saysSomething: Bool = false) -> String? {
        if text.isEmpty { return nil }
        if saysSomething { return self.text(field, text) }
        if text.utf8.contains(0) { refuse(field, "must not contain a NUL character") }
        return text
    }

    /// A BCP 47 tag in its canonical form.
    mutating func language(_ field: String, _ text: String) -> String {
        if LanguageTag(text) == nil {
            refuse(field, "must be a BCP 47 language tag of at most \(LanguageTag.charactersMax) characters")
        }
        return LanguageTag.canonical(text)
    }

    mutating func optionalLanguage(_ field: String, _ text: String) -> String? {
        text.isEmpty ? nil : language(field, text)
    }

    /// A time that the contract requires.
    mutating func time(_ field: String, _ value: Google_Protobuf_Timestamp?) -> Timestamp {
        guard let instant = Timestamp(value ?? .init()) else {
            refuse(field, "must be a time between the years 1 and 9999")
            return Timestamp(microseconds: 0)
        }
        return instant
    }

    mutating func optionalTime(_ field: String, _ value: Google_Protobuf_Timestamp?) -> Timestamp? {
        value.map { time(field, $0) }
    }

    /// One case of an enum: the contract has already refused unknown values, and zero where a choice is required.
    mutating func choice<Wire: ProtobufEnum, Value>(
        _ field: String, _ wire: Wire, _ value: Value?, default: Value
    )
        -> Value
    {
        guard let value else {
            refuse(field, wire.rawValue == 0 ? "is required" : "is not a value this service accepts")
            return `default`
        }
        return value
    }

    /// A consent type that the program or a policy knows; nil if it was refused.
    mutating func consentType(_ field: String, _ id: String, in places: JurisdictionPolicies) -> ConsentType? {
        let type = places.type(id: id)
        if type == nil { refuse(field, "must be a consent type of the service or of a policy") }
        return type
    }

    /// An enum whose zero means ``default``.
    mutating func choiceOrDefault<Wire: ProtobufEnum, Value>(
        _ field: String, _ wire: Wire, _ value: Value?, default: Value
    ) -> Value {
        wire.rawValue == 0 ? `default` : choice(field, wire, value, default: `default`)
    }
}

extension Identifier {
    /// The id in a field; nil if empty.
    static func given(_ text: String) -> Self? { text.isEmpty ? nil : Self(text) }
}
