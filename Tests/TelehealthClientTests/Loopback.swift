import Glibc
import RPCClient
import ProtobufWire
import RPCModel
import RPCServer
import Synchronization
import TelehealthAPI
import TelehealthClient
import TelehealthTesting

/// A scripted service on a unix socket and a client to it, for one test.
final class Loopback: Sendable {
    let service = ScriptedService()
    private let path = "/tmp/telehealth-client-\(UInt64.random(in: .min ... .max)).sock"
    private let server = Mutex<RPCServer?>(nil)

    /// - Parameter body: gets both; they are shut down behind it.
    static func run(
        tokens: any TokenProvider = FixedToken("token-1"),
        configure: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (Loopback, TelehealthClient) async throws -> Void
    ) async throws {
        let loopback = Loopback()
        try await loopback.start()
        var configuration = ClientConfiguration(target: "unix:" + loopback.path)
        configuration.initialBackoff = .milliseconds(1)
        configuration.maxBackoff = .milliseconds(10)
        configuration.channel.backoff = ConnectionBackoff(
            initial: .milliseconds(1), maximum: .milliseconds(10))
        configure(&configuration)
        let client = try TelehealthClient(configuration, tokens: tokens)
        let outcome = await Result { () async throws in try await body(loopback, client) }
        await client.shutdown()
        await loopback.stop()
        unlink(loopback.path)
        try outcome.get()
    }

    /// Breaks every connection and comes back at the same address.
    func restart() async throws {
        await stop()
        try await start()
    }

    init() {
        service.sessions.join.answer { _ in .with { $0.outcome = .waiting } }
        service.sessions.get.answer { _ in .with { $0.session = .with { $0.sessionID = "s" } } }
        // So often that the client's own bound is the interval.
        service.sessions.heartbeat.answer { _ in .with { $0.nextWithin = .with { $0.nanos = 1 } } }
        service.people.exportRecord.answer { request in
            let pieces = (1...3 as ClosedRange<UInt8>).map { piece in
                Telehealth_V1_ExportPersonRecordResponse.with { $0.chunk = [piece] }
            }
            return (pieces, request.personID == "silent" ? .open : .over)
        }
    }

    private func start() async throws {
        let server = try RPCServer(
            configuration: ServerConfiguration(listeners: [.unix(path: path)]), services: [service])
        _ = try await server.start()
        self.server.withLock { $0 = server }
    }

    private func stop() async {
        let server = self.server.withLock { $0.take() }
        await server?.shutdown(grace: .zero)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}

/// Hands out `token-1`, `token-2`, … and another only when the last was rejected.
actor CountingTokens: TokenProvider {
    private(set) var made = 0

    func token(replacing rejected: String?) async throws -> String {
        made == 0 || rejected == "token-\(made)" ? next() : "token-\(made)"
    }

    func next() -> String {
        made += 1
        return "token-\(made)"
    }
}

/// What one stream sends, and how it ends.
struct StreamScript<Response: Message>: Sendable {
    var messages: [Response]
    var ending: StreamEnding
}

extension ScriptedStream {
    /// The next calls go like this, one each.
    func answerNext(_ scripts: [StreamScript<Response>]) {
        for script in scripts { answerNext(script.messages, then: script.ending) }
    }
}

extension ScriptedService {
    /// Calls with this token are refused as expired.
    func expire(_ token: String) {
        check { call throws(RPCError) in
            if call.bearerToken == token { throw .refusal(.tokenExpired) }
        }
    }
}
