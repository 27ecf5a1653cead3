/// Why a store could not be opened.
public enum StoreOpenFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process serves this directory.
    case inUse(directory: String)
    /// A newer program wrote the database; this one knows schemas up to `known`.
    case newerSchema(found: Int64, known: Int64)
    case database(SQLiteError)
    /// The operating system refused; `code` is its errno.
    case system(code: Int32, operation: String)
    /// The key ring is not there, not private, or not this database's.
    case keyRing(KeyRingError)

    public var description: String {
        switch self {
        case .inUse(let directory): "the data directory \(directory) is in use by another process"
        case .newerSchema(let found, let known):
            "the database has schema \(found), this program knows up to \(known): start a newer program"
        case .database(let error): "the database could not be opened: \(error)"
        case .system(let code, let operation): "errno \(code) from \(operation)"
        case .keyRing(let error): error.description
        }
    }
}
