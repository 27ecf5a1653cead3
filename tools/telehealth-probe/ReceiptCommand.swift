internal import ArgumentParser
internal import AuditChain
internal import FoundationEssentials
internal import ProtobufWire
internal import TelehealthAPI
internal import TelehealthClient
internal import TextFormats

struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Get and verify signed consent receipts, and export a person's record.",
        discussion: """
              telehealth-probe receipt key --as admin  # --all: retired ones, too
              telehealth-probe receipt get CONSENT --as client \\
                  --client-id client-7 > receipt
              telehealth-probe receipt verify receipt --key 3b6a27bc…  # or a file
              telehealth-probe receipt export client-7 --as admin > record.json

            verify works offline: it needs only the key.
            """,
        subcommands: [Key.self, Get.self, Verify.self, Export.self])

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "key", abstract: "Print the public key that verifies receipts.")

        @OptionGroup var target: TargetOptions
        @OptionGroup var identity: IdentityOptions

        @Flag(help: "Also print retired keys, one per line, newest first.")
        var all = false

        func run() async throws {
            let key = try await withClient(target, identity, doing: "key") { try await $0.consents.getReceiptKey() }
            Terminal.say("\(Hex.encode(key.publicKey))")
            guard all else { return }
            for retired in key.retiredKeys.reversed() {
                Terminal.say("\(Hex.encode(retired.publicKey))  until \(retired.retireTime.text)")
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "get", abstract: "Print a consent's receipt.")

        @OptionGroup var target: TargetOptions
        @OptionGroup var identity: IdentityOptions

        @Argument(help: "The consent's id.")
        var consent: String

        func run() async throws {
            let answer = try await withClient(target, identity, doing: "receipt") { client in
                try await client.consents.getReceipt(.with { $0.consentID = consent })
            }
            Terminal.say("\(answer.receipt)")
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Verify a receipt offline. Exits with status 4 if it is invalid.")

        @Argument(help: "The file with the receipt.")
        var file: String

        @Option(help: "The public key as 64 hexadecimal digits, or a file with one key per line, as printed by 'key --all'.")
        var key: String

        func run() throws {
            guard let receipt = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw ProbeFailure.usage("cannot read \(file)")
            }
            let text = receipt.trimmed(where: \.isWhitespace)
            var fault = ReceiptFault.signature
            for key in try keys() {
                do throws(ReceiptFault) {
                    return show(try ConsentReceipt.verify(text, key: key))
                } catch {
                    // A mismatch with one key only means that it is another key; any other fault is the receipt's
                    // own.
                    if error != .signature { fault = error }
                }
            }
            throw ProbeFailure.unhealthy("\(Self.sentences[fault] ?? "\(fault)")")
        }

        /// The first word of each line.
        private func keys() throws -> [ReceiptKey] {
            let text = (try? String(contentsOfFile: key, encoding: .utf8)) ?? key
            let words = text.split(separator: "\n").compactMap { $0.split(whereSeparator: \.isWhitespace).first }
            let keys = words.compactMap { Hex.decode($0).flatMap { ReceiptKey($0) } }
            guard !keys.isEmpty, keys.count == words.count else {
                throw ProbeFailure.usage("invalid --key: must be an Ed25519 public key of 64 hexadecimal digits")
            }
            return keys
        }

        private static let sentences: [ReceiptFault: String] = [
            .malformed: "the file is not a receipt",
            .signature: "the receipt is not signed with this key",
            .inclusion: "the receipt does not prove that its row is in the audit log",
            .otherConsent: "the receipt's audit row is about another consent",
        ]

        private func show(_ receipt: VerifiedReceipt) {
            Terminal.say("\(Terminal.styled("good", .green)), issued \(receipt.issuedAt)")
            for (name, value) in receipt.consent.sorted(by: { $0.key < $1.key }) {
                Terminal.say("  \(name): \(value)")
            }
            Terminal.say(
                "  row \(receipt.logNumber) of \(receipt.logSize) in the audit log with the root \(receipt.logRoot)"
            )
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Print a person's consents, visits and accesses as a FHIR R4 Bundle.")

        @OptionGroup var target: TargetOptions
        @OptionGroup var identity: IdentityOptions

        @Argument(help: "The person's id.")
        var person: String

        func run() async throws {
            try await withClient(target, identity, doing: "export") { client in
                var shown: [UInt8] = []
                for try await piece in client.people.exportRecord(person) {
                    // A piece may end within a character: a terminal gets the whole text at once.
                    if Terminal.isOutputATerminal { shown += piece } else { Terminal.say(document: piece) }
                }
                Terminal.say(document: shown)
            }
        }
    }
}
