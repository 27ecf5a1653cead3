internal import Glibc

/// Waits for SIGTERM or SIGINT.
///
/// A handler writes one byte into a pipe and a thread of its own reads it: threads that run before `main`
/// (the runtime's) do not have our signal mask, so blocking the signals and `sigwait` would lose them.
enum TerminationSignal {
    private static let ends: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()

    /// Takes over the signals; a second one during the stop is only read, never kills half-way.
    static func takeOver() {
        // Made before a handler can need it: making it later would allocate inside one.
        guard ends.write >= 0 else { return }
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                var byte: UInt8 = 0
                _ = write(TerminationSignal.ends.write, &byte, 1)
            }
        }
        // A peer that closes its end must be an error of write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Returns when one of the signals came.
    static func wait() async {
        await withCheckedContinuation { (arrived: CheckedContinuation<Void, Never>) in
            // Taken over by the thread, once; given back here when it could not start.
            let box = Unmanaged.passRetained(Arrival(arrived))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    let arrival = Unmanaged<Arrival>.fromOpaque(context).takeRetainedValue()
                    var byte: UInt8 = 0
                    while read(TerminationSignal.ends.read, &byte, 1) < 0 && errno == EINTR {}
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
}
