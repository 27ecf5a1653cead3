/// A JSON document. Numbers keep their text: what they mean depends on the field.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text, each key once.
    case object([JSONMember])

    /// Whether it is null.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// One member of an object. A type of its own, since a tuple of the enum inside the enum confuses the compiler.
struct JSONMember: Sendable {
    let key: String
    let value: JSONValue
}
