/// A JSON document. Numbers keep their text: what they mean depends on the field.
enum JSONValue {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order of the text, each key once.
    case object([(key: String, value: JSONValue)])

    /// What stands there, for error messages.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }
}
