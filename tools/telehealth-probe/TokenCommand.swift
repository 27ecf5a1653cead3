internal import ArgumentParser
internal import TelehealthModel
internal import TextFormats

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Print a development token for a service on this machine.",
        discussion: """
            The token is valid for at most one hour, on loopback and Unix sockets only.

              TELEHEALTH_TOKEN=$(telehealth-probe token --role admin) telehealth-probe list
            """)

    @Option(help: "The role: \(Role.allCases.filter { $0 != .guest }.map(\.rawValue).joined(separator: ", ")).")
    var role: String

    @Option(help: "The token's subject. Default: the patient's or clinician's id, else the role.")
    var subject: String?

    @Option(help: "The patient's id; required for the role client.")
    var clientID: String?

    @Option(help: "The clinician's id; required for the role clinician.")
    var clinicianID: String?

    @Option(help: "The service that acts on the subject's behalf (the claim 'act').")
    var actor: String?

    @Option(help: "Seconds until it expires, at most 3600.")
    var lifetime: Int = 3600

    @Option(help: "The service's data directory. Default: TELEHEALTH_DATA_DIR, else ./data.")
    var dataDir: String?

    func validate() throws {
        guard Role(rawValue: role) != nil else { throw ValidationError("unknown role '\(role)'") }
        guard (1...3600).contains(lifetime) else { throw ValidationError("--lifetime must be 1 to 3600 seconds") }
    }

    func run() throws {
        guard let role = Role(rawValue: role) else { return }
        let token = try DevelopmentTokens(directory: dataDir).token(
            role, subject: subject, client: clientID, clinician: clinicianID, actor: actor,
            lifetime: .seconds(lifetime))
        Terminal.say("\(token)")
    }
}
