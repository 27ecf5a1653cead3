internal import Glibc

/// Why a store could not be opened.
public enum StoreOpenFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process serves this directory.
    case inUse(directory: String)
    /// A newer program wrote the database; this one knows schemas up to `known`.
    case newerSchema(found: Int64, known: Int64)
    case database(SQLiteError)
    /// A file with a secret cannot be used as it is.
    case keyFile(path: String, problem: KeyFileProblem)
    /// The audit log in the database was written under another key than the one in the key file.
    case auditKeyDoesNotFit
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
        case .keyFile(let path, let problem): "the key file \(path) \(problem.rawValue)"
        case .auditKeyDoesNotFit:
            "the audit log was written under another key: configure the key file that belongs to this database"
        case .system(let code, let operation): "\(String(cString: strerror(code))) (errno \(code)) from \(operation)"
        case .keyRing(let error): error.description
        }
    }
}

/// What is wrong with a file that holds a secret.
public enum KeyFileProblem: String, Sendable, Hashable {
    case readableByOthers = "may be read by others than its owner: its mode must be 0600"
    case malformed = "does not hold a key: 64 hexadecimal digits"
    case missing = "is not there, although the database was written under a key"
}
