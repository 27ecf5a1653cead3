internal import EventCore
internal import RPCModel

/// Resolves a channel's target to addresses: at the start, with backoff while that fails, and again when connections
/// are lost, because the addresses may have changed.
///
/// - Isolation: the channel's loop.
final class AddressLookup: TimerTarget, @unchecked Sendable {
    // Sendable: used on `core.loop` alone; the lookup's own task only carries it back there.

    private(set) var isRunning = false
    /// Why the last lookup failed.
    private(set) var failure: String?
    /// How long the last lookup took.
    private(set) var duration: Duration?
    private unowned let core: ChannelCore
    private let target: ChannelTarget
    private var backoff: ConnectionBackoff
    private var startedAt: MonotonicInstant?
    private var timer = TimerID.none

    init(target: ChannelTarget, core: ChannelCore) {
        self.target = target
        self.core = core
        backoff = core.configuration.backoff
    }

    /// Starts a lookup now, unless one is running or scheduled.
    func start() {
        guard !isRunning, timer == .none else { return }
        switch target {
        case .unix(let path):
            core.found([.unix(path: path)])
        case .name(let host, let port):
            isRunning = true
            startedAt = core.loop.now
            let (core, lookup) = (core, core.configuration.lookup)
            // Ends with the lookup, whose result goes to the loop. Keeps the core alive until then.
            Task { [self] in
                do throws(NameResolutionError) {
                    let addresses = try await lookup(host, port)
                    core.loop.execute { self.succeeded(addresses, core) }
                } catch {
                    core.loop.execute { self.failed(error, core) }
                }
            }
        }
    }

    /// Looks up again, now or when the last lookup is old enough.
    func refresh() {
        guard case .name = target, !isRunning, timer == .none else { return }
        let due = (startedAt ?? core.loop.now) + core.configuration.lookupIntervalMin
        if core.loop.now >= due { return start() }
        timer = core.loop.schedule(at: due, self)
    }

    func cancel() {
        core.loop.cancel(timer)
        timer = .none
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        timer = .none
        core.lookupIsDue()
    }

    private func succeeded(_ addresses: [SocketAddress], _ core: ChannelCore) {
        isRunning = false
        failure = nil
        duration = startedAt.map { core.loop.now - $0 }
        backoff.reset()
        core.found(addresses)
    }

    private func failed(_ error: NameResolutionError, _ core: ChannelCore) {
        isRunning = false
        guard !core.isShutdown else { return }
        failure = error.description
        timer = core.loop.schedule(
            at: core.loop.now + backoff.nextDelay(randomUnit: core.randomUnit()), self)
        core.lookupFailed()
    }
}
