import ArgumentParser
import Foundation
import ProtobufWire
import TelehealthAPI
import TelehealthClient
internal import TelehealthModel

struct ReadRequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-request",
        abstract:
            "Creates a session with a waiting patient and writes what an HTTP/2 load generator needs to read or watch it.",
        discussion:
            """
            Writes DIRECTORY/body and DIRECTORY/watch, a GetSessionRequest and a WatchSessionRequest with their length \
            prefixes, and DIRECTORY/token, the patient's bearer token.
            """
    )

    @OptionGroup var clinic: ClinicOptions

    @Option(help: "The directory to write to; it must exist.")
    var directory: String

    func run() async throws {
        let clinic = try clinic.open()
        let tag = String(UInt32.random(in: .min ... .max), radix: 36)
        let (appointment, id) = ("read-\(tag)", "client-\(tag)")
        let scheduler = try clinic.caller(.scheduler, "bench-scheduler", connection: 0)
        let client = try clinic.caller(.client, id, connection: 0)
        try await Requests.registerTexts(as: clinic.caller(.admin, "bench-admin", connection: 0))
        _ = try await scheduler.appointments.put(
            Requests.appointment(appointment, client: id, clinician: "clinician-\(tag)"))
        _ = try await scheduler.sessions.create(.with { $0.appointmentID = appointment })
        for type in ["georgia_telehealth", "hipaa_telehealth"] {
            _ = try await client.consents.submit(Requests.consent(type, of: id, as: .client))
        }
        let joined = try await client.sessions.join(Requests.join(appointment: appointment))
        let request = Telehealth_V1_GetSessionRequest.with {
            $0.key = .sessionID(joined.session?.sessionID ?? "")
        }
        let answer = try await client.sessions.get(request)

        try write(prefixed(request.encodedBytes()), to: "body")
        let watch = Telehealth_V1_WatchSessionRequest.with { $0.sessionID = joined.session?.sessionID ?? "" }
        try write(prefixed(watch.encodedBytes()), to: "watch")
        try write(Array(try clinic.token(.client, id).utf8), to: "token")
        print(answer.encodedBytes().count)
        await clinic.close()
    }

    /// As gRPC puts a message on a stream.
    private func prefixed(_ message: [UInt8]) -> [UInt8] {
        let length = UInt32(message.count)
        return [0] + stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) } + message
    }

    /// The token is a bearer secret: the file is its owner's alone.
    private func write(_ bytes: [UInt8], to name: String) throws {
        guard
            FileManager.default.createFile(
                atPath: directory + "/" + name, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
    }
}
