/// A table's columns in the order in which our rows bind and read them, and the statements that follow from
/// it.
struct Table: Sendable {
    let name: String
    /// The primary key's columns; they come first in ``columns``.
    let key: [String]
    let columns: [String]

    init(_ name: String, key: [String], columns others: [String]) {
        self.name = name
        self.key = key
        columns = key + others
    }

    /// "a, b, c", for SELECT.
    var list: String { columns.joined(separator: ", ") }

    /// The parameter of a column, numbered as the row binds it.
    func parameter(_ column: String) -> String {
        guard let index = columns.firstIndex(of: column) else {
            preconditionFailure("\(name) has no column \(column)")
        }
        return "?\(index + 1)"
    }

    var insertText: String {
        "INSERT INTO \(name) (\(list)) VALUES (\(columns.map(parameter).joined(separator: ", ")))"
    }

    /// Inserts, or sets `changing` where the key is there already.
    func upsertText(changing: [String]? = nil) -> String {
        let changing = changing ?? columns.filter { !key.contains($0) }
        let settings = changing.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return "\(insertText) ON CONFLICT (\(key.joined(separator: ", "))) DO UPDATE SET \(settings)"
    }

    /// Sets the columns of the row with this key, if it is there.
    func updateText(setting changing: [String]) -> String {
        func terms(_ names: [String]) -> [String] { names.map { "\($0) = \(parameter($0))" } }
        return "UPDATE \(name) SET \(terms(changing).joined(separator: ", ")) "
            + "WHERE \(terms(key).joined(separator: " AND "))"
    }

    func selectText(_ rest: String) -> String { "SELECT \(list) FROM \(name) \(rest)" }
}
