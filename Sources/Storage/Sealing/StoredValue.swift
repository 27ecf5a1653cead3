/// A value in the form it has in the database.
package enum StoredValue: Sendable {
    case null
    case text(String)
    case blob([UInt8])
}
