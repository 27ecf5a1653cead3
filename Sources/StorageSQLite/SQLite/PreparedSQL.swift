internal import Synchronization

private let nextSlot = Atomic<Int>(0)

/// A statement's text, known when the program is built. Every connection keeps its own prepared form under
/// ``slot``.
///
/// The text is SQL that PostgreSQL reads too, but for the spelling of parameters (`?1` there is `$1`).
struct PreparedSQL: Sendable {
    let slot: Int
    /// For errors and metrics, as "sessions.update".
    let label: String
    let text: String

    /// Only for `static let`: each value takes a place in every connection's table of statements.
    init(_ label: String, _ text: String) {
        slot = nextSlot.wrappingAdd(1, ordering: .relaxed).oldValue
        self.label = label
        self.text = text
    }
}
