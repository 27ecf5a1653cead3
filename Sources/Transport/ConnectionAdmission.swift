internal import EventCore
internal import Synchronization

/// Connections admitted and refused since the server's start.
public struct ConnectionAdmissions: Hashable, Sendable {
    public var accepted: UInt64 = 0
    /// Closed on accept, by the limit that refused them: see ``ConnectionLimit``.
    public var refused: [String: UInt64] = [:]
    /// Silent connections closed because a new one needed the place, by the limit reached.
    public var evicted: [String: UInt64] = [:]
    /// How often accepting paused because descriptors or memory ran out.
    public var pauses: UInt64 = 0
    /// Open now.
    public var open = 0
    /// TLS handshakes now under way.
    public var handshakes = 0

    public init() {}
}

/// The limits on new connections; the raw values label their counters.
public enum ConnectionLimit: String, CaseIterable, Sendable {
    /// ``ServerTransportConfiguration/connectionsPerAddressMax``.
    case connectionsOfAddress = "connections_per_address_max"
    /// ``ServerTransportConfiguration/handshakesPerAddressMax``.
    case handshakesOfAddress = "handshakes_per_address_max"
    /// ``ServerTransportConfiguration/connectionsMax``.
    case connections = "connections_max"
    /// ``ServerTransportConfiguration/handshakesMax``.
    case handshakes = "handshakes_max"
    /// The peer is not in ``ServerTransportConfiguration/trustedProxies`` but connected to a listener for proxies.
    case untrustedProxy = "untrusted_proxy"
}

/// Counts connections, in total and by address, and knows which of them have not made a call yet: the only state that
/// loops share, used when a connection opens, progresses or closes, never by a call.
///
/// Each address has a share well below the total (an IPv6 /64 counts as one address; a trusted proxy has none, those
/// behind it have their own). When a table is full, the oldest connection that has made least progress is closed; the
/// new one is refused only when none is silent. The first call may follow the handshake closely, so a connection that
/// got that far has a second before it counts as silent.
final class ConnectionAdmission: Sendable {
    /// A connection that was closed for another.
    struct Eviction {
        let id: UInt64
        let shard: ServerShard
    }

    enum Admission {
        case admitted(id: UInt64, [Eviction])
        case refused
    }

    private static let quietTimeMin = Duration.seconds(1)

    private struct Silent {
        var stage: SilentConnections.Stage
        /// When it reached that stage.
        var since: MonotonicInstant
        var share: AddressBlock?
        let shard: ServerShard
    }

    private struct Share {
        var open = 0
        var silent = SilentConnections()
    }

    private struct State {
        var admissions = ConnectionAdmissions()
        var shares: [AddressBlock: Share] = [:]
        var queues = SilentConnections()
        var silent: [UInt64: Silent] = [:]
        /// No longer counted, and not closed yet.
        var evicted: Set<UInt64> = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: ServerTransportConfiguration
    private let state = Mutex(State())

    init(_ configuration: ServerTransportConfiguration) { self.configuration = configuration }

    var connectionCount: Int { state.withLock { $0.admissions.open } }

    var admissions: ConnectionAdmissions {
        state.withLock { state in
            var admissions = state.admissions
            admissions.handshakes = state.queues.handshakeCount
            return admissions
        }
    }

    /// The key under which an address is counted; nil for those without a share: trusted proxies and Unix peers.
    func share(of address: SocketAddress) -> AddressBlock? {
        configuration.trustedProxies.contains(address) ? nil : AddressBlock(sharedBy: address)
    }

    func admit(_ share: AddressBlock?, _ stage: SilentConnections.Stage, on shard: ServerShard, now: MonotonicInstant)
        -> Admission
    {
        state.withLock { state in
            guard let evictions = makeRoom(&state, for: share, stage, isNew: true, now) else { return .refused }
            state.admissions.open += 1
            state.admissions.accepted += 1
            let id = state.admissions.accepted
            state.queues.append(id, stage)
            state.silent[id] = Silent(stage: stage, since: now, share: nil, shard: shard)
            if let share { Self.count(&state, id, share) }
            return .admitted(id: id, evictions)
        }
    }

    /// A proxy reported whose connection this is.
    ///
    /// - Returns: the evicted connections; nil when the address already has its share.
    func assign(_ id: UInt64, to share: AddressBlock, now: MonotonicInstant) -> [Eviction]? {
        state.withLock { state in
            guard let stage = state.silent[id]?.stage else { return [] }
            guard let evictions = makeRoom(&state, for: share, stage, isNew: false, now) else { return nil }
            Self.count(&state, id, share)
            return evictions
        }
    }

    /// The connection progressed.
    func advance(_ id: UInt64, to stage: SilentConnections.Stage, now: MonotonicInstant) {
        state.withLock { state in
            guard let was = state.silent[id] else { return }
            state.silent[id]?.stage = stage
            state.silent[id]?.since = now
            state.queues.remove(id, was.stage)
            state.queues.append(id, stage)
            guard let share = was.share else { return }
            state.shares[share]?.silent.remove(id, was.stage)
            state.shares[share]?.silent.append(id, stage)
        }
    }

    /// The connection made its first call: it is no longer silent.
    func spoke(_ id: UInt64) { state.withLock { Self.forgetSilence(&$0, id) } }

    func refused(_ limit: ConnectionLimit) {
        state.withLock { $0.admissions.refused[limit.rawValue, default: 0] += 1 }
    }

    func acceptPaused() { state.withLock { $0.admissions.pauses += 1 } }

    /// - Parameter share: the key under which the connection was last counted.
    func leave(_ id: UInt64, _ share: AddressBlock?) {
        let waiters = state.withLock { state in
            if state.evicted.remove(id) == nil {
                Self.forgetSilence(&state, id)
                Self.uncount(&state, share)
            }
            guard state.admissions.open == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.admissions.open > 0 { state.waiters.append(continuation) }
                return state.admissions.open == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    // MARK: Room

    /// - Returns: nil when a limit applies and no silent connection can be closed.
    private func makeRoom(
        _ state: inout State, for share: AddressBlock?, _ stage: SilentConnections.Stage, isNew: Bool,
        _ now: MonotonicInstant
    ) -> [Eviction]? {
        var evictions: [Eviction] = []
        while let limit = limitReached(state, share, isHandshake: stage == .mute, isNew: isNew) {
            guard let id = Self.victim(&state, limit, share), let silent = state.silent[id],
                silent.stage != .quiet || now >= silent.since + Self.quietTimeMin
            else {
                state.admissions.refused[limit.rawValue, default: 0] += 1
                return nil
            }
            state.admissions.evicted[limit.rawValue, default: 0] += 1
            Self.forgetSilence(&state, id)
            Self.uncount(&state, silent.share)
            state.evicted.insert(id)
            evictions.append(Eviction(id: id, shard: silent.shard))
        }
        return evictions
    }

    private func limitReached(_ state: State, _ share: AddressBlock?, isHandshake: Bool, isNew: Bool)
        -> ConnectionLimit?
    {
        if let share, let here = state.shares[share] {
            if here.open >= configuration.connectionsPerAddressMax { return .connectionsOfAddress }
            if isHandshake, here.silent.handshakeCount >= configuration.handshakesPerAddressMax {
                return .handshakesOfAddress
            }
        }
        guard isNew else { return nil }
        if state.admissions.open >= configuration.connectionsMax { return .connections }
        return isHandshake && state.queues.handshakeCount >= configuration.handshakesMax ? .handshakes : nil
    }

    private static func victim(_ state: inout State, _ limit: ConnectionLimit, _ share: AddressBlock?) -> UInt64? {
        switch limit {
        case .connectionsOfAddress: share.flatMap { state.shares[$0]?.silent.oldest }
        case .handshakesOfAddress: share.flatMap { state.shares[$0]?.silent.oldestHandshake }
        case .connections: state.queues.oldest
        case .handshakes: state.queues.oldestHandshake
        case .untrustedProxy: nil
        }
    }

    private static func count(_ state: inout State, _ id: UInt64, _ share: AddressBlock) {
        guard let stage = state.silent[id]?.stage else { return }
        state.silent[id]?.share = share
        state.shares[share, default: Share()].open += 1
        state.shares[share]?.silent.append(id, stage)
    }

    private static func uncount(_ state: inout State, _ share: AddressBlock?) {
        state.admissions.open -= 1
        guard let share, let open = state.shares[share]?.open else { return }
        if open > 1 { state.shares[share]?.open = open - 1 } else { state.shares[share] = nil }
    }

    private static func forgetSilence(_ state: inout State, _ id: UInt64) {
        guard let silent = state.silent.removeValue(forKey: id) else { return }
        state.queues.remove(id, silent.stage)
        if let share = silent.share { state.shares[share]?.silent.remove(id, silent.stage) }
    }
}
