internal import ArgumentParser
internal import Foundation
internal import ProgramEdge
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

struct WatchSessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch-sessions",
        abstract: "Print summaries of the caller's visits in a time range, and every change as it happens.",
        discussion: """
            Resumes by itself, as watch does. With --json, one object per line: {"snapshot": [visits]}, \
            {"changed": visit} or {"gone": "session id"}. Runs until interrupted.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var identity: IdentityOptions

    @Option(help: "First scheduled start (RFC 3339). Default: now.")
    var from: String?

    @Option(help: "Scheduled starts before this time (RFC 3339). Default: one day later.")
    var before: String?

    @Option(help: "Seconds to keep trying without a response from the service, at most a day.")
    var patience = Patience(.seconds(600))

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func run() async throws {
        guard let token = try identity.token(for: target) else {
            throw ProbeFailure.usage("no identity: use --as ROLE, --token-file or TELEHEALTH_TOKEN")
        }
        var start = Google_Protobuf_Timestamp.with { $0.seconds = Int64(Date().timeIntervalSince1970) }
        if let from { start = try Google_Protobuf_Timestamp(text: from) }
        var end = Google_Protobuf_Timestamp.with { $0.seconds = start.seconds + 86_400 }
        if let before { end = try Google_Protobuf_Timestamp(text: before) }
        var configuration = try target.clientConfiguration()
        configuration.watchPatience = patience.duration
        configuration.watchDidBreak = { error, wait in
            Terminal.complain("watch: \(error); trying again in \(wait.forPeople)")
        }
        let client = try TelehealthClient(configuration, tokens: FixedToken(token))
        let messages = try JSONText.own()
        ProgramEnd.endWithReader()
        do {
            for try await update in client.sessions.watchAll(startingFrom: start, before: end) {
                Terminal.say("\(lines: try json ? line(update, messages) : text(update, messages))")
            }
        } catch let error as RPCError {
            throw target.failure(error, doing: "watch")
        }
        await client.shutdown()
    }

    private func line(_ update: SessionsWatch.Update, _ messages: JSONText) throws -> String {
        switch update {
        case .snapshot(let visits):
            #"{"snapshot":[\#(try visits.map(messages.line).joined(separator: ","))]}"#
        case .changed(let visit): #"{"changed":\#(try messages.line(visit))}"#
        case .gone(let id): #"{"gone":"\#(id)"}"#
        }
    }

    private func text(_ update: SessionsWatch.Update, _ messages: JSONText) throws -> String {
        switch update {
        case .snapshot(let visits):
            try (["snapshot of \(visits.count) visits"] + visits.map { try "        \(messages.line($0))" })
                .joined(separator: "\n")
        case .changed(let visit): "changed \(try messages.line(visit))"
        case .gone(let id): "gone    \(id)"
        }
    }
}
