internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import Synchronization
public import Transport

/// How long the steps of the channel's latest connection took.
public struct ChannelTimes: Sendable, Hashable {
    /// The name lookup; `nil` if there was none.
    public var lookup: Duration?
    public var connection: ConnectionTimes
}

/// The channel on its loop: addresses, connections, the choice between them, and waiting calls.
///
/// - Isolation: the loop, except ``connectivity``, ``pendingCalls``, ``lastConnectionTimes`` and init.
final class ChannelCore: @unchecked Sendable {
    // Sendable: mutable fields are touched on `loop` alone; what other threads read is behind
    // mutexes.

    let configuration: ChannelConfiguration
    let loop: EventLoop
    var throttle: RetryThrottle
    private(set) var transportConfiguration: ClientTransportConfiguration
    let connectivity = PublishedConnectivity()
    let pendingCalls = PendingCallQueue()
    private let target: ChannelTarget
    private let authority: String
    private let userAgent: String
    private let publishedTimes = Mutex<ChannelTimes?>(nil)
    private var subchannels: [Subchannel] = []
    private lazy var lookup = AddressLookup(target: target, core: self)
    /// Calls waiting for a connection or a stream.
    private var waiting: [ClientCall] = []
    /// Calls between two attempts.
    private var retrying: [ObjectIdentifier: ClientCall] = [:]
    /// Empty, with the storage of an earlier batch.
    private var spareCalls: [ClientCall] = []
    /// Maximum number of calls whose storage is kept.
    private static let keptCallsMax = 1024
    private var nextPick = 0
    /// Calls that have not ended.
    private var callCount = 0
    /// Since when there have been none.
    private var idleSince: MonotonicInstant
    private var idleTimer = TimerID.none
    /// A connection was requested since the channel was last idle.
    private var isWanted = false
    private(set) var isShutdown = false
    private var headers = HeaderList()
    private var random = SystemRandomNumberGenerator()

    init(target: ChannelTarget, configuration: ChannelConfiguration, loop: EventLoop) {
        self.target = target
        self.configuration = configuration
        self.loop = loop
        throttle = configuration.retryThrottle
        transportConfiguration = configuration.transport
        idleSince = loop.clockNow
        authority = configuration.serverName ?? target.authority
        userAgent = (configuration.userAgent.map { $0 + " " } ?? "") + "grpc-swift-telehealth/1.0"
    }

    var serverName: String { configuration.serverName ?? target.host }

    var lastConnectionTimes: ChannelTimes? { publishedTimes.withLock { $0 } }

    func randomUnit() -> Double { Double.random(in: 0..<1, using: &random) }

    // MARK: Calls

    /// Starts the calls submitted since the last time.
    func takeCalls() {
        var calls: [ClientCall] = []
        swap(&calls, &spareCalls)
        pendingCalls.takeAll(&calls)
        for call in calls {
            callCount += 1
            if call.begin() { place(call) }
        }
        calls.removeAll(keepingCapacity: calls.capacity <= Self.keptCallsMax)
        swap(&calls, &spareCalls)
    }

    /// A submitted call has ended.
    func callEnded(_ call: ClientCall) {
        callStoppedWaiting(call)
        callCount -= 1
        guard callCount == 0 else { return }
        idleSince = loop.now
        armIdleTimer()
    }

    func callWaitsForRetry(_ call: ClientCall) { retrying[ObjectIdentifier(call)] = call }

    func callStoppedWaiting(_ call: ClientCall) {
        if !retrying.isEmpty { retrying[ObjectIdentifier(call)] = nil }
    }

    func submitAgain(_ call: ClientCall) {
        callStoppedWaiting(call)
        if !call.isDone { place(call) }
    }

    /// Sends another attempt of a hedged call when a connection has room for it.
    func placeHedge(_ call: ClientCall) {
        guard !isShutdown, !call.isDone, let connection = pick() else { return }
        call.start(on: connection)
    }

    /// Starts the call on a connection, queues it, or fails it.
    private func place(_ call: ClientCall) {
        guard !isShutdown else { return call.complete(RPCError(.unavailable, "the channel was shut down")) }
        if let connection = pick() { return call.start(on: connection) }
        connect()
        if state == .transientFailure, !call.waitsForReady {
            return call.complete(RPCError(.unavailable, situation))
        }
        guard waiting.count < configuration.maxWaitingCalls else {
            return call.complete(
                RPCError(.resourceExhausted, "too many calls are waiting for a connection to \(authority)"))
        }
        waiting.append(call)
        growFullSubchannels()
    }

    /// Gives connections with room to waiting calls, in order; fails those that no longer want to wait.
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
        growFullSubchannels()
        guard state == .transientFailure else { return }
        let impatient = waiting.filter { !$0.waitsForReady }
        waiting.removeAll { !$0.waitsForReady }
        for call in impatient { call.complete(RPCError(.unavailable, situation)) }
    }

    /// Lends the request headers of a call; the list is reused.
    func withHeaders(of call: ClientCall, _ body: (borrowing HeaderList) -> Void) {
        list(call, in: &headers)
        body(headers)
        headers.removeAll()
    }

    /// Takes the list as an argument, so that exclusivity is checked once and not per field.
    private func list(_ call: ClientCall, in headers: inout HeaderList) {
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
        if call.compressesRequests { headers.add("grpc-encoding", "gzip") }
        headers.add("grpc-accept-encoding", "identity,gzip")
        if call.previousAttempts > 0 {
            headers.add("grpc-previous-rpc-attempts", String(call.previousAttempts))
        }
        headers.add(call.options.metadata)
    }

    // MARK: Connecting

    func connect() {
        guard !isShutdown else { return }
        if !isWanted {
            isWanted = true
            if callCount == 0 { idleSince = loop.now }
            armIdleTimer()
        }
        if subchannels.isEmpty {
            lookup.start()
            return publish()
        }
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
            // pick_first continues with the next address; if none is left, the name may have moved.
            if configuration.loadBalancing == .pickFirst, subchannels.contains(where: { $0.state == .idle }) {
                connect()
            } else if configuration.loadBalancing == .roundRobin
                || subchannels.allSatisfy({ $0.state == .transientFailure })
            {
                lookup.refresh()
            }
        case .idle:
            if configuration.loadBalancing == .roundRobin { lookup.refresh() }
            if !waiting.isEmpty || configuration.loadBalancing == .roundRobin { connect() }
        case .connecting, .ready: break
        }
        publish()
        serveWaitingCalls()
    }

    func subchannelBackoffEnded(_ subchannel: Subchannel) {
        guard !isShutdown else { return }
        connect()
        growFullSubchannels()
    }

    /// Opens connections where calls wait for streams: in turn, and never more at once than calls wait.
    private func growFullSubchannels() {
        guard configuration.connectionsPerSubchannel > 1, !waiting.isEmpty else { return }
        var growing = subchannels.count { $0.isGrowing }
        for offset in subchannels.indices where growing < waiting.count {
            let subchannel = subchannels[(nextPick + offset) % subchannels.count]
            guard !subchannel.isGrowing else { continue }
            subchannel.growIfFull()
            if subchannel.isGrowing { growing += 1 }
        }
    }

    func connectionBecameReady(_ connection: ClientConnection) {
        guard let times = connection.times else { return }
        publishedTimes.withLock { $0 = ChannelTimes(lookup: lookup.duration, connection: times) }
    }

    func keepaliveWasTooFrequent() { transportConfiguration.doubleKeepaliveTime() }

    func shutdown() {
        guard !isShutdown else { return }
        takeCalls()
        isShutdown = true
        lookup.cancel()
        loop.cancel(idleTimer)
        let calls = waiting + retrying.values
        waiting = []
        for call in calls { call.complete(RPCError(.unavailable, "the channel was shut down")) }
        for subchannel in subchannels { subchannel.close() }
        subchannels = []
        publish()
    }

    private func pick() -> ClientConnection? {
        let count = subchannels.count
        for offset in 0..<count {
            let index = (nextPick + offset) % count
            guard let connection = subchannels[index].connectionWithRoom else { continue }
            if configuration.loadBalancing == .roundRobin { nextPick = index + 1 }
            return connection
        }
        return nil
    }

    private var state: ConnectivityState {
        if isShutdown { return .shutdown }
        if subchannels.contains(where: { $0.state == .ready }) { return .ready }
        if lookup.isRunning && subchannels.isEmpty && lookup.failure == nil { return .connecting }
        if subchannels.contains(where: { $0.state == .connecting }) {
            // After every address has failed, the channel stays in failure until one works.
            return subchannels.contains { !$0.isFailing } ? .connecting : .transientFailure
        }
        if lookup.failure != nil && subchannels.isEmpty && isWanted { return .transientFailure }
        if subchannels.contains(where: { $0.state == .transientFailure }) { return .transientFailure }
        return .idle
    }

    private func publish() {
        connectivity.publish(state)
    }

    /// Where calls go, and why they do not get there: address, state and last cause, for error messages.
    var situation: String {
        var text = "\(authority) is \(state)"
        if let failure = lookup.failure { text += "; name lookup: \(failure)" }
        for subchannel in subchannels {
            if let failure = subchannel.lastFailure { text += "; \(subchannel.address): \(failure)" }
        }
        return text
    }
}

// Addresses.
extension ChannelCore {
    /// Adopts a new list of addresses, keeping the connections to those that stay.
    func found(_ addresses: [SocketAddress]) {
        guard !isShutdown else { return }
        let old = subchannels
        subchannels = addresses.map { address in
            old.first { $0.address == address } ?? Subchannel(address: address, core: self)
        }
        for subchannel in old where !addresses.contains(subchannel.address) { subchannel.leave() }
        // A lookup on its own must not wake an idle channel.
        if callCount > 0 || isWanted { connect() }
        publish()
        serveWaitingCalls()
    }

    func lookupFailed() {
        publish()
        serveWaitingCalls()
    }

    func lookupIsDue() {
        guard !isShutdown, callCount > 0 || !subchannels.isEmpty else { return }
        lookup.start()
    }
}

// New calls of tasks that run on the loop.
extension ChannelCore: TickEndTarget {
    func tickEnding(on loop: EventLoop) { takeCalls() }
}

// Idleness.
extension ChannelCore: TimerTarget {
    private func armIdleTimer() {
        guard let timeout = configuration.idleTimeout, idleTimer == .none, callCount == 0 else { return }
        idleTimer = loop.schedule(at: idleSince + timeout, self)
    }

    /// Traffic only updates `idleSince`; a timer that fires too early is set again.
    func timerFired(kind: Int, on loop: EventLoop) {
        idleTimer = .none
        guard let timeout = configuration.idleTimeout, !isShutdown, callCount == 0 else { return }
        guard loop.now >= idleSince + timeout else { return armIdleTimer() }
        isWanted = false
        lookup.cancel()
        for subchannel in subchannels { subchannel.leave() }
        subchannels = []
        publish()
    }
}
