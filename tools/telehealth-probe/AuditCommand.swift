internal import ArgumentParser
internal import DurableFile
internal import Glibc
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

/// Commands for the audit log.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Read, verify and export the audit log: who read and changed what.",
        discussion: """
            Needs role admin; on the service's own machine the probe signs such a token with the development key.

              telehealth-probe audit list --session SESSION
              telehealth-probe audit access SESSION      # who read this session, by person
              telehealth-probe audit verify              # by the running service
              telehealth-probe audit export -o audit.jsonl
              telehealth-probe audit verify --database backup.db --key-ring keys \\
                  --key-file chain.key --heads heads/

            Exit status as of the probe; 4 when the log is not intact.
            """,
        subcommands: [
            AuditListCommand.self, AuditAccessCommand.self, AuditVerifyCommand.self, AuditExportCommand.self,
        ])
}

struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List rows by time.")
    @OptionGroup var options: OperatorOptions

    @Option(help: "Only rows about this session.")
    var session: String?

    @Option(help: "Only rows of this caller (the token's sub).")
    var caller: String?

    @Option(help: "Only rows about this person's data.")
    var person: String?

    @Option(help: "Only at or after this time (RFC 3339, for example 2026-11-22T09:30:00Z).")
    var from: String?

    @Option(help: "Only before this time (RFC 3339).")
    var before: String?

    @Option(help: "Only this RPC, for example GetSession.")
    var action: String?

    @Option(help: "Only this outcome: allowed, denied or failed.")
    var outcome: String?

    @Flag(help: "List the newest rows first.")
    var newestFirst = false

    @Option(name: .shortAndLong, help: "Maximum number of rows, 1 or more.")
    var limit: Int = 200

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be 1 or more") }
    }

    func run() async throws {
        var request = Telehealth_V1_ListAuditEventsRequest()
        request.sessionID = session ?? ""
        request.caller = caller ?? ""
        request.personID = person ?? ""
        request.occurTimeFrom = try from.map { try Google_Protobuf_Timestamp(text: $0) }
        request.occurTimeBefore = try before.map { try Google_Protobuf_Timestamp(text: $0) }
        request.action = action ?? ""
        request.outcome = try outcome.map(Self.outcome) ?? .unspecified
        request.newestFirst = newestFirst
        let asked = request
        try await options.run(doing: "list") { client in
            let messages = try JSONText.own()
            var request = asked
            var left = limit
            repeat {
                request.pageSize = Int32(clamping: min(left, 200))
                let page = try await client.audit.listEvents(request)
                for event in page.events.prefix(left) {
                    Terminal.say("\(options.json ? try messages.line(event) : event.line)")
                }
                left -= page.events.count
                request.pageToken = page.nextPageToken
            } while !request.pageToken.isEmpty && left > 0
        }
    }

    private static func outcome(_ text: String) throws -> Telehealth_V1_AuditOutcome {
        switch text {
        case "allowed": .allowed
        case "denied": .denied
        case "failed": .failed
        default: throw ProbeFailure.usage("invalid --outcome '\(text)': must be allowed, denied or failed")
        }
    }
}

struct AuditAccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "List who read or changed a session.")
    @OptionGroup var options: OperatorOptions

    @Argument(help: "The session's id.")
    var session: String

    func run() async throws {
        try await options.run(doing: "access") { client in
            let report = try await client.audit.listSessionAccesses(.with { $0.sessionID = session })
            if options.json { return Terminal.say("\(try JSONText.own().line(report))") }
            for person in report.accesses {
                let calls = person.calls.map { "\($0.key)\($0.value == 1 ? "" : " x\($0.value)")" }.sorted()
                let denied = person.deniedCount == 0 ? "" : "  refused \(person.deniedCount)"
                Terminal.say(
                    "\(person.firstAccessTime.text)  \(person.lastAccessTime.text)  \(person.role.word ?? "-")  "
                        + "\(person.caller)"
                        + "  \(calls.joined(separator: ", "))\(denied)")
            }
            if !report.isComplete {
            Terminal.complain("the list is incomplete: the log has more rows about this session")
        }
        }
    }
}

struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write rows with their MACs, one JSON object per line, then the signed head.")
    @OptionGroup var options: OperatorOptions

    @Option(name: .shortAndLong, help: "The file to create; it must not exist. Default: standard output.")
    var output: String?

    @Option(help: "The first row.")
    var from: Int64 = 1

    @Option(help: "The last row; 0 means the end of the log.")
    var through: Int64 = 0

    func run() async throws {
        let file = try output.map(Self.created)
        try await options.run(doing: "export") { client in
            let messages = try JSONText.own()
            let request = Telehealth_V1_ExportAuditLogRequest.with {
                $0.fromNumber = from
                $0.throughNumber = through
            }
            var count = 0
            var isComplete = false
            for try await part in try await client.audit.exportLog(request) {
                var text = ""
                for event in part.events { text += try messages.line(event) + "\n" }
                if let head = part.head {
                    text += try messages.line(head) + "\n"
                    isComplete = true
                }
                count += part.events.count
                try write(Array(text.utf8), to: file)
            }
            guard isComplete else { throw ProbeFailure.call("the export ended early, after \(count) rows") }
            if output != nil { Terminal.complain("exported \(count) rows and their signed head") }
        }
    }

    private static func created(_ path: String) throws -> NewFile {
        do { return try NewFile(path) } catch {
            throw ProbeFailure.usage("cannot create \(path): \(String(cString: strerror(error.code)))")
        }
    }

    /// To standard output without a file.
    private func write(_ bytes: [UInt8], to file: NewFile?) throws {
        guard let file else { return Terminal.say(document: bytes) }
        do { try file.append(bytes) } catch { throw ProbeFailure.usage("cannot write the export: \(error)") }
    }
}

extension Telehealth_V1_AuditEvent {
    /// For a person's eyes.
    var line: String {
        var parts = ["\(number)", occurTime.text, role.word ?? "-", caller, action, outcome.word ?? "-"]
        if count > 1 { parts.append("x\(count)") }
        for (name, value) in [
            ("session", sessionID), ("person", personID), ("target", target), ("reason", reason), ("for", actor),
            ("from", source),
        ] {
            if let value { parts.append("\(name)=\(value)") }
        }
        return parts.joined(separator: "  ")
    }
}
