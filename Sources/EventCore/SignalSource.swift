internal import CLinux
internal import Glibc

/// Delivers process signals on a loop, through a signalfd: the handler is ordinary code, not a signal
/// handler.
///
/// - Isolation: the loop, except `block`.
public final class SignalSource: ReadinessTarget {
    private let descriptor: Int32
    private let loop: EventLoop
    private let handler: (Int32) -> Void
    private var registration = RegistrationID.none

    /// Blocks the signals in the calling thread and in all it starts later. Call it first in `main`: a thread
    /// that exists already would still be interrupted.
    public static func block(_ signals: [Int32]) {
        var set = mask(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// - Parameter signals: numbers that `block` was called with, for example SIGTERM.
    public init(_ signals: [Int32], on loop: EventLoop, handler: @escaping (Int32) -> Void)
        throws(SystemCallError)
    {
        loop.preconditionCurrent()
        var set = Self.mask(signals)
        let descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        if descriptor < 0 { throw SystemCallError("signalfd") }
        self.descriptor = descriptor
        self.loop = loop
        self.handler = handler
        registration = try loop.register(descriptor, for: .readable, self)
    }

    deinit { close(descriptor) }

    /// Stops delivery; the signals stay blocked.
    public func cancel() {
        loop.deregister(registration)
        registration = .none
    }

    public func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        var info = signalfd_siginfo()
        while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size)
            == MemoryLayout<signalfd_siginfo>.size
        {
            handler(Int32(info.ssi_signo))
        }
    }

    private static func mask(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
