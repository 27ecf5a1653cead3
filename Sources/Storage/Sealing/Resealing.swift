/// Seals every personal value with the current key that is sealed with another or not at all, a bounded step
/// at a time so that other writes are not held up.
///
/// A step looks at the next rows of one table in the order of its key; rows written meanwhile are sealed with
/// the current key by their writer. A crash loses nothing: the database still knows that keys are mixed, and
/// the next start goes through all rows again.
package struct Resealing: Sendable {
    /// The key that was current when this began; a newer one means beginning again.
    package let current: UInt32
    package var table = 0
    /// The key of the last row looked at, as stored; empty = before the first.
    package var after: [StoredValue] = []
    /// Rows with a value that does not open. They stay as they are, and so does the note that keys are mixed: the key
    /// that they need is not to be thrown away.
    package var damagedRows = 0

    package init(current: UInt32) { self.current = current }

    /// Every row was looked at, and some could not be sealed again.
    package var isOver: Bool { table == SealedTable.all.count }
    package var damage: String { "\(damagedRows) rows that cannot be sealed anew" }
}
