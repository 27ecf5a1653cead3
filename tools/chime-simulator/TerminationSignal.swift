internal import Glibc

/// SIGTERM and SIGINT as something to wait for. No handler runs, so nothing has to be async-signal-safe.
enum TerminationSignal {
    /// Call it on the first thread, before others exist: threads inherit the mask.
    static func block() {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A client that goes away while its response is written must not end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Blocks the calling thread until one of the two signals comes.
    static func wait() {
        var signals = Self.signals
        var received: Int32 = 0
        sigwait(&signals, &received)
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        return signals
    }
}
