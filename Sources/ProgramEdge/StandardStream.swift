internal import Glibc
internal import Synchronization

/// Standard output and error, written at once and whole: a line that one thread writes is not torn by another's.
///
/// Isolation: any.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// What became of a text.
    public enum Outcome: Hashable, Sendable {
        case written
        /// Whoever read it has gone (EPIPE).
        case readerGone
        /// The number of the system's error: a full disk, say.
        case failed(errno: Int32)
    }

    @discardableResult
    public func write(_ text: String) -> Outcome { write(Array(text.utf8)) }

    @discardableResult
    public func write(_ bytes: [UInt8]) -> Outcome {
        withLock {
            bytes.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    let written = Glibc.write(rawValue, bytes.baseAddress! + offset, bytes.count - offset)
                    if written >= 0 {
                        offset += written
                    } else if errno == EAGAIN {
                        // Whoever made the descriptor may have made it non-blocking, for all that share it.
                        var room = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                        _ = poll(&room, 1, -1)
                    } else if errno != EINTR {
                        return errno == EPIPE ? .readerGone : .failed(errno: errno)
                    }
                }
                return .written
            }
        }
    }

    /// Waits for a line that is on its way, but no longer than so: its reader may have stalled.
    func waitForLine(atMost patience: Duration) {
        let end = ContinuousClock.now + patience
        while !isFree, ContinuousClock.now < end { usleep(1000) }
    }

    /// Each held while a text is written.
    private static let outputLock = Mutex(())
    private static let errorLock = Mutex(())

    private func withLock<Result: Sendable>(_ body: () -> Result) -> Result {
        switch self {
        case .output: Self.outputLock.withLock { _ in body() }
        case .error: Self.errorLock.withLock { _ in body() }
        }
    }

    private var isFree: Bool {
        switch self {
        case .output: Self.outputLock.withLockIfAvailable { _ in true } ?? false
        case .error: Self.errorLock.withLockIfAvailable { _ in true } ?? false
        }
    }
}
