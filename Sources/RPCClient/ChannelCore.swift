internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import Synchronization
internal import Transport

/// The channel on its loop: addresses, connections, the choice between them, and the calls that wait.
///
/// - Isolation: the loop, but for ``publishedState`` and init.
final class ChannelCore: @unchecked Sendable {
    // Sendable: mutable fields are touched on `loop` alone; what other threads read is behind `published`.

    let configuration: ChannelConfiguration
    let loop: EventLoop
    var throttle: RetryThrottle
    private(set) var transportConfiguration: ClientTransportConfiguration
    private let target: ChannelTarget
    private let authority: String
    private let userAgent: String
    private let published = Mutex(ConnectivityState.idle)
    private var subchannels: [Subchannel] = []
    private var isResolving = false
    private var resolutionFailure: String?
    private var resolutionBackoff: ConnectionBackoff
    private var resolutionTimer = TimerID.none
    /// Calls that wait for a connection or one of its streams.
    private var waiting: [ClientCall] = []
    /// Calls between two attempts.
    private var retrying: [ObjectIdentifier: ClientCall] = [:]
    private var nextPick = 0
    private var isShutdown = false
    private var headers = HeaderList()
    private var random = SystemRandomNumberGenerator()

    init(target: ChannelTarget, configuration: ChannelConfiguration, loop: EventLoop) {
        self.target = target
        self.configuration = configuration
        self.loop = loop
        throttle = configuration.retryThrottle
        transportConfiguration = configuration.transport
        resolutionBackoff = configuration.backoff
        authority = configuration.serverName ?? target.authority
        userAgent = (configuration.userAgent.map { $0 + " " } ?? "") + "grpc-swift-telehealth/1.0"
    }

    var serverName: String { configuration.serverName ?? target.host }

    var publishedState: ConnectivityState { published.withLock { $0 } }

    func randomFactor(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }

    // MARK: Calls

    func submit(_ call: ClientCall) {
        if call.begin() { place(call) }
    }

    func callWaitsForRetry(_ call: ClientCall) { retrying[ObjectIdentifier(call)] = call }

    func callStoppedWaiting(_ call: ClientCall) {
        if !retrying.isEmpty { retrying[ObjectIdentifier(call)] = nil }
    }

    func submitAgain(_ call: ClientCall) {
        callStoppedWaiting(call)
        if !call.isDone { place(call) }
    }

    /// Starts the call on a connection, lets it wait for one, or fails it.
    private func place(_ call: ClientCall) {
        guard !isShutdown else { return call.complete(RPCError(.unavailable, "the channel is shut down")) }
        if let connection = pick() { return call.start(on: connection) }
        connect()
        if state == .transientFailure, !call.waitsForReady {
            return call.complete(RPCError(.unavailable, situation))
        }
        guard waiting.count < configuration.maxWaitingCalls else {
            return call.complete(RPCError(.resourceExhausted, "too many calls wait for \(authority)"))
        }
        waiting.append(call)
    }

    /// Gives connections with room to waiting calls, in order; fails those that do not want to wait any
    /// longer.
    func serveWaitingCalls() {
        guard !waiting.isEmpty else { return }
        waiting.removeAll { $0.isDone }
        var served = 0
        while served < waiting.count, let connection = pick() {
            let call = waiting[served]
            served += 1
            call.start(on: connection)
        }
        waiting.removeFirst(served)
        guard state == .transientFailure else { return }
        let impatient = waiting.filter { !$0.waitsForReady }
        waiting.removeAll { !$0.waitsForReady }
        for call in impatient { call.complete(RPCError(.unavailable, situation)) }
    }

    /// Lends the request headers of a call; the list is reused.
    func withHeaders(of call: ClientCall, _ body: (borrowing HeaderList) -> Void) {
        headers.add(":method", "POST")
        if configuration.tls == nil {
            headers.add(":scheme", "http")
        } else {
            headers.add(":scheme", "https")
        }
        headers.add(":path", call.method.path)
        headers.add(":authority", authority)
        headers.add("te", "trailers")
        if let deadline = call.deadline {
            headers.add("grpc-timeout", GRPCTimeout.format(deadline - loop.now))
        }
        headers.add("content-type", GRPCContentType.value)
        headers.add("user-agent", userAgent)
        if call.packsRequests { headers.add("grpc-encoding", "gzip") }
        headers.add("grpc-accept-encoding", "identity,gzip")
        if call.previousAttempts > 0 {
            headers.add("grpc-previous-rpc-attempts", String(call.previousAttempts))
        }
        headers.add(call.options.metadata)
        body(headers)
        headers.removeAll()
    }

    // MARK: Connecting

    func connect() {
        guard !isShutdown else { return }
        if subchannels.isEmpty { return resolve() }
        switch configuration.loadBalancing {
        case .roundRobin:
            for subchannel in subchannels { subchannel.connect() }
        case .pickFirst:
            let isBusy = subchannels.contains { $0.state == .connecting || $0.state == .ready }
            if !isBusy { subchannels.first { $0.state == .idle }?.connect() }
        }
        publish()
    }

    func subchannelChanged(_ subchannel: Subchannel) {
        guard !isShutdown else { return }
        switch subchannel.state {
        case .transientFailure:
            // pick_first goes on with the next address; when none is left, the name may have moved.
            if configuration.loadBalancing == .pickFirst, subchannels.contains(where: { $0.state == .idle }) {
                connect()
            } else if subchannels.allSatisfy({ $0.state == .transientFailure }) {
                resolve()
            }
        case .idle:
            if !waiting.isEmpty || configuration.loadBalancing == .roundRobin { connect() }
        case .connecting, .ready: break
        }
        publish()
        serveWaitingCalls()
    }

    func subchannelBackoffEnded(_ subchannel: Subchannel) {
        guard !isShutdown else { return }
        connect()
    }

    func keepaliveWasTooFrequent() { transportConfiguration.doubleKeepaliveTime() }

    func shutdown() {
        guard !isShutdown else { return }
        isShutdown = true
        loop.cancel(resolutionTimer)
        let calls = waiting + retrying.values
        waiting = []
        for call in calls { call.complete(RPCError(.unavailable, "the channel is shut down")) }
        for subchannel in subchannels { subchannel.close() }
        subchannels = []
        publish()
    }

    private func pick() -> ClientConnection? {
        let count = subchannels.count
        for offset in 0..<count {
            let index = (nextPick + offset) % count
            guard subchannels[index].state == .ready, let connection = subchannels[index].connection,
                connection.availableStreamCount > 0
            else { continue }
            if configuration.loadBalancing == .roundRobin { nextPick = index + 1 }
            return connection
        }
        return nil
    }

    private var state: ConnectivityState {
        if isShutdown { return .shutdown }
        if subchannels.contains(where: { $0.state == .ready }) { return .ready }
        if isResolving && subchannels.isEmpty && resolutionFailure == nil { return .connecting }
        if subchannels.contains(where: { $0.state == .connecting }) {
            // Once every address failed, the channel stays in failure until one works.
            return subchannels.contains { $0.lastFailure == nil } ? .connecting : .transientFailure
        }
        if resolutionFailure != nil && subchannels.isEmpty { return .transientFailure }
        if subchannels.contains(where: { $0.state == .transientFailure }) { return .transientFailure }
        return .idle
    }

    private func publish() {
        let state = state
        published.withLock { $0 = state }
    }

    /// Where calls go, and why they do not get there: address, state and last cause, for error messages.
    var situation: String {
        var text = "\(authority) is \(state)"
        if let resolutionFailure { text += "; name lookup: \(resolutionFailure)" }
        for subchannel in subchannels {
            if let failure = subchannel.lastFailure { text += "; \(subchannel.address): \(failure)" }
        }
        return text
    }
}

// Name resolution.
extension ChannelCore: TimerTarget {
    private func resolve() {
        guard !isResolving, resolutionTimer == .none else { return }
        switch target {
        case .unix(let path):
            if subchannels.isEmpty { adopt([.unix(path: path)]) }
        case .name(let host, let port):
            isResolving = true
            publish()
            // Ends with the lookup; its result comes back to the loop.
            Task { [self] in
                do throws(NameResolutionError) {
                    let addresses = try await NameResolver.shared.resolve(host: host, port: port)
                    loop.execute { self.resolved(addresses) }
                } catch {
                    loop.execute { self.resolutionFailed(error) }
                }
            }
        }
    }

    private func resolved(_ addresses: [SocketAddress]) {
        isResolving = false
        guard !isShutdown else { return }
        resolutionFailure = nil
        resolutionBackoff.reset()
        adopt(addresses)
    }

    /// Takes a new list of addresses, keeping the connections to those that stay.
    private func adopt(_ addresses: [SocketAddress]) {
        let old = subchannels
        subchannels = addresses.map { address in
            old.first { $0.address == address } ?? Subchannel(address: address, core: self)
        }
        for subchannel in old where !addresses.contains(subchannel.address) { subchannel.close() }
        connect()
        serveWaitingCalls()
    }

    private func resolutionFailed(_ error: NameResolutionError) {
        isResolving = false
        guard !isShutdown else { return }
        resolutionFailure = error.description
        let delay = resolutionBackoff.nextDelay(random: randomFactor(-1...1))
        resolutionTimer = loop.schedule(at: loop.now + delay, self)
        publish()
        serveWaitingCalls()
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        resolutionTimer = .none
        guard !isShutdown else { return }
        if subchannels.isEmpty || !waiting.isEmpty { resolve() }
    }
}
