internal import RPCModel
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel

/// The limits that a call meets before its handler, and how often each said no.
///
/// | limit | counts | is asked |
/// |---|---|---|
/// | open calls | calls without an identity, by address | for every open call |
/// | refusals | bad tokens and grants, by address | unless the token is known, or the connection never had a refusal |
/// | checks | tokens whose signature was checked in vain, by address | in place of refusals, when those are used up |
/// | callers | calls of one identity | once it is known who calls |
///
/// A connection that was never refused is let past the address's refusals: making it cost more than the one guess
/// that it is good for, and whoever shares an address with a guesser is not shut out with them. Nor are they by
/// guesses that cost no signature check, such as what is no token at all.
///
/// Isolation: any; a look-up under a lock.
final class CallLimits: Sendable {
    /// The names are the labels of the counters.
    enum Name: String, CaseIterable {
        case openCalls = "too_many_open_calls_of_address"
        case refusals = "too_many_refusals_of_address"
        case callers = "too_many_calls_of_caller"
    }

    private let limits: AccessSettings.Limits
    private let now: @Sendable () -> ContinuousClock.Instant
    private let openCalls = RateLimiter()
    private let refusals = RateLimiter()
    private let checks = RateLimiter()
    private let callers = RateLimiter()
    private let counts = Mutex<[Name: UInt64]>([:])

    init(_ limits: AccessSettings.Limits, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.limits = limits
        self.now = now
    }

    /// How often each limit said no; those that never did are left out.
    var refusedCalls: [String: UInt64] {
        counts.withLock { counts in
            Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
        }
    }

    /// Takes a call without an identity.
    func takeOpenCall(_ peer: CallPeer) throws(LimitRefusal) {
        guard let limit = limits.open else { return }
        try check(.openCalls, openCalls.take(Subject(peer.share), limit, now: now()))
    }

    /// From what a look was taken.
    enum Look: Sendable { case nothing, refusals, checks }

    /// Takes a look at what a call came with, before it is known to be good: ``giveBack(_:_:)`` when it was.
    ///
    /// - Parameter deservesCheck: whether nothing but its signature can show that it is bad.
    func takeLook(_ peer: CallPeer, deservesCheck: () -> Bool = { false }) throws(LimitRefusal) -> Look {
        guard let limit = limits.refused else { return .nothing }
        let address = Subject(peer.share)
        guard let wait = refusals.take(address, limit, now: now()) else { return .refusals }
        guard peer.wasRefused else { return .nothing }
        // The look-up first: it costs less than finding out.
        if checks.take(address, limit, now: now()) == nil {
            if deservesCheck() { return .checks }
            checks.giveBack(address, limit)
        }
        try check(.refusals, wait)
        return .nothing
    }

    /// What the call came with was good.
    func giveBack(_ look: Look, _ peer: CallPeer) {
        guard let limit = limits.refused else { return }
        switch look {
        case .nothing: break
        case .refusals: refusals.giveBack(Subject(peer.share), limit)
        case .checks: checks.giveBack(Subject(peer.share), limit)
        }
    }

    /// Takes a call of somebody who is known.
    func take(_ caller: Caller) throws(LimitRefusal) {
        guard let limit = limits.byRole[caller.role] else { return }
        try check(.callers, callers.take("\(caller.role.rawValue) \(caller.subject)", limit, now: now()))
    }

    private func check(_ name: Name, _ wait: Duration?) throws(LimitRefusal) {
        guard let wait else { return }
        counts.withLock { $0[name, default: 0] += 1 }
        throw LimitRefusal(limit: name, wait: wait)
    }
}

/// A limit said no.
struct LimitRefusal: Error {
    let limit: CallLimits.Name
    /// Until the next call may come.
    let wait: Duration
}
