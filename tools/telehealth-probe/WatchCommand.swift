internal import ArgumentParser
internal import Foundation
internal import ProgramEdge
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Prints what happens in a session, as it happens, until the session is over.",
        discussion: """
            Resumes by itself behind the last event, so that none is missed and none comes twice: when the connection \
            breaks, when a proxy cuts it, and when 2.5 of the service's heartbeats did not come. Each break is told on \
            standard error. With --json, one object a line.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions

    @Argument(help: "The session's id.")
    var sessionID: String

    @Option(help: "Only events behind this number; without it a snapshot comes first.")
    var after: Int64?

    @Option(help: "Seconds to go on trying without a word from the service, a day at most.")
    var patience = Patience(.seconds(600))

    @Flag(help: "One JSON object a line.")
    var json = false

    func run() async throws {
        guard let token = try identity.token(for: target) else {
            throw ProbeFailure.usage("a watch needs an identity: --as ROLE, --token-file or TELEHEALTH_TOKEN")
        }
        var configuration = try target.clientConfiguration()
        configuration.watchPatience = patience.duration
        configuration.watchDidBreak = { error, wait in
            Terminal.complain("watch: \(error); trying again in \(wait.forPeople)")
        }
        let client = try TelehealthClient(configuration, tokens: FixedToken(token))
        let messages = try JSONText.own()
        ProgramEnd.endWithReader()
        do {
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
        } catch let error as RPCError {
            throw target.failure(error, doing: "watch")
        }
        await client.shutdown()
    }
}
