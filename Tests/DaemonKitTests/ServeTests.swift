import AuditChain
import EventCore
import Foundation
import Logging
import ProgramEdge
import Storage
import StorageSQLite
import Synchronization
import TelehealthModel
import Testing

@testable import DaemonKit

/// One at a time: the signal of the stop goes to the whole process.
@Suite("A service from start to stop", .serialized, .timeLimit(.minutes(2))) struct ServeTests {
    private let folder: TemporaryFolder
    private let log = LogRecorder()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func serving(_ flags: [String] = []) throws -> DaemonConfiguration {
        // Chime is not called; port 9 of this machine belongs to nobody.
        try configuration(
            [
                "--data-dir", folder.path + "/data", "--listen", "unix:\(folder.path)/rpc.sock",
                "--aws-endpoint-url", "http://127.0.0.1:9",
            ] + flags)
    }

    /// Runs the service until `body` is done, then stops it by SIGTERM.
    private func whileServing(
        _ configuration: DaemonConfiguration, _ body: @Sendable () async throws -> Void = {}
    ) async throws {
        // Outside the tests of this suite the signal ends the process as usual.
        defer { signal(SIGTERM, SIG_DFL) }
        TerminationSignal.takeOver()
        let systemd = try NotifySocket(folder.path + "/notify-\(UUID().uuidString.prefix(4))")
        let environment = ["NOTIFY_SOCKET": systemd.path]
        let logger = log.logger
        async let end: Void = serve(configuration, environment: environment, logger: logger)
        #expect(await systemd.next() == "READY=1")
        try await body()
        kill(getpid(), SIGTERM)
        #expect(await systemd.next() == "STOPPING=1")
        try await end
    }

    @Test func `SIGTERM ends it in order, and the folder can be opened again at once`() async throws {
        let configuration = try serving()
        for _ in 0..<2 { try await whileServing(configuration) }
        #expect(
            log.messages.filter { $0.hasPrefix("notice") }
                == ["serving", "stopping", "stopped", "serving", "stopping", "stopped"].map {
                    "notice: " + $0
                })
        #expect(
            log.lines.filter { $0.message == "serving" }.map(\.metadata["addresses"])
                == Array(repeating: "unix:\(folder.path)/rpc.sock", count: 2))
        #expect(!log.lines.contains { $0.level >= .error }, "\(log.messages)")
        var store = StoreConfiguration()
        store.keyRing = try configuration.keyRing.read()
        store.auditKeyFile = configuration.audit.keyFile
        let records = try SQLiteStore.open(directory: configuration.dataDirectory, configuration: store)
        let rows = try await records.auditTrail.auditRecords(from: 1, limit: 10)
        #expect(rows.map(\.action) == ["startService", "stopService", "startService", "stopService"])
        #expect(rows.allSatisfy { $0.outcome == "allowed" && $0.subject == "system" })
        await records.close()
    }

    @Test func `a second service on the same folder does not start, and names the folder and its flag`()
        async throws
    {
        let configuration = try serving()
        let other = try serving(["--listen", "unix:\(folder.path)/other.sock"])
        let logger = log.logger
        let data = folder.path + "/data"
        try await whileServing(configuration) {
            let failure = await #expect(throws: StartFailure.self) {
                try await serve(other, environment: [:], logger: logger)
            }
            #expect(
                failure?.description.hasPrefix("data folder \(data) (--data-dir): ") == true,
                "\(String(describing: failure))")
        }
    }

    @Test func `advice of the configuration is a warning before anything else`() async throws {
        try await whileServing(try serving(["--join-consents", "HIPAA_TELEHEALTH"]))
        let first = try #require(log.lines.first)
        #expect(
            first.level == .warning && first.message == "configuration"
                && first.metadata["advice"]?.contains("write hipaa_telehealth") == true)
    }
}
