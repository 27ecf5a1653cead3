internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import Transport

/// One address of a channel: its connections, and the waits between attempts. ``ConnectionSet`` decides what to do
/// with them.
///
/// - Isolation: the channel's loop.
final class Subchannel: ClientConnectionObserver, TimerTarget {
    typealias State = ConnectionSet<ClientConnection>.State

    let address: SocketAddress
    private(set) var lastFailure: ConnectionLoss?
    private unowned let core: ChannelCore
    private var connections: ConnectionSet<ClientConnection>
    private var backoff: ConnectionBackoff
    private var attemptStarted = MonotonicInstant(nanoseconds: 0)
    private var retryTimer = TimerID.none

    init(address: SocketAddress, core: ChannelCore) {
        self.address = address
        self.core = core
        backoff = core.configuration.backoff
        connections = ConnectionSet(countMax: core.configuration.connectionsPerSubchannel)
    }

    var state: State { connections.state }

    /// The last attempt to connect failed.
    var isFailing: Bool { connections.hasFailed }

    /// A connection is being established in addition to working ones.
    var isGrowing: Bool { connections.attempt != nil && !connections.working.isEmpty }

    /// The oldest connection with a free stream.
    var connectionWithRoom: ClientConnection? { connections.working.first { $0.availableStreamCount > 0 } }

    func connect() {
        guard state == .idle else { return }
        startAttempt()
    }

    /// Opens another connection when calls wait because the working ones are full.
    func growIfFull() {
        guard connections.wantsAnother(isFull: { $0.isAtStreamLimit }) else { return }
        startAttempt()
    }

    private func startAttempt() {
        attemptStarted = core.loop.now
        connections.attemptStarted(
            ClientConnection.connect(
                to: address, tls: core.configuration.tls, serverName: core.serverName, on: core.loop,
                configuration: core.transportConfiguration, observer: self))
    }

    func close() {
        core.loop.cancel(retryTimer)
        retryTimer = .none
        for connection in connections.removeAll() { connection.close() }
    }

    /// The address is no longer wanted: calls on its connections may finish.
    func leave() {
        for connection in connections.removeAll() { connection.drain() }
        close()
    }

    // MARK: ClientConnectionObserver

    func connectionReady(_ connection: ClientConnection) {
        guard connections.becameReady(connection) else { return }
        backoff.reset()
        lastFailure = nil
        core.connectionBecameReady(connection)
        core.subchannelChanged(self)
    }

    func connectionCapacityChanged(_ connection: ClientConnection) {
        guard connections.working.contains(where: { $0 === connection }) else { return }
        core.serveWaitingCalls()
    }

    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String) {
        guard connections.working.contains(where: { $0 === connection }) else { return }
        if code == .enhanceYourCalm, debugData == "too_many_pings" { core.keepaliveWasTooFrequent() }
        // Its calls may finish; new ones use another connection.
        _ = connections.remove(connection)
        core.subchannelChanged(self)
    }

    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss) {
        switch connections.remove(connection) {
        case .ofUnknown: return
        case .ofWorking: break
        case .ofAttempt:
            let delay = backoff.nextDelay(randomUnit: core.randomUnit())
            let due = max(attemptStarted + delay, core.loop.now)
            retryTimer = core.loop.schedule(at: due, self)
        }
        lastFailure = loss
        core.subchannelChanged(self)
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        retryTimer = .none
        guard connections.isBackingOff else { return }
        connections.backoffEnded()
        core.subchannelBackoffEnded(self)
    }
}
