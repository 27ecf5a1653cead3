internal import CSQLite
internal import TelehealthModel

/// What SQLite answered, and to which call of ours.
public struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Who is hit by an error.
    enum Scope {
        /// One decision broke a constraint; its neighbors in the batch are fine.
        case constraint
        /// One statement was wrong: our fault, its neighbors are fine.
        case statement
        /// A row holds what this program did not write there: whoever needs that row is refused, nobody else.
        case row
        /// No space: the transaction is lost, a later one may succeed.
        case full
        /// No memory, an interrupted read, a lock not had in time: may succeed later.
        case temporary
        /// The device or the file failed: nothing may be written from here on.
        case device
    }

    /// SQLite's extended result code (sqlite.org/rescode.html).
    public let code: Int32
    /// A label of the program's own text: no values, safe for logs.
    public let operation: String

    public var description: String {
        "SQLite error \(code) (\(String(cString: sqlite3_errstr(code)))) in \(operation)"
    }

    var scope: Scope {
        if code == Self.ioErrorNoMemory { return .temporary }
        if code == Self.damagedRow { return .row }
        switch code & 0xff {
        case SQLITE_CONSTRAINT: return .constraint
        case SQLITE_ERROR, SQLITE_MISUSE, SQLITE_RANGE, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_SCHEMA:
            return .statement
        case SQLITE_FULL: return .full
        case SQLITE_NOMEM, SQLITE_INTERRUPT, SQLITE_BUSY, SQLITE_LOCKED: return .temporary
        default: return .device
        }
    }

    /// Whether a key that ought to be new was there already.
    var isDuplicateKey: Bool { code == Self.constraintUnique || code == Self.constraintPrimaryKey }

    /// A value that does not open, is not one of our words, or is in the place of another kind.
    static func damagedRow(_ operation: String) -> SQLiteError {
        SQLiteError(code: damagedRow, operation: operation)
    }

    /// Ours, beside SQLite's own extended codes of SQLITE_CORRUPT: the file's structure is sound.
    private static let damagedRow: Int32 = SQLITE_CORRUPT | (0x7f << 8)

    // Extended codes are macros of shifted codes, which Swift does not import.
    private static let constraintUnique: Int32 = SQLITE_CONSTRAINT | (8 << 8)
    private static let constraintPrimaryKey: Int32 = SQLITE_CONSTRAINT | (6 << 8)
    private static let ioErrorNoMemory: Int32 = SQLITE_IOERR | (12 << 8)
}

extension StoreError {
    /// The one place where SQLite's codes become the port's errors.
    init(_ error: SQLiteError) {
        switch error.scope {
        case .full: self = .full
        case .temporary: self = .overloaded
        case .row: self = .damaged(operation: error.operation)
        case .device where [SQLITE_CORRUPT, SQLITE_NOTADB].contains(error.code & 0xff):
            self = .damaged(operation: error.operation)
        case .constraint, .statement, .device: self = .failed(code: error.code, operation: error.operation)
        }
    }
}
