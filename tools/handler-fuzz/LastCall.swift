internal import Glibc

/// The call that is under way, kept where a signal handler can read it: a process that dies of a trap says of which.
enum LastCall {
    private static let bytesMax = 16 * 1024
    // Written by the one task that makes calls, read when the process dies: both on purpose without a lock.
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<UInt8>.allocate(capacity: bytesMax)
    // As `text`.
    nonisolated(unsafe) private static var count = 0

    static func note(_ line: String) {
        var length = 0
        for byte in line.utf8.prefix(bytesMax) {
            text[length] = byte
            length += 1
        }
        count = length
    }

    /// From now on a trap, a failed check of the sanitizer or a broken pointer prints the call before it ends the
    /// process as it would have.
    static func installReporter() {
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] {
            signal(number) { number in
                LastCall.write("\nthe process crashed in this call:\n")
                Glibc.write(STDERR_FILENO, LastCall.text, LastCall.count)
                LastCall.write("\n")
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    private static func write(_ text: StaticString) {
        Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }
}
