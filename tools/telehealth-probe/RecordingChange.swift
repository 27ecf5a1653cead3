internal import ArgumentParser
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// What the commands that change one recording have in common: which, why, and the recording shown afterwards.
struct RecordingChange: ParsableArguments {
    @OptionGroup var options: OperatorOptions

    @Argument(help: "The recording's id.")
    var recording: String

    @Option(help: "The reason, for the audit log.")
    var reason: String

    /// - Parameter change: makes the change and returns the recording as it is now.
    func run(
        doing what: DisplayText, _ change: (TelehealthClient) async throws -> Telehealth_V1_Recording?
    ) async throws {
        try await options.run(doing: what) { client in
            try RecordingCommand.show(try await change(client), asJSON: options.json)
        }
    }
}
