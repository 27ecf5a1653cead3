internal import Glibc
internal import Synchronization

/// Standard output and error, written immediately and atomically: lines of concurrent threads are not mixed.
///
/// Isolation: any.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// The result of a write.
    public enum Outcome: Hashable, Sendable {
        case written
        /// The reader is gone (EPIPE).
        case readerGone
        /// The system's errno: for example a full disk.
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
                        // The creator of the descriptor may have made it non-blocking for everyone who shares it.
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

    /// Waits for a line that is being written, but no longer than this: its reader may have stalled.
    func waitForLine(atMost patience: Duration) {
        let end = ContinuousClock.now + patience
        while !isFree, ContinuousClock.now < end { usleep(1000) }
    }

    /// Each is held while a text is written.
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
