internal import ProtobufWire
public import RPCModel
public import RPCServer
internal import Synchronization
internal import TelehealthAPI
public import TelehealthClient

/// A telehealth service for the tests of a program that calls it: it answers as the test says, keeps what it was asked,
/// and waits for no clock.
///
/// ```swift
/// let service = ScriptedService()
/// service.sessions.get.answerNext(.with { $0.session = .with { $0.sessionID = "visit-1" } })
/// service.sessions.end.failNext(.refusal(.invalidState, metadata: ["status": "COMPLETED"]))
///
/// let desk = Desk(client: try service.client())      // the program under test
/// await desk.close("visit-1")
///
/// #expect(desk.message == "The visit is over.")
/// #expect(service.sessions.end.requests.map(\.sessionID) == ["visit-1"])
/// ```
///
/// Scripts stand under the names that calls have in a ``TelehealthClient``, and are typed by the API. A call uses up
/// the oldest script that is queued for its method; when none is, the method's `answer(_:)` counts; a call without
/// either is UNIMPLEMENTED. A request that breaks a rule of the API is refused as by the service, with INVALID_FIELD,
/// and uses its script up.
///
/// Calls travel in memory (``channel()``), or by HTTP/2 when an `RPCServer` is given the service.
///
/// Isolation: any.
public final class ScriptedService: RPCService {
    /// Answers one call whose request came whole.
    typealias Script = @Sendable (_ request: [UInt8], _ stream: CallStream) async throws(RPCError) -> Void

    /// Judges a call before any script is used up for it.
    public typealias Check = @Sendable (RecordedCall) throws(RPCError) -> Void

    private struct State {
        var calls: [RecordedCall] = []
        /// By the method's path.
        var queued: [String: [Script]] = [:]
        var standing: [String: Script] = [:]
        var check: Check = { _ in }
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var listenersMade = 0
    }

    /// Every method of the API.
    static let methods: [MethodDescriptor] =
        Telehealth_V1_AppointmentService_Methods.all + Telehealth_V1_TelehealthService_Methods.all
        + Telehealth_V1_ParticipantService_Methods.all + Telehealth_V1_ConsentService_Methods.all
        + Telehealth_V1_ConsentDocumentService_Methods.all + Telehealth_V1_PersonService_Methods.all
        + Telehealth_V1_RecordingService_Methods.all + Telehealth_V1_EventsService_Methods.all
        + Telehealth_V1_QualityService_Methods.all + Telehealth_V1_OperationsService_Methods.all
        + Telehealth_V1_AuditService_Methods.all

    private let state = Mutex(State())

    public init() {}

    public var routes: [ServerRoute] {
        Self.methods.map { method in
            ServerRoute(method) { [self] (stream, context) async throws(RPCError) in
                let request: RawMessage = try stream.takeOnlyMessage()
                try await answer(
                    RecordedCall(method: method, metadata: context.metadata, bytes: request.bytes), stream)
            }
        }
    }

    private func answer(_ call: RecordedCall, _ stream: CallStream) async throws(RPCError) {
        let (check, listeners) = state.withLock { state in
            state.calls.append(call)
            return (state.check, Array(state.listeners.values))
        }
        for listener in listeners { listener.yield() }
        try check(call)
        let script = state.withLock { state -> Script? in
            let path = call.method.path
            guard let first = state.queued[path]?.first else { return state.standing[path] }
            state.queued[path]?.removeFirst()
            return first
        }
        guard let script else { throw RPCError(.unimplemented, "no answer is scripted for \(call.method)") }
        try await script(call.bytes, stream)
    }

    func queue(_ script: @escaping Script, for method: MethodDescriptor) {
        state.withLock { $0.queued[method.path, default: []].append(script) }
    }

    func keep(_ script: @escaping Script, for method: MethodDescriptor) {
        state.withLock { $0.standing[method.path] = script }
    }

    /// Judges every call from now on: what it throws is the answer, and the call's script stays for the next one.
    ///
    /// ```swift
    /// service.check { call throws(RPCError) in
    ///     if call.bearerToken == "old" { throw .refusal(.tokenExpired) }
    /// }
    /// ```
    public func check(_ check: @escaping Check) { state.withLock { $0.check = check } }

    // MARK: What was asked

    /// Every call up to now, in the order of their coming, answered or not.
    public var calls: [RecordedCall] { state.withLock { $0.calls } }

    /// Waits until so many calls have come: what a program does by itself can be awaited instead of slept for.
    ///
    /// - Returns: all calls by then; fewer than `count` only when the task is cancelled.
    public func calls(atLeast count: Int) async -> [RecordedCall] {
        let (news, tell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let ticket = state.withLock { state in
            state.listenersMade += 1
            state.listeners[state.listenersMade] = tell
            return state.listenersMade
        }
        defer { state.withLock { $0.listeners[ticket] = nil } }
        var waiting = news.makeAsyncIterator()
        while calls.count < count {
            guard await waiting.next() != nil else { break }
        }
        return calls
    }

    // MARK: Being called

    /// A channel to the service within this process.
    ///
    /// - Throws: never for what the API has now: `ServerStartError` when two methods had one path.
    public func channel() throws(ServerStartError) -> InProcessChannel { try InProcessChannel(services: [self]) }

    /// A client of the service that waits for nothing between attempts, unless a script asks it to.
    ///
    /// - Parameters:
    ///   - tokens: by default every call carries the token `test`.
    ///   - configure: changes how the client calls, such as its attempts.
    /// - Throws: as ``channel()``.
    public func client(
        tokens: any TokenProvider = FixedToken("test"), _ configure: (inout ClientConfiguration) -> Void = { _ in }
    ) throws(ServerStartError) -> TelehealthClient {
        var configuration = ClientConfiguration(target: "in-process")
        configuration.initialBackoff = .zero
        configuration.maxBackoff = .zero
        configure(&configuration)
        return TelehealthClient(over: try channel(), configuration: configuration, tokens: tokens)
    }
}
