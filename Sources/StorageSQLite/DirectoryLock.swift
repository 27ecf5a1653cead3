internal import Glibc

/// Holds a data directory for one process: an exclusive `flock` on the file `lock` inside, free again when
/// the process ends, however it ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// Makes the directory (mode 0700) when it is not there.
    init(directory: String) throws(StoreOpenFailure) {
        try DurableDirectory.make(directory)
        let descriptor = Glibc.open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(code: errno, operation: "open \(directory)/lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw code == EWOULDBLOCK
                ? .inUse(directory: directory) : .system(code: code, operation: "flock \(directory)/lock")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
