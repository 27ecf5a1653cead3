internal import CProgramStart

/// What every program does first.
///
/// A program that links this module also gets its command line from the kernel instead of /proc, where Swift looks
/// for it: `CommandLine.arguments` works in a root without /proc, too.
public enum Program {
    /// Makes every printed line appear at once, also in a pipe or a file, and ensures that the three standard streams
    /// are open.
    ///
    /// Call it first in `main`, before anything is printed or opened.
    /// - Parameter holdsSecrets: also keeps memory out of core dumps and away from other processes of the same user
    ///   (setrlimit(2) RLIMIT_CORE, prctl(2) PR_SET_DUMPABLE). A refusal by the kernel changes nothing else.
    public static func begin(holdsSecrets: Bool = false) {
        telehealth_open_standard_streams()
        telehealth_buffer_output_by_line()
        if holdsSecrets { _ = telehealth_hide_memory() }
    }
}
