internal import CProgramStart

/// What every program does before anything else.
///
/// A program that has this module also gets its command line from the kernel and not from /proc, where Swift looks for
/// it: `CommandLine.arguments` is right in a root without /proc, too.
public enum Program {
    /// Has every printed line leave at once, also into a pipe or a file, and sees to it that the three standard streams
    /// are open.
    ///
    /// Call it first in `main`, before anything is printed or opened.
    /// - Parameter holdsSecrets: also keeps the memory from core dumps and from other processes of the same user
    ///   (setrlimit(2) RLIMIT_CORE, prctl(2) PR_SET_DUMPABLE). A kernel that refuses changes nothing else.
    public static func begin(holdsSecrets: Bool = false) {
        telehealth_open_standard_streams()
        telehealth_buffer_output_by_line()
        if holdsSecrets { _ = telehealth_hide_memory() }
    }
}
