internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import Transport

/// One address of a channel: its connection, and the waits between attempts to make one.
///
/// | state | left by |
/// |---|---|
/// | idle | `connect` |
/// | connecting | the server's SETTINGS (ready), or a failure (transientFailure) |
/// | ready | the connection drains or breaks (idle) |
/// | transientFailure | the end of the backoff (idle, or connecting when the channel wants it) |
/// - Isolation: the channel's loop.
final class Subchannel: ClientConnectionObserver, TimerTarget {
    enum State { case idle, connecting, ready, transientFailure }

    let address: SocketAddress
    private(set) var state = State.idle
    private(set) var connection: ClientConnection?
    private(set) var lastFailure: ConnectionLoss?
    private unowned let core: ChannelCore
    private var backoff: ConnectionBackoff
    private var attemptStarted = MonotonicInstant(nanoseconds: 0)
    private var retryTimer = TimerID.none

    init(address: SocketAddress, core: ChannelCore) {
        self.address = address
        self.core = core
        backoff = core.configuration.backoff
    }

    func connect() {
        guard state == .idle else { return }
        state = .connecting
        attemptStarted = core.loop.now
        connection = ClientConnection.connect(
            to: address, tls: core.configuration.tls, serverName: core.serverName, on: core.loop,
            configuration: core.transportConfiguration, observer: self)
    }

    func close() {
        core.loop.cancel(retryTimer)
        retryTimer = .none
        let connection = connection
        self.connection = nil
        state = .idle
        connection?.close()
    }

    /// Nobody wants the address any more: calls that are on its connection may end.
    func leave() {
        let connection = connection
        self.connection = nil
        connection?.drain()
        close()
    }

    // MARK: ClientConnectionObserver

    func connectionReady(_ connection: ClientConnection) {
        guard connection === self.connection else { return }
        backoff.reset()
        lastFailure = nil
        state = .ready
        core.connectionBecameReady(connection)
        core.subchannelChanged(self)
    }

    func connectionCapacityChanged(_ connection: ClientConnection) {
        guard connection === self.connection else { return }
        core.serveWaitingCalls()
    }

    func connectionDraining(_ connection: ClientConnection, code: HTTP2ErrorCode, debugData: String) {
        guard connection === self.connection else { return }
        if code == .enhanceYourCalm, debugData == "too_many_pings" { core.keepaliveWasTooFrequent() }
        // Calls on it may end; new ones get a new connection.
        self.connection = nil
        state = .idle
        core.subchannelChanged(self)
    }

    func connectionClosed(_ connection: ClientConnection, _ loss: ConnectionLoss) {
        guard connection === self.connection else { return }
        self.connection = nil
        lastFailure = loss
        if state == .ready {
            state = .idle
        } else {
            state = .transientFailure
            let delay = backoff.nextDelay(random: core.randomFactor(-1...1))
            let due = max(attemptStarted + delay, core.loop.now)
            retryTimer = core.loop.schedule(at: due, self)
        }
        core.subchannelChanged(self)
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        retryTimer = .none
        guard state == .transientFailure else { return }
        state = .idle
        core.subchannelBackoffEnded(self)
    }
}
