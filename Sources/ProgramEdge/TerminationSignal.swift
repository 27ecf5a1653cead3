internal import Glibc

/// Waiting for SIGTERM and SIGINT.
///
/// A handler writes one byte into a pipe, which a separate thread reads: threads that run before `main` (the
/// runtime's) do not have our signal mask, so blocking the signals and using `sigwait` would lose them.
public enum TerminationSignal {
    private static let ends: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    /// Installs the handlers; a second signal during the stop is only read and does not kill the process.
    ///
    /// SIGPIPE is ignored from here on: a peer that closes its end must cause a write error, not end the process.
    public static func takeOver() {
        // Created before a handler needs it: creating it later would allocate inside a handler.
        guard ends.write >= 0 else { return }
        for number in [SIGTERM, SIGINT] {
            signal(number) { number in
                let kept = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(TerminationSignal.ends.write, &byte, 1)
                errno = kept
            }
        }
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when one of the signals arrived; only after ``takeOver()``.
    public static func wait() async {
        await withCheckedContinuation { (arrived: CheckedContinuation<Void, Never>) in
            if !DetachedThread.start({ _ = waitOnThisThread(); arrived.resume() }) { arrived.resume() }
        }
    }

    /// Blocks the calling thread until one of the signals arrived; only after ``takeOver()``.
    ///
    /// - Returns: the signal's number.
    @discardableResult
    public static func waitOnThisThread() -> Int32 {
        var byte: UInt8 = 0
        while read(ends.read, &byte, 1) < 0 && errno == EINTR {}
        return Int32(byte)
    }
}

/// A thread for one blocking operation; it ends with it.
enum DetachedThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// - Returns: false when no thread can be created; then `body` does not run.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        // The thread takes ownership, once; released here if it could not start.
        let box = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
