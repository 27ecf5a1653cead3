// The daemon as a program: prepares the process, then runs what DaemonKit assembles.

internal import DaemonKit
internal import Glibc
internal import ProgramEdge

/// The `telehealthd` program; everything it does is in DaemonKit.
@main
struct Telehealthd {
    static func main() async {
        Program.begin(holdsSecrets: true)
        exit(await Daemon.run())
    }
}
