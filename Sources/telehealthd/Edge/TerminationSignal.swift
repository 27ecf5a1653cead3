internal import Glibc
internal import Synchronization

/// Waits for SIGTERM or SIGINT on a thread of its own, with both blocked everywhere else.
enum TerminationSignal {
    /// Blocks the signals in the calling thread and all it starts later; to be called before any other thread runs.
    static func block() {
        var set = signals()
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A peer that closes its end must be an error of write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when one of the signals came.
    static func wait() async {
        await withCheckedContinuation { (arrived: CheckedContinuation<Void, Never>) in
            let box = Unmanaged.passRetained(Arrival(arrived))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    // Taken over from the creator, once.
                    let arrival = Unmanaged<Arrival>.fromOpaque(context).takeRetainedValue()
                    var set = TerminationSignal.signals()
                    var number: Int32 = 0
                    while sigwait(&set, &number) != 0 {}
                    arrival.continuation.resume()
                    return nil
                }, box.toOpaque())
            if status == 0 {
                pthread_detach(thread)
            } else {
                box.takeRetainedValue().continuation.resume()
            }
        }
    }

    private final class Arrival {
        let continuation: CheckedContinuation<Void, Never>
        init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }
    }

    private static func signals() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}
