import ArgumentParser
import TelehealthClient
internal import TelehealthModel

struct VisitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visits",
        abstract: "Runs whole visits concurrently, each with its own patient and clinician.")

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "Visits.")
    var visits = 500

    func validate() throws {
        guard (1...1_000_000).contains(visits) else { throw ValidationError("--visits must be 1 to 1000000") }
    }

    func run() async throws {
        let clinic = try clinic.open()
        let log = StepLog(WholeVisit.Step.allCases.map(\.rawValue))
        let tag = String(UInt32.random(in: .min ... .max), radix: 36)
        let scheduler = try clinic.caller(.scheduler, "bench-scheduler", connection: 0)
        try await Requests.registerTexts(as: clinic.caller(.admin, "bench-admin", connection: 0))
        let played = try (0..<visits).map { number in
            let client = "client-\(tag)-\(number)"
            let clinician = "clinician-\(tag)-\(number)"
            return WholeVisit(
                appointmentID: "visit-\(tag)-\(number)", clientID: client, clinicianID: clinician,
                scheduler: scheduler,
                client: try clinic.caller(.client, client, connection: number),
                clinician: try clinic.caller(.clinician, clinician, connection: number), log: log)
        }
        let start = ContinuousClock.now
        let whole = await withTaskGroup(of: Bool.self) { group in
            for visit in played { group.addTask { await visit.play() } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        log.printTable()
        print(
            "\(visits) concurrent visits over \(clinic.channels.count) connections: \(whole) complete,",
            "\(log.errorCount) errors, \((seconds * 100).rounded() / 100) s")
        await clinic.close()
        if whole != visits { throw ExitCode.failure }
    }
}
