internal import RPCModel
internal import Synchronization

/// One call between two ``CallStream``s of the same process.
///
/// The handler runs in its own task. The first to end the call (the handler's return, the deadline, or the caller)
/// wins, through ``finish(_:)`` or ``cancel(_:)``.
/// - Isolation: any thread.
final class InProcessCall: Sendable {
    private struct State {
        var isOver = false
        var hasRequests = false
        var wasIntercepted = false
        var handler: Task<Void, Never>?
        var deadline: Task<Void, Never>?
    }

    private let channel: InProcessChannel
    private let route: ServerRoute
    private let timeout: Duration?
    private let client: CallStream
    private let server: CallStream
    private let context: ServerCallContext
    private let pipes = Mutex<Pipes?>(nil)
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(channel: InProcessChannel, route: ServerRoute, options: CallOptions, client: CallStream) {
        self.channel = channel
        self.route = route
        self.client = client
        timeout = options.timeout
        server = CallStream(maxMessageBytes: channel.maxMessageBytes)
        context = ServerCallContext(
            method: route.method, metadata: options.metadata,
            deadline: options.timeout.map { ContinuousClock.now + $0 }, peer: channel.peer)
    }

    /// Both directions; their callbacks keep the call alive until it has ended.
    private struct Pipes {
        var toServer: InProcessPipe
        var toClient: InProcessPipe
    }

    func begin() {
        if let timeout {
            guard timeout > .zero else { return client.fail(Self.deadlineExceeded) }
            // Cancelled by whatever ends the call before.
            let task = Task { [self] in
                do {
                    try await channel.clock.sleep(for: timeout)
                    cancel(Self.deadlineExceeded)
                } catch {
                    // The call ended first.
                }
            }
            state.withLock { $0.deadline = task }
        }
        let toServer = InProcessPipe(
            from: client, to: server, onFinished: { self.requestsEnded() },
            onRefusal: { self.cancel(Self.refusal($0, "request", isFromPeer: true)) })
        let toClient = InProcessPipe(
            from: server, to: client,
            onRefusal: { self.cancel(Self.refusal($0, "response", isFromPeer: false)) })
        pipes.withLock { $0 = Pipes(toServer: toServer, toClient: toClient) }
        server.attach(ServerSide(call: self))
        client.attach(ClientSide(call: self))
        if route.method.isClientStreaming { startHandler() }
    }

    private static let deadlineExceeded = RPCError(.deadlineExceeded, "no response before the deadline")

    private static func refusal(_ error: FramingError, _ what: String, isFromPeer: Bool) -> RPCError {
        switch error {
        case .messageTooLarge(let announced, let limit):
            let text = "a \(what) of \(announced) bytes exceeds the limit of \(limit) bytes"
            return RPCError(.resourceExhausted, text, isFromPeer: isFromPeer)
        case .invalidFlag:
            return RPCError(.internal, "a \(what) has an invalid compression flag")
        }
    }

    // MARK: Requests

    fileprivate func carryRequests(taken byteCount: Int = 0) {
        let pipe = pipes.withLock { $0?.toServer }
        pipe?.taken(byteCount)
        pipe?.carry()
    }

    private func requestsEnded() {
        let isFirst = state.withLock { state in
            defer { state.hasRequests = true }
            return !state.hasRequests
        }
        guard isFirst else { return }
        _ = server.endRequests()
        if !route.method.isClientStreaming { startHandler() }
    }

    private func startHandler() {
        // Cancelled by `cancel`; not awaited: its end arrives through `finish`.
        let task = Task { [self] in
            var failure: RPCError?
            do throws(RPCError) {
                if !channel.interceptors.isEmpty {
                    state.withLock { $0.wasIntercepted = true }
                    try await channel.interceptors.admit(context, channel.interceptors.admitAtOnce(context))
                }
                try await route.invoke(server, context)
            } catch {
                failure = error
            }
            if failure != nil || !server.isDetached { finish(failure) } else { context.forgetRequest() }
        }
        let isOver = state.withLock { state in
            if !state.isOver { state.handler = task }
            return state.isOver
        }
        // A handler that has already returned is not affected.
        if isOver { task.cancel() }
    }

    // MARK: Responses

    fileprivate func carryResponses(taken byteCount: Int = 0) {
        if byteCount == 0 { client.receiveInitialMetadataOnce(context) }
        let pipe = pipes.withLock { $0?.toClient }
        pipe?.taken(byteCount)
        pipe?.carry()
    }

    // MARK: The end

    /// The handler's result, or that of a detached call.
    fileprivate func finish(_ error: RPCError?) {
        guard takeEnd(cancellingHandler: false) else { return }
        let end = InProcessPipe.End(
            reason: error ?? RPCError(.cancelled, "the call has ended"),
            willDeliver: { [self] isEmpty in
                if error == nil || !isEmpty { client.receiveInitialMetadataOnce(context) }
            },
            didDeliver: { [self] refused in
                if let refused { client.fail(Self.refusal(refused, "response", isFromPeer: false)) }
                deliverStatus(error)
            })
        pipes.withLock { $0?.toClient }?.carry(thenEnd: end)
    }

    private func deliverStatus(_ error: RPCError?) {
        var trailers = context.statusMetadata
        var sent = error
        if let error {
            trailers.append(contentsOf: error.trailers)
            sent?.trailers = trailers
            sent?.isFromPeer = true
        }
        client.endInbound(sent, trailers: trailers)
        client.endOutbound(sent ?? RPCError(.cancelled, "the server already ended the call"))
        context.finish()
        settle(error)
    }

    /// Ended by the caller, a limit or the deadline: nothing more is transferred.
    fileprivate func cancel(_ error: RPCError) {
        guard takeEnd(cancellingHandler: true) else { return }
        client.fail(error)
        server.fail(RPCError(.cancelled, "the client cancelled the call or disconnected"))
        context.cancel()
        settle(error)
    }

    private func takeEnd(cancellingHandler: Bool) -> Bool {
        let (isFirst, handler, deadline) = state.withLock { state in
            defer {
                state.isOver = true
                state.handler = nil
                state.deadline = nil
            }
            return (!state.isOver, state.handler, state.deadline)
        }
        guard isFirst else { return false }
        if cancellingHandler { handler?.cancel() }
        deadline?.cancel()
        return true
    }

    private func settle(_ status: RPCError?) {
        client.detachDriver()
        server.detachDriver()
        pipes.withLock { $0 = nil }
        guard state.withLock({ $0.wasIntercepted }) else { return }
        for interceptor in channel.interceptors.reversed() {
            interceptor.callDidEnd(context, status: status, duration: ContinuousClock.now - started)
        }
    }
}

extension CallStream {
    /// Gives the client the metadata of the response headers, as set at the first response.
    fileprivate func receiveInitialMetadataOnce(_ context: ServerCallContext) {
        guard !hasInitialMetadata else { return }
        receiveInitialMetadata(context.initialMetadata)
    }
}

/// The caller's half: transfers what it writes to the server.
private final class ClientSide: CallDriver {
    private let call: InProcessCall
    init(call: InProcessCall) { self.call = call }

    func outboundDidGrow() { call.carryRequests() }
    func inboundWasConsumed(byteCount: Int) {
        call.carryResponses(taken: byteCount)
    }
    func abandon() { call.cancel(RPCError(.cancelled, "the caller cancelled the call")) }
    func finishDetached(_ error: RPCError?) {
        // Only servers detach calls.
    }
}

/// The handler's half.
private final class ServerSide: CallDriver {
    private let call: InProcessCall
    init(call: InProcessCall) { self.call = call }

    func outboundDidGrow() { call.carryResponses() }
    func inboundWasConsumed(byteCount: Int) { call.carryRequests(taken: byteCount) }
    func abandon() {
        // The handler's return ends the call.
    }
    func finishDetached(_ error: RPCError?) { call.finish(error) }
    func execute(_ work: @escaping @Sendable () -> Void) { Task { work() } }
}
