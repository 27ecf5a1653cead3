internal import Glibc
internal import Synchronization

/// Counts SIGHUP, with which service managers ask a daemon to read its files again.
enum HangupSignal {
    private static let arrivals = Atomic<Int>(0)

    /// Takes over the signal, which would otherwise end the process.
    static func takeOver() {
        // Creates the counter before the handler can need it: a handler may only do a lock-free add.
        _ = count
        signal(SIGHUP) { _ in HangupSignal.arrivals.add(1, ordering: .relaxed) }
    }

    static var count: Int { arrivals.load(ordering: .relaxed) }
}
