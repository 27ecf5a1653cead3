internal import Glibc
internal import Synchronization

/// Counts SIGHUP: "read your files again", as service managers say it.
enum HangupSignal {
    private static let arrivals = Atomic<Int>(0)

    /// Takes over the signal; without that it would end the process.
    static func takeOver() {
        // Read once here, so that the handler finds the counter made: a lock-free add is all it does.
        _ = count
        signal(SIGHUP) { _ in HangupSignal.arrivals.add(1, ordering: .relaxed) }
    }

    static var count: Int { arrivals.load(ordering: .relaxed) }
}
