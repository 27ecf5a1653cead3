internal import Glibc

/// An exclusive lock (`flock`) on a file, which is created if missing (mode 0600); released with the value or at the
/// end of the process, however it ends.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Parameter waits: whether to wait for another holder.
    /// - Returns: nil when another process holds it and `waits` is false.
    public init?(_ path: String, waits: Bool) throws(FileFailure) {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw .ofLastCall(path, "open") }
        while flock(opened, waits ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let failure = FileFailure.ofLastCall(path, "flock")
            close(opened)
            if failure.code == EWOULDBLOCK { return nil }
            throw failure
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
