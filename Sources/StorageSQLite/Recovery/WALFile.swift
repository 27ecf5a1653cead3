internal import DurableFile
internal import Glibc

/// A database's write-ahead log as a file, looked at before SQLite opens it.
enum WALFile {
    /// - Parameter database: the database's path.
    /// - Returns: nil when the log is sound, ends in the midst of its last transaction, or is not there.
    static func damage(ofDatabase database: String) throws(FileFailure) -> WALScan.Damage? {
        guard var file = try SequentialFile.open(path(database)), let header = try file.next(WALScan.headerBytes),
            var scan = WALScan(header: header)
        else { return nil }
        while let frame = try file.next(WALScan.frameHeaderBytes + scan.pageBytes) { scan.add(frame) }
        return scan.damage
    }

    /// Keeps a copy for whoever tries to save what SQLite is about to drop.
    ///
    /// - Returns: its path. One that was kept before stays the only one.
    static func keep(ofDatabase database: String) throws(FileFailure) -> String {
        try LargeFile.copy(path(database), to: keptPath(database))
        return keptPath(database)
    }

    /// Whether a damaged log was kept and nobody has taken it away since.
    static func isKept(ofDatabase database: String) -> Bool { access(keptPath(database), F_OK) == 0 }

    private static func keptPath(_ database: String) -> String { path(database) + ".damaged" }

    private static func path(_ database: String) -> String { database + "-wal" }
}
