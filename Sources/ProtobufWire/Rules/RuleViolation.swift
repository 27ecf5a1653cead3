/// A violation of a rule of the schema (`buf.validate`) by a field.
public struct RuleViolation: Sendable, Hashable {
    /// The path of the field in the schema's names: `submission.evidence_items.witness`, `statuses[2]`, `m["k"]`; for
    /// a oneof without a set field, the oneof's name.
    public fileprivate(set) var field: String
    /// The rule's id, such as `string.max_len`.
    public let rule: String
    /// What is wrong, for people, to be read after the field's name. Does not repeat the value.
    public let description: String
}

/// Collects the violations of a message in protovalidate's order: oneofs, then fields as declared, for each its own
/// rules and then those of its content.
///
/// Allocates nothing while there is no violation.
public struct RuleViolations: Sendable {
    public private(set) var all: [RuleViolation] = []
    private let limit: Int

    /// - Parameter limit: maximum number of violations kept; further ones are dropped.
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
