public import DurableFile

/// Why a store could not be opened.
public enum StoreOpenFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process serves this directory.
    case inUse(directory: String)
    /// A newer program wrote the database; this one knows schemas up to `known`.
    case newerSchema(found: Int64, known: Int64)
    /// The database itself refused; the reason holds no value of a row.
    case database(reason: String)
    /// A file beside the database cannot be used: not private, not a key, refused by the operating system.
    case file(FileFailure)
    /// The database was written under a key, and the key's file is not there.
    case keyMissing(path: String)
    /// The audit log in the database was written under another key than the one in the key file.
    case auditKeyDoesNotFit
    /// The operating system gave no thread.
    case threadRefused
    /// The key ring is not there, not private, or not this database's.
    case keyRing(KeyRingError)

    public var description: String {
        switch self {
        case .inUse(let directory): "the data directory \(directory) is in use by another process"
        case .newerSchema(let found, let known):
            "the database has schema \(found), this program knows up to \(known): start a newer program"
        case .database(let reason): "cannot open the database: \(reason)"
        case .file(let failure): failure.description
        case .keyMissing(let path):
            "the key file \(path) is not there, although the database was written under a key: put it back"
        case .auditKeyDoesNotFit:
            "the audit log was written under another key: configure the key file that belongs to this database"
        case .threadRefused: "cannot create a thread for the store: raise the limit of threads"
        case .keyRing(let error): error.description
        }
    }
}
