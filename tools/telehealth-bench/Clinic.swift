import ArgumentParser
import DevelopmentIdentity
import Foundation
import RPCClient
import TLSEngine
import TelehealthClient
internal import TelehealthModel

/// Where the service is and who signs the people in.
struct ClinicOptions: ParsableArguments {
    @Option(help: "The service's address: host:port.")
    var target: String

    @Option(help: "The service's data directory, with the development key.")
    var dataDir: String

    @Option(help: "Number of connections shared by the callers.")
    var connections = 4

    @Option(help: "Seconds per call, including all attempts.")
    var timeout = 60

    @Option(help: "Attempts per call; a call that fails in all of them counts as an error.")
    var attempts = 6

    @Option(help: "Use TLS to localhost, trusting the certificate authority in this PEM file.")
    var authority: String?

    func validate() throws {
        guard (1...10_000).contains(connections), (1...86_400).contains(timeout), (1...1000).contains(attempts) else {
            throw ValidationError("--connections must be 1 to 10000, --timeout 1 to 86400, --attempts 1 to 1000")
        }
    }

    func channel() throws -> RPCChannel {
        guard let authority else { return try RPCChannel(target: target) }
        var tls = TLSClientConfiguration()
        tls.authorityFile = authority
        var configuration = ChannelConfiguration()
        configuration.tls = try TLSClientContext(tls)
        configuration.serverName = "localhost"
        return try RPCChannel(target: target, configuration: configuration)
    }

    func open() throws -> Clinic {
        var configuration = ClientConfiguration(target: target)
        configuration.timeout = .seconds(timeout)
        configuration.maxAttempts = attempts
        return Clinic(
            channels: try (0..<connections).map { _ in try channel() },
            configuration: configuration,
            issuer: try DevelopmentIssuer(directory: dataDir, createIfAbsent: false))
    }
}

/// Connections to a service, and everybody who calls it.
struct Clinic: Sendable {
    let channels: [RPCChannel]
    let configuration: ClientConfiguration
    let issuer: DevelopmentIssuer

    /// - Parameter connection: any number; callers with the same remainder share a connection.
    func caller(_ role: Role, _ id: String, connection: Int) throws -> TelehealthClient {
        TelehealthClient(
            over: channels[connection % channels.count], configuration: configuration,
            tokens: FixedToken(try token(role, id)))
    }

    func token(_ role: Role, _ id: String) throws -> String {
        let request = DevelopmentIssuer.TokenRequest(
            subject: Subject(id), role: role, clientID: role == .client ? SubjectID(id) : nil,
            clinicianID: role == .clinician ? SubjectID(id) : nil)
        return try issuer.token(
            request, now: Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
    }

    func close() async {
        for channel in channels { await channel.shutdown() }
    }
}
