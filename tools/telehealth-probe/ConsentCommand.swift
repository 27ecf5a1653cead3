internal import ArgumentParser
internal import ProtobufWire
internal import RPCModel
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent", abstract: "Show which consents are required and which are missing.",
        discussion: """
              telehealth-probe consent status record --session SESSION --as admin
              telehealth-probe consent status --person client-7 --as admin
              telehealth-probe consent policies --as admin
            """,
        subcommands: [Status.self, Policies.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Show which actions are permitted now. Exits with status 4 if any is not.")

        @OptionGroup var target: TargetOptions
        @OptionGroup var identity: IdentityOptions

        @Argument(help: "Actions: join, conduct, record, third-party. Default: all.")
        var actions: [String] = []

        @Option(help: "The session.")
        var session: String = ""

        @Option(help: "The person whose consents to show.")
        var person: String = ""

        @Flag(help: "Print the whole response as JSON, on one line.")
        var json = false

        func run() async throws {
            let known: [String: Telehealth_V1_ConsentAction] = [
                "join": .join, "conduct": .conduct, "record": .record, "third-party": .thirdParty,
            ]
            let asked = try actions.map { name in
                guard let action = known[name] else {
                    throw ProbeFailure.usage("unknown action '\(name)': must be join, conduct, record or third-party")
                }
                return action
            }
            let status = try await withClient(target, identity, doing: "status") { client in
                try await client.consents.getStatus(
                    .with {
                        $0.actions = asked
                        $0.sessionID = session
                        $0.personID = person
                    })
            }
            if json {
                Terminal.say("\(try JSONText.own().line(status))")
            } else {
                for judged in status.judgements { show(judged) }
            }
            if !status.judgements.allSatisfy(\.satisfied) { throw ExitCode(4) }
        }

        private func show(_ judged: Telehealth_V1_ConsentJudgement) {
            let verdict = judged.satisfied ? Terminal.styled("yes", .green) : Terminal.styled("no", .red)
            Terminal.say("\(judged.action): \(verdict), by \(judged.place) \(judged.policyVersion)")
            for gap in judged.missing {
                Terminal.say("  missing: \(gap.type) of \(gap.personID): \(gap.cause)")
                let remedy = gap.remedy ?? .init()
                let texts = remedy.documents.map { "\($0.version) (\($0.language))" }.joined(separator: ", ")
                let spoken = remedy.verbalAsWell ? " and a spoken consent" : ""
                let guardian = remedy.guardianSigns ? ", signed by a guardian" : ""
                let text = texts.isEmpty ? "; no text is registered" : "; text \(texts)"
                let methods = remedy.methods.map { "\($0)" }.joined(separator: " or ")
                Terminal.say("    required: \(methods)\(spoken)\(guardian)\(text)")
            }
            if judged.othersMissing { Terminal.say("  consents of other people are missing") }
            for basis in judged.basis {
                let renewal = basis.expiresSoon ? ", renew soon" : ""
                Terminal.say("  based on: \(basis.type) \(basis.consentID)\(renewal)")
            }
            for citation in judged.citations { Terminal.say(Terminal.styled("  \(citation.source)", .dim)) }
        }
    }

    struct Policies: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policies", abstract: "Print the policies in force as JSON.")

        @OptionGroup var target: TargetOptions
        @OptionGroup var identity: IdentityOptions

        func run() async throws {
            let policies = try await withClient(target, identity, doing: "policies") { client in
                try await client.consentDocuments.listPlacePolicies()
            }
            let messages = try JSONText.own()
            Terminal.say("\(lines: try Terminal.isInteractive ? messages.pretty(policies) : messages.line(policies))")
        }
    }
}
