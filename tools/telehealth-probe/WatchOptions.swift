internal import ArgumentParser
internal import ProgramEdge
internal import TelehealthClient
internal import TextFormats

/// What the commands that follow events have in common.
struct WatchOptions: ParsableArguments {
    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions

    @Option(help: "Seconds to keep trying without a response from the service, at most a day.")
    var patience = Patience(.seconds(600))

    @Flag(help: "Print one JSON object per line.")
    var json = false

    /// Runs a watch until its events end; interruptions are reported on standard error.
    func run(_ watch: (TelehealthClient) async throws -> Void) async throws {
        try await withClient(
            target, identity, doing: "watch",
            configure: {
                $0.watchPatience = patience.duration
                $0.watchDidBreak = { error, wait in
                    Terminal.complain("watch: \(error); trying again in \(wait.forPeople)")
                }
            },
            { client in
                ProgramEnd.endWithReader()
                try await watch(client)
            })
    }
}
