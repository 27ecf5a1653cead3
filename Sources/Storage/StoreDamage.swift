/// What was found missing when a database was opened. It is served all the same: a clinic without its visits is worse
/// off than one that knows what it lost.
public enum StoreDamage: Sendable, Hashable, CustomStringConvertible {
    /// The write-ahead log is damaged at a frame (-1: its header), and at least so many transactions that were
    /// acknowledged came after it; `copy` is where the log was kept before it was cut, nil when it could not be.
    case logCut(frame: Int, transactions: Int, copy: String?)
    /// Rows of the audit log that were on the device are not in the database: damage, or an older copy.
    case rowsLost(from: Int64, through: Int64)
    /// Another row stands where this one was: a database with another history.
    case rowReplaced(number: Int64)
    /// The mark beside the database cannot be read, so nobody knows how long the audit log was.
    case markDamaged(path: String)

    public var description: String {
        switch self {
        case .logCut(let frame, let transactions, let copy):
            "the write-ahead log is damaged at frame \(frame): "
                + "at least \(transactions) acknowledged transactions are lost"
                + (copy.map { "; it is kept as \($0)" } ?? "")
        case .rowsLost(let from, let through):
            "audit rows \(from) to \(through) were on the device and are not in the database"
        case .rowReplaced(let number): "audit row \(number) differs from the one written to the device"
        case .markDamaged(let path): "\(path) is damaged: the length of the audit log is unknown"
        }
    }
}
