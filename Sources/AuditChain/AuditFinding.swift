/// Something that is wrong with an audit log.
public struct AuditFinding: Sendable, Hashable, CustomStringConvertible {
    public enum Fault: Sendable, Hashable {
        /// The row's MAC does not fit its fields and place.
        case changed
        /// The row's MAC fits the fields at another place in the chain.
        case moved(from: Int64)
        /// Rows up to and including this one are not there.
        case missing(through: Int64)
        /// The row is whole but not chained to the row before it: rows between them were taken out or put in.
        case unlinked
        /// A signed head says another content for the log's first rows: rewritten by somebody with the key.
        case contradictsHead(size: Int64)
        /// A signed head knows rows that the log no longer has.
        case cutShort(size: Int64)
        /// A head's signature is not of the key that signs heads.
        case headForged(size: Int64)
        /// A stored node of the Merkle tree is not the hash of its rows.
        case nodeChanged
        /// A line among the heads is none; the number is the line's.
        case headDamaged
        /// Rows that were on the device are gone, or were replaced.
        case rowsLost(through: Int64)
        /// What says how long the log was cannot be read.
        case markDamaged
        /// The database's write-ahead log was damaged, and acknowledged transactions after the damage are lost.
        case writeAheadLogCut
        /// A row, "table key", holds what the service did not write: it does not fit its MAC, or is not sealed.
        case rowForged(String)
    }

    /// The first row concerned.
    public let number: Int64
    public let fault: Fault

    public init(number: Int64, fault: Fault) {
        self.number = number
        self.fault = fault
    }

    /// A sentence for people.
    public var description: String {
        switch fault {
        case .changed: "row \(number) was changed: its MAC does not match"
        case .moved(let from): "row \(number) was written as row \(from): rows were reordered"
        case .missing(let through):
            number == through ? "row \(number) is missing" : "rows \(number) to \(through) are missing"
        case .unlinked: "row \(number) is not chained to the row before it"
        case .contradictsHead(let size):
            "the first \(size) rows are not those that a signed head says: the log was rewritten"
        case .cutShort(let size):
            "the log ends before row \(number), but a signed head knows \(size) rows: its tail was cut off"
        case .headForged(let size): "the head of \(size) rows is not signed with the head key"
        case .rowForged(let row): "\(row) was not written by this service: it does not match its MAC, or is not sealed"
        case .headDamaged: "line \(number) of the heads' file is damaged: it is not a head"
        case .rowsLost(let through):
            "row \(through) was on the device and is not in the log any more: an older copy, a cut log or damage"
        case .markDamaged: "the marker of the log's length, beside the database, is damaged"
        case .writeAheadLogCut:
            "the database's write-ahead log was damaged and cut: acknowledged transactions are lost, the log is kept "
                + "beside the database with .damaged behind its name"
        case .nodeChanged: "the stored Merkle node over row \(number) is not the hash of its rows"
        }
    }
}
