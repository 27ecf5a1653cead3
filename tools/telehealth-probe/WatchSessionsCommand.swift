internal import ArgumentParser
internal import FoundationEssentials
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

    @OptionGroup var options: WatchOptions

    @Option(help: "First scheduled start (RFC 3339). Default: now.")
    var from: String?

    @Option(help: "Scheduled starts before this time (RFC 3339). Default: one day later.")
    var before: String?

    func run() async throws {
        var start = Google_Protobuf_Timestamp.with { $0.seconds = Int64(Date().timeIntervalSince1970) }
        if let from { start = try Google_Protobuf_Timestamp(text: from) }
        var end = Google_Protobuf_Timestamp.with { $0.seconds = start.seconds + 86_400 }
        if let before { end = try Google_Protobuf_Timestamp(text: before) }
        let messages = try JSONText.own()
        let range = (start: start, end: end)
        try await options.run { client in
            for try await update in client.sessions.watchAll(startingFrom: range.start, before: range.end) {
                Terminal.say("\(lines: try options.json ? line(update, messages) : text(update, messages))")
            }
        }
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
