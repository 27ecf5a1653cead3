internal import ArgumentParser
internal import FoundationEssentials
internal import RPCClient
internal import RPCModel
internal import TelehealthClient
internal import TelehealthModel
internal import TextFormats

struct VisitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visit", abstract: "Run a whole visit and print each step with its time.",
        discussion: """
            Books an appointment as the scheduler, joins as patient and clinician, records with everyone's consent, shares a \
            screen, ends the visit, and plays the recording. Other scenarios add people or failures. Every step is verified, \
            including those the service must refuse. Ids are new for each run, so it does not disturb other visits on a \
            service whose development key it can read. Exits with status 0 only when every step passed.
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        help:
            "The service's data directory, with the development key. Default: TELEHEALTH_DATA_DIR, else ./data."
    )
    var dataDir: String?

    @Option(help: "The scenario: \(VisitScenario.allCases.map(\.rawValue).joined(separator: ", ")).")
    var scenario = VisitScenario.pair

    @Option(help: "Address of the Chime simulator, for dead-meeting. Default: AWS_ENDPOINT_URL.")
    var simulator: String?

    @Option(help: "Seconds to wait until the recording can be played, at most a day; 0 skips the wait.")
    var playbackWait = Patience(.seconds(60))

    @Flag(help: "Print one JSON object per step instead of a table.")
    var json = false

    func run() async throws {
        try target.requirePrivacy(forTokenOf: "the development key")
        let tokens = try DevelopmentTokens(directory: dataDir)
        let tag = String(UInt64.random(in: .min ... .max), radix: 36)
        let people = VisitPeople(tag: tag)
        var configuration = try target.clientConfiguration()
        configuration.timeout = target.timeout.finite
        configuration.maxAttempts = 2
        let scheduler = try TelehealthClient(configuration, tokens: FixedToken(try tokens.token(.scheduler)))
        let visit = Visit(
            people: people, scheduler: scheduler,
            admin: scheduler.acting(with: FixedToken(try tokens.token(.admin))),
            client: scheduler.acting(with: FixedToken(try tokens.token(.client, client: people.clientID))),
            clinician: scheduler.acting(
                with: FixedToken(try tokens.token(.clinician, clinician: people.clinicianID))),
            guardian: scheduler.acting(
                with: FixedToken(try tokens.token(.client, client: people.guardianID))),
            interpreter: scheduler.acting(
                with: FixedToken(try tokens.token(.clinician, clinician: people.interpreterID))),
            timeline: Timeline(json: json))
        let control = (simulator ?? ProcessInfo.processInfo.environment["AWS_ENDPOINT_URL"]).flatMap(
            SimulatorControl.init)
        do {
            try await visit.play(scenario, playbackWait: playbackWait.duration, simulator: control)
        } catch let wrong as VisitFailure {
            throw ProbeFailure.unhealthy("The visit stopped at '\(wrong.step)': \(wrong.message)")
        } catch let error as StepError {
            let failure = target.failure(error.error, doing: "\(error.step)")
            throw error.error.isFromPeer
                ? ProbeFailure.unhealthy("The visit stopped at \(failure.message)") : failure
        }
        await scheduler.shutdown()
        visit.timeline.finish()
    }
}

/// A call of a step failed.
struct StepError: Error {
    var step: String
    var error: RPCError
}

/// A step's response was wrong.
struct VisitFailure: Error {
    var step: String
    var message: String
}

struct VisitPeople: Sendable {
    var clientID: String
    var guardianID: String
    var clinicianID: String
    var interpreterID: String
    var appointmentID: String

    /// - Parameter tag: makes the ids unique to this run.
    init(tag: String) {
        clientID = "client-\(tag)"
        guardianID = "guardian-\(tag)"
        clinicianID = "clinician-\(tag)"
        interpreterID = "interpreter-\(tag)"
        appointmentID = "visit-\(tag)"
    }
}
