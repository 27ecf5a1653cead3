internal import Glibc

/// How a program with output for others ends before its work is done.
public enum ProgramEnd {
    /// How long a line may take to be written after a signal.
    private static let patience = Duration.seconds(1)

    /// From here on SIGTERM and SIGINT end the program between two lines of output and never within one. It still
    /// dies of the signal, as the sender expects.
    public static func keepLinesWhole() {
        TerminationSignal.takeOver()
        _ = DetachedThread.start { die(of: TerminationSignal.waitOnThisThread()) }
    }

    /// From here on the program ends as soon as its standard output has no reader any longer: a program that waits
    /// for events might not write for hours.
    ///
    /// Not for work that must be finished whether or not anyone reads the result.
    public static func endWithReader() {
        _ = DetachedThread.start {
            var output = pollfd(fd: StandardStream.output.rawValue, events: 0, revents: 0)
            // Only an error or the reader's end wakes it; a file has neither.
            while poll(&output, 1, -1) < 0 && errno == EINTR {}
            if output.revents & Int16(POLLERR | POLLHUP) != 0 { becauseNobodyReads() }
        }
    }

    /// Ends silently, as programs do whose reader is gone.
    public static func becauseNobodyReads() -> Never { die(of: SIGPIPE) }

    private static func die(of number: Int32) -> Never {
        StandardStream.output.waitForLine(atMost: patience)
        signal(number, SIG_DFL)
        kill(getpid(), number)
        // Reached only if the parent blocked the signal: the exit status that shells use for it.
        _exit(128 + number)
    }
}
