/// A field that breaks a rule of its schema (`buf.validate`).
public struct RuleViolation: Sendable, Hashable {
    /// The way to the field in the names of the schema: `submission.evidence_items.witness`, `statuses[2]`, `m["k"]`;
    /// of a oneof where none of its fields is set, the oneof's name.
    public fileprivate(set) var field: String
    /// The rule's id, such as `string.max_len`.
    public let rule: String
    /// What is wrong, for people, to be read behind the field's name. The value is not repeated.
    public let description: String
}

/// Collects what is wrong with a message, in the order in which protovalidate names it: oneofs, then fields as they are
/// declared, of each its own rules and then those of what it holds.
///
/// As long as nothing is wrong, nothing is allocated.
public struct RuleViolations: Sendable {
    public private(set) var all: [RuleViolation] = []
    private let limit: Int

    /// - Parameter limit: violations kept at most; those that follow are dropped.
    public init(limit: Int = .max) { self.limit = limit }

    /// True when nothing is wrong.
    public var isEmpty: Bool { all.isEmpty }

    /// Notes a broken rule of a field of the message being checked.
    public mutating func add(_ field: String, _ rule: String, _ description: String) {
        guard all.count < limit else { return }
        all.append(RuleViolation(field: field, rule: rule, description: description))
    }

    /// The same of one element of a repeated field.
    public mutating func add(_ field: String, at index: Int, _ rule: String, _ description: String) {
        add(Self.path(field, index), rule, description)
    }

    /// The same of a map's key or value.
    public mutating func add(_ field: String, at key: some MapKey, _ rule: String, _ description: String) {
        add(Self.path(field, key), rule, description)
    }

    /// Checks what a field holds.
    @inlinable
    public mutating func check(_ message: some Message, in field: String) {
        let count = all.count
        message.checkRules(&self)
        if all.count > count { prefix(field, from: count) }
    }

    /// Checks one element of a repeated field.
    @inlinable
    public mutating func check(_ message: some Message, in field: String, at index: Int) {
        let count = all.count
        message.checkRules(&self)
        if all.count > count { prefix(Self.path(field, index), from: count) }
    }

    /// Checks one value of a map.
    @inlinable
    public mutating func check(_ message: some Message, in field: String, at key: some MapKey) {
        let count = all.count
        message.checkRules(&self)
        if all.count > count { prefix(Self.path(field, key), from: count) }
    }

    @usableFromInline
    mutating func prefix(_ field: String, from start: Int) {
        for place in start..<all.count { all[place].field = "\(field).\(all[place].field)" }
    }

    @usableFromInline
    static func path(_ field: String, _ index: Int) -> String { "\(field)[\(index)]" }

    @usableFromInline
    static func path(_ field: String, _ key: some MapKey) -> String {
        guard let text = key as? String else { return "\(field)[\(key)]" }
        let quoted = text.unicodeScalars.reduce(into: "") { quoted, scalar in
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return "\(field)[\"\(quoted)\"]"
    }
}
