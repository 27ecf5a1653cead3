internal import Glibc

/// How a program that prints for others ends before its work is done.
public enum ProgramEnd {
    /// How long a line may take to leave after a signal.
    private static let patience = Duration.seconds(1)

    /// From here on SIGTERM and SIGINT end the program between two lines of output and never within one. It still dies
    /// of the signal, as whoever sent it expects.
    public static func keepLinesWhole() {
        TerminationSignal.takeOver()
        _ = DetachedThread.start { die(of: TerminationSignal.waitOnThisThread()) }
    }

    /// From here on the program ends as soon as nobody reads its standard output any more: one that waits for events
    /// might not write for hours.
    ///
    /// Not for work that must be done whether or not somebody reads what came of it.
    public static func endWithReader() {
        _ = DetachedThread.start {
            var output = pollfd(fd: StandardStream.output.rawValue, events: 0, revents: 0)
            // Only an error or the other side's end wakes it up; of a file neither comes.
            while poll(&output, 1, -1) < 0 && errno == EINTR {}
            if output.revents & Int16(POLLERR | POLLHUP) != 0 { becauseNobodyReads() }
        }
    }

    /// Quietly, as programs end whose reader has gone.
    public static func becauseNobodyReads() -> Never { die(of: SIGPIPE) }

    private static func die(of number: Int32) -> Never {
        StandardStream.output.waitForLine(atMost: patience)
        signal(number, SIG_DFL)
        kill(getpid(), number)
        // Only where the one who started the program has the signal blocked: the number that shells make of it.
        _exit(128 + number)
    }
}
