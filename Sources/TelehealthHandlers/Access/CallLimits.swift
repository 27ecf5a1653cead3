internal import RPCModel
internal import Synchronization
internal import TelehealthEngine
internal import TelehealthModel

/// The limits that apply to a call before its handler, and how often each refused one.
///
/// | limit | counts | applies |
/// |---|---|---|
/// | open calls | calls without an identity, by address | to every open call |
/// | refusals | invalid tokens and grants, by address | unless the token is known, or the connection never had a refusal |
/// | checks | tokens whose signature check failed, by address | in place of refusals, when those are used up |
/// | callers | calls of one identity | once the caller is known |
///
/// A connection that was never refused is exempt from the address's refusals: creating it costs more than the one
/// guess that it allows, and callers who share an address with a guesser are not locked out with them. Neither are
/// they by guesses that cost no signature check, such as a text that is not a token.
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

    /// How often each limit refused a call; limits that never did are left out.
    var refusedCalls: [String: UInt64] {
        counts.withLock { counts in
            Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
        }
    }

    /// Charges a call without an identity.
    func takeOpenCall(_ peer: CallPeer) throws(LimitRefusal) {
        guard let limit = limits.open else { return }
        try check(.openCalls, openCalls.take(Subject(peer.share), limit, now: now()))
    }

    /// The limit that was charged.
    enum Look: Sendable { case nothing, refusals, checks }

    /// Charges a call's credential before it is known to be valid: ``giveBack(_:_:)`` if it was.
    ///
    /// - Parameter deservesCheck: whether only a signature check can show that it is invalid.
    func takeLook(_ peer: CallPeer, deservesCheck: () -> Bool = { false }) throws(LimitRefusal) -> Look {
        guard let limit = limits.refused else { return .nothing }
        let address = Subject(peer.share)
        guard let wait = refusals.take(address, limit, now: now()) else { return .refusals }
        guard peer.wasRefused else { return .nothing }
        // The look-up first, because it is cheaper.
        if checks.take(address, limit, now: now()) == nil {
            if deservesCheck() { return .checks }
            checks.giveBack(address, limit)
        }
        try check(.refusals, wait)
        return .nothing
    }

    /// The call's credential was valid.
    func giveBack(_ look: Look, _ peer: CallPeer) {
        guard let limit = limits.refused else { return }
        switch look {
        case .nothing: break
        case .refusals: refusals.giveBack(Subject(peer.share), limit)
        case .checks: checks.giveBack(Subject(peer.share), limit)
        }
    }

    /// Charges a call of an authenticated caller.
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

/// A limit refused the call.
struct LimitRefusal: Error {
    let limit: CallLimits.Name
    /// Time until the next call is allowed.
    let wait: Duration
}
