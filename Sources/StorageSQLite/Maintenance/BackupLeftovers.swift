internal import Glibc

/// What a crash leaves of a copy in progress.
enum BackupLeftovers {
    /// A half copy, and what SQLite keeps beside a database that it writes.
    private static let endings = [".partial", ".partial-journal", ".partial-wal", ".partial-shm"]

    /// Removes the half copies of a backup directory; what it cannot remove stays. Other files, and a copy that another
    /// process writes at this moment into a shared directory, are left alone.
    static func remove(from directory: String) {
        guard let listing = opendir(directory) else { return }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                })
        }
        for name in names.filter(isOurs) where !isInUse("\(directory)/\(copy(of: name))") {
            unlink("\(directory)/\(name)")
        }
    }

    /// As the service names its backups.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix("telehealth-") && endings.contains { name.hasSuffix(".db" + $0) }
    }

    private static func copy(of name: String) -> String {
        endings.dropFirst().first(where: name.hasSuffix).map { String(name.dropLast($0.count)) + ".partial" } ?? name
    }

    /// SQLite locks bytes of the file from the first page of a copy to its last (os_unix.c).
    private static func isInUse(_ path: String) -> Bool {
        let file = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }
}
