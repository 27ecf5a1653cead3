import ChimeSimulation
import LoopbackHTTP
import Synchronization

/// The simulated Chime account behind a scripted server: signatures verified, fields validated, quotas
/// enforced.
final class SimulatedAccount: Sendable {
    private let chime: Mutex<SimulatedChime>
    private let wallSeconds: @Sendable () -> Int64

    /// - Parameter wallSeconds: the clock that signatures are made with.
    init(wallSeconds: @escaping @Sendable () -> Int64) {
        self.wallSeconds = wallSeconds
        var configuration = Configuration(
            credentials: Credentials(
                accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: "token"))
        configuration.bucket = "visits"
        chime = Mutex(SimulatedChime(configuration: configuration))
    }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        let response = respond(
            SimulatedRequest(
                method: request.method, path: parts[0], query: parts.count > 1 ? parts[1] : "",
                headers: Dictionary(
                    request.headers.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first }),
                body: request.body))
        if response.dropsConnection { return .hangUp }
        return .answer(
            status: response.status,
            headers: Dictionary(response.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            body: String(decoding: response.body, as: UTF8.self))
    }

    /// A call of the simulator's own interface.
    func steer(_ path: String, _ body: String) {
        let response = respond(
            SimulatedRequest(
                method: "POST", path: "/_simulator/" + path, query: "", headers: [:], body: Array(body.utf8)))
        precondition(response.status < 300, "the simulator refused an order")
    }

    private func respond(_ request: SimulatedRequest) -> SimulatedResponse {
        let now = Timestamp(microseconds: wallSeconds() * 1_000_000)
        return chime.withLock { $0.respond(to: request, at: now) }
    }
}
