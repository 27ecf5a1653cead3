internal import EventCore
internal import Synchronization

/// What became of connections at the door, since the server's start.
public struct ConnectionAdmissions: Hashable, Sendable {
    public var accepted: UInt64 = 0
    /// Cut at accept, by the limit of ``ServerTransportConfiguration`` that said no: `connections_max`,
    /// `connections_per_address_max`, `handshakes_max`.
    public var refused: [String: UInt64] = [:]
    /// Times that accepting paused because descriptors or memory had run out.
    public var pauses: UInt64 = 0
    /// Open now.
    public var open = 0
    /// TLS handshakes that are under way now.
    public var handshakes = 0

    public init() {}
}

/// How many connections there are, in all and by address: the only state that loops share, touched when a
/// connection comes or goes.
final class ServerCensus: Sendable {
    private struct Counts {
        var admissions = ConnectionAdmissions()
        var byAddress: [String: Int] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let configuration: ServerTransportConfiguration
    private let counts = Mutex(Counts())

    init(_ configuration: ServerTransportConfiguration) { self.configuration = configuration }

    var connectionCount: Int { counts.withLock { $0.admissions.open } }

    var admissions: ConnectionAdmissions { counts.withLock { $0.admissions } }

    /// - Returns: the connection's number, or nil when a limit says no.
    func admit(_ address: SocketAddress, handshake: Bool) -> UInt64? {
        let key = Self.key(address)
        return counts.withLock { counts in
            let here = key.map { counts.byAddress[$0, default: 0] } ?? 0
            if let limit = limitReached(counts.admissions, here: here, handshake: handshake) {
                counts.admissions.refused[limit, default: 0] += 1
                return nil
            }
            if let key { counts.byAddress[key] = here + 1 }
            if handshake { counts.admissions.handshakes += 1 }
            counts.admissions.open += 1
            counts.admissions.accepted += 1
            return counts.admissions.accepted
        }
    }

    /// - Parameter here: open connections of the newcomer's address.
    private func limitReached(_ now: ConnectionAdmissions, here: Int, handshake: Bool) -> String? {
        if now.open >= configuration.connectionsMax { return "connections_max" }
        if handshake, now.handshakes >= configuration.handshakesMax { return "handshakes_max" }
        return here >= configuration.connectionsPerAddressMax ? "connections_per_address_max" : nil
    }

    func acceptPaused() { counts.withLock { $0.admissions.pauses += 1 } }

    func handshakeEnded() { counts.withLock { $0.admissions.handshakes -= 1 } }

    func leave(_ address: SocketAddress) {
        let key = Self.key(address)
        let waiters = counts.withLock { counts in
            counts.admissions.open -= 1
            if let key, let count = counts.byAddress[key] {
                counts.byAddress[key] = count > 1 ? count - 1 : nil
            }
            guard counts.admissions.open == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { counts.waiters = [] }
            return counts.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = counts.withLock { counts in
                if counts.admissions.open > 0 { counts.waiters.append(continuation) }
                return counts.admissions.open == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    /// Unix peers have no address of their own.
    private static func key(_ address: SocketAddress) -> String? {
        if case .unix = address { nil } else { address.host }
    }
}
