internal import ArgumentParser
internal import Foundation
internal import RPCClient
internal import RPCModel
internal import TelehealthClient
internal import TelehealthCore

struct VisitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visit", abstract: "Plays a whole visit with three identities and prints what happened when.",
        discussion: """
            Books an appointment as the scheduler, comes as the client, comes as the clinician, records with everybody's \
            consent, shares a screen, ends, and plays the recording. Every step is checked, also the ones that must be \
            refused. Uses fresh ids each time, so it may run beside real work on a service whose development key it can \
            read. Exit code 0 only when every step was right.
            """)

    @OptionGroup var target: TargetOptions

    @Option(help: "The service's data directory, which holds the development key. Default: TELEHEALTH_DATA_DIR, else ./data.")
    var dataDir: String?

    @Option(help: "Seconds to wait for the recording to become playable; 0 skips the wait.")
    var playbackWait: Double = 60

    @Flag(help: "One JSON object a step instead of a table.")
    var json = false

    func run() async throws {
        let tokens = try DevelopmentTokens(directory: dataDir)
        let tag = String(UInt64.random(in: .min ... .max), radix: 36)
        let people = VisitPeople(clientID: "client-\(tag)", clinicianID: "clinician-\(tag)", appointmentID: "visit-\(tag)")
        var configuration = ClientConfiguration(target: target.address, channel: try target.channelConfiguration())
        configuration.timeout = target.callTimeout
        configuration.maxAttempts = 2
        let scheduler = try TelehealthClient(configuration, tokens: FixedToken(try tokens.token(.scheduler)))
        let visit = Visit(
            people: people, scheduler: scheduler,
            admin: scheduler.acting(with: FixedToken(try tokens.token(.admin))),
            client: scheduler.acting(with: FixedToken(try tokens.token(.client, client: people.clientID))),
            clinician: scheduler.acting(with: FixedToken(try tokens.token(.clinician, clinician: people.clinicianID))),
            timeline: Timeline(json: json))
        do {
            try await visit.play(playbackWait: .seconds(playbackWait))
        } catch let wrong as VisitFailure {
            throw ProbeFailure.unhealthy("The visit stopped at '\(wrong.step)': \(wrong.message)")
        } catch let error as StepError {
            let failure = target.failure(error.error, doing: error.step)
            throw error.error.isFromPeer ? ProbeFailure.unhealthy("The visit stopped at " + failure.message) : failure
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

/// A step was answered, but wrongly.
struct VisitFailure: Error {
    var step: String
    var message: String
}

struct VisitPeople: Sendable {
    var clientID: String
    var clinicianID: String
    var appointmentID: String
}
