internal import Glibc

/// Reads and creates files that fit in memory, with their permissions.
enum SmallFile {
    /// - Throws: ``KeySetError/unreadable(_:)`` with `errno`; `EFBIG` when longer than `bytesMax`; `EACCES` when
    ///   `isPrivate` and others than the owner may read it.
    static func read(_ path: String, bytesMax: Int, isPrivate: Bool = false) throws(KeySetError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable(errno) }
        if isPrivate, status.st_mode & 0o077 != 0 { throw .unreadable(EACCES) }
        guard status.st_size <= bytesMax else { throw .unreadable(EFBIG) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress! + count, $0.count - count)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw .unreadable(errno)
            }
            if got == 0 { break }
            count += got
        }
        guard count <= bytesMax else { throw .unreadable(EFBIG) }
        return Array(bytes.prefix(count))
    }

    /// Makes a file that only its owner may read, durable before it returns, or leaves an existing one alone.
    ///
    /// - Returns: false when it was there already.
    /// - Throws: ``KeySetError/unreadable(_:)`` with `errno`.
    static func create(_ path: String, bytes: [UInt8]) throws(KeySetError) -> Bool {
        // Written beside and linked into place: a reader never sees half a key, and of two creators one wins.
        let draft = "\(path).\(getpid()).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unreadable(errno) }
        defer { unlink(draft) }
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let failure = written == bytes.count && fsync(file) == 0 ? 0 : max(errno, EIO)
        close(file)
        guard failure == 0 else { throw .unreadable(failure) }
        if link(draft, path) != 0 {
            if errno == EEXIST { return false }
            throw .unreadable(errno)
        }
        return true
    }

    /// Puts a whole new file in the place of what may be there; durable before it returns, mode 0600.
    ///
    /// - Throws: ``KeySetError/unreadable(_:)`` with `errno`.
    static func replace(_ path: String, bytes: [UInt8]) throws(KeySetError) {
        let draft = "\(path).\(getpid()).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .unreadable(errno) }
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let failure = written == bytes.count && fsync(file) == 0 ? 0 : max(errno, EIO)
        close(file)
        guard failure == 0, rename(draft, path) == 0 else {
            let code = failure == 0 ? errno : failure
            unlink(draft)
            throw .unreadable(code)
        }
        let end = path.lastIndex(of: "/")
        let folder = open(end.map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .unreadable(errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .unreadable(errno) }
    }
}
