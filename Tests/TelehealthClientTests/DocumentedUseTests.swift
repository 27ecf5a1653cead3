import Foundation
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import Testing

/// The Swift code of the documents, compiled as it is shown there.
@Suite("Documented use of the client") struct DocumentedUseTests {
    private func createAndWatch(token: String) async throws {
        let client = try TelehealthClient(ClientConfiguration(target: "127.0.0.1:50051"), tokens: FixedToken(token))
        let created = try await client.sessions.create(.with { $0.appointmentID = "appointment-1" })
        guard let sessionID = created.session?.sessionID else { return }
        for try await update in client.sessions.watch(sessionID) {
            switch update {
            case .snapshot(let snapshot): print(snapshot.session?.status ?? .unspecified)
            case .event(let event): print(event.sequence, event.status)
            }
        }
    }

    private func backUp(_ client: TelehealthClient) async throws {
        let backup = try await client.operations.backUpDatabase { print("\($0.phase): \($0.done) of \($0.total)") }
        _ = backup
    }

    private func follow(appointment: String, at target: String, token: String) async throws {
        let client = try TelehealthClient(ClientConfiguration(target: target), tokens: FixedToken(token))
        let created = try await client.sessions.create(.with { $0.appointmentID = appointment })
        guard let sessionID = created.session?.sessionID else { return }
        for try await update in client.sessions.watch(sessionID) {
            switch update {
            case .snapshot(let snapshot): print("now: \(snapshot.session?.status ?? .unspecified)")
            case .event(let event): print("event \(event.sequence): \(event.status)")
            }
        }
        await client.shutdown()
    }

    @Test(arguments: [
        ("README.md", 1), ("docs/clients.md", 2),
        ("Sources/TelehealthClient/TelehealthClient.docc/FollowingAVisit.md", 1),
    ])
    func `each block of Swift that a document shows is compiled here`(page: String, count: Int) throws {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let own = Self.unindented(try String(contentsOf: URL(filePath: #filePath), encoding: .utf8))
        let blocks = try String(contentsOf: root.appending(path: page), encoding: .utf8)
            .components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
        #expect(blocks.count == count)
        for block in blocks { #expect(own.contains(Self.unindented(block)), "\(page) shows:\n\(block)") }
    }

    private static func unindented(_ text: String) -> String {
        text.split(separator: "\n").filter { !$0.hasPrefix("import ") }.map { line in
            let line = line.trimmingCharacters(in: .whitespaces)
            return line.hasPrefix("private ") ? String(line.dropFirst("private ".count)) : line
        }.joined(separator: "\n")
    }
}
