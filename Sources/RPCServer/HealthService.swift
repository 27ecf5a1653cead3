internal import GRPCStandardAPI
public import ProtobufWire
public import RPCModel
internal import Synchronization

/// `grpc.health.v1.Health`: which services of this server accept calls.
///
/// The empty name means the whole server. Every service starts as SERVING.
/// - Isolation: any thread.
/// - Spec: gRPC doc/health-checking.md; grpc/proposal A90 (List).
public final class HealthService: RPCService {
    public enum Status: Sendable, Hashable {
        case serving
        case notServing
    }

    fileprivate typealias Response = Grpc_Health_V1_HealthCheckResponse

    private struct Watcher {
        let service: String
        let responses: ResponseWriter<Response>
    }

    private struct State {
        var statuses: [String: Status]
        /// By number.
        var watchers: [UInt64: Watcher] = [:]
        var nextWatcher: UInt64 = 0
        var isShutdown = false

        func response(for service: String) -> Response {
            switch statuses[service] {
            case .serving: .with { $0.status = .serving }
            case .notServing: .with { $0.status = .notServing }
            case nil: .with { $0.status = .serviceUnknown }
            }
        }
    }

    /// A90: a server with more services does not list them.
    private static let listedServicesMax = 100
    /// Maximum number of open watches over all connections: anyone who reaches the server may hold one.
    private static let watchersMax = 10_000

    private let state: Mutex<State>

    /// - Parameter services: full names of the services offered.
    public init(services: [String]) {
        var statuses = ["": Status.serving]
        for service in services { statuses[service] = .serving }
        state = Mutex(State(statuses: statuses))
    }

    /// Sets a service's status and notifies its watchers. Has no effect after ``enterShutdown()``.
    public func set(_ status: Status, service: String = "") {
        notify { state in
            guard !state.isShutdown, state.statuses[service] != status else { return { _ in false } }
            state.statuses[service] = status
            return { $0 == service }
        }
    }

    /// The current status of a service, with the empty name of the whole server; `nil` for an unknown service.
    public func status(of service: String = "") -> Status? { state.withLock { $0.statuses[service] } }

    /// Sets every service's status. Has no effect after ``enterShutdown()``.
    public func setAll(_ status: Status) {
        notify { state in
            guard !state.isShutdown else { return { _ in false } }
            let changed = Set(state.statuses.filter { $0.value != status }.keys)
            for service in changed { state.statuses[service] = status }
            return { changed.contains($0) }
        }
    }

    /// Sets everything to NOT_SERVING permanently.
    public func enterShutdown() {
        notify { state in
            guard !state.isShutdown else { return { _ in false } }
            state.isShutdown = true
            for service in state.statuses.keys { state.statuses[service] = .notServing }
            return { _ in true }
        }
    }

    public var fileDescriptors: [FileDescriptorBytes] { [Grpc_Health_V1_Health_File.descriptor] }

    public var routes: [ServerRoute] {
        Grpc_Health_V1_HealthService(Answers(health: self))
            .with(CallCare(endsWithServer: true), for: Grpc_Health_V1_Health_Methods.watch).routes
    }

    fileprivate func check(_ service: String) throws(RPCError) -> Response {
        let response = state.withLock { $0.response(for: service) }
        guard response.status != .serviceUnknown else {
            throw RPCError(.notFound, "unknown service")
        }
        return response
    }

    fileprivate func list() throws(RPCError) -> Grpc_Health_V1_HealthListResponse {
        try state.withLock { state throws(RPCError) in
            guard state.statuses.count <= Self.listedServicesMax else {
                throw RPCError(.resourceExhausted, "the server has too many services to list; check them one at a time")
            }
            var list = Grpc_Health_V1_HealthListResponse()
            for service in state.statuses.keys.sorted() {
                list.statuses[service] = state.response(for: service)
            }
            return list
        }
    }

    /// Registers a watcher, which needs no task, and sends it the current status.
    fileprivate func watch(
        _ service: String, responses: ResponseWriter<Response>, context: ServerCallContext
    ) throws(RPCError) {
        let id = try state.withLock { state throws(RPCError) -> UInt64 in
            guard state.watchers.count < Self.watchersMax else {
                throw RPCError(.resourceExhausted, "too many health watches are open; try again later")
            }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = Watcher(service: service, responses: responses)
            // Under the lock, so that a change cannot overtake the first response.
            _ = try responses.writeNow(state.response(for: service))
            return state.nextWatcher
        }
        responses.detach()
        context.onCancel { [weak self] in
            // Released outside the lock.
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
        }
    }

    private func notify(_ change: (inout State) -> (String) -> Bool) {
        state.withLock { state in
            let isConcerned = change(&state)
            for watcher in state.watchers.values where isConcerned(watcher.service) {
                // The cancel handler removes a watcher whose call has ended.
                _ = try? watcher.responses.writeNow(state.response(for: watcher.service))
            }
        }
    }
}

/// The calls, on an object without a reference cycle through the service's routes.
private struct Answers: Grpc_Health_V1_HealthHandler {
    let health: HealthService

    func check(
        _ request: Grpc_Health_V1_HealthCheckRequest, context: ServerCallContext
    ) async throws(RPCError) -> Grpc_Health_V1_HealthCheckResponse { try health.check(request.service) }

    func list(
        _ request: Grpc_Health_V1_HealthListRequest, context: ServerCallContext
    ) async throws(RPCError) -> Grpc_Health_V1_HealthListResponse { try health.list() }

    func watch(
        _ request: Grpc_Health_V1_HealthCheckRequest,
        responses: ResponseWriter<Grpc_Health_V1_HealthCheckResponse>, context: ServerCallContext
    ) async throws(RPCError) { try health.watch(request.service, responses: responses, context: context) }
}
