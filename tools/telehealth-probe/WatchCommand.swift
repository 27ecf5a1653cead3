internal import ArgumentParser
internal import ProgramEdge
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print a session's events as they happen, until the session ends.",
        discussion: """
            Resumes by itself after the last event, without missing or repeating any: when the connection breaks, when a \
            proxy closes it, and when 2.5 heartbeat intervals pass without a message. Interruptions are reported on standard \
            error.
            """)

    @OptionGroup var options: WatchOptions

    @Argument(help: "The session's id.")
    var sessionID: String

    @Option(help: "Only events after this number. Default: begin with a snapshot.")
    var after: Int64?

    func run() async throws {
        let messages = try JSONText.own()
        let json = options.json
        try await options.run { client in
            for try await update in client.sessions.watch(sessionID, after: after) {
                switch update {
                case .snapshot(let snapshot) where json: Terminal.say("\(try messages.line(snapshot))")
                case .snapshot(let snapshot):
                    Terminal.say("snapshot at event \(snapshot.sequence)\n\(lines: try messages.pretty(snapshot))")
                case .event(let event) where json: Terminal.say("\(try messages.line(event))")
                case .event(let event):
                    Terminal.say("event \(event.sequence)  \(try messages.line(event))")
                }
            }
        }
    }
}
