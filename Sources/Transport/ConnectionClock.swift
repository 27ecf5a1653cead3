internal import EventCore

/// What a connection's clock can ask for.
enum LifetimeAction: Hashable, Sendable {
    case none
    case ping
    case beginDrain(debug: String)
    case finishDrain
    case close(ConnectionLoss.Kind)
}

/// What must come next before a connection is one.
enum OpeningStep: Hashable {
    case proxyHeader
    case hello
    /// The rest of the TLS handshake, and SETTINGS.
    case settings
}

/// What the clock has to know about the connection at the moment it is asked.
struct ConnectionFacts {
    var openStreamCount: Int
    /// Asked for while the connection opens.
    var openingStep = OpeningStep.settings
    /// When the last byte came in.
    var lastReadAt: MonotonicInstant
    /// Since when the socket refuses our bytes; nil when it takes them.
    var writeBlockedSince: MonotonicInstant?
    /// Since when a header block is incomplete.
    var headersSince: MonotonicInstant?
    /// Bytes of calls that wait for the peer's window.
    var queuedByteCount: Int
    /// Grows with every HEADERS and DATA frame that leaves.
    var sentHeadersAndData: UInt64
}

/// All the times of one connection as one value: asked when a timer fires, it says what to do and when to ask
/// again.
///
/// Traffic costs it nothing: bytes only move `lastReadAt`, and the timer that fires too early is set anew.
///
/// | state | left by |
/// |---|---|
/// | opening | `established`, or the handshake timeout (terminal) |
/// | open | `drainBegan`, keepalive, stalls (terminal) |
/// | noticed: first GOAWAY sent | the PING's answer or a timeout |
/// | draining: last GOAWAY sent | the last stream, or the grace (terminal) |
struct ConnectionClock {
    struct Times: Hashable, Sendable {
        var handshake: Duration
        var hello: Duration?
        var proxyHeader: Duration?
        var header: Duration?
        var keepalive: KeepaliveConfiguration
        var keepaliveWithoutCalls: Bool
        var idle: Duration?
        var age: Duration?
        var grace: Duration?
        var writeStall: Duration
        var windowStall: Duration?
        var drainNotice: Duration
    }

    private enum Phase {
        case opening
        case open
        case noticed(since: MonotonicInstant)
        case draining(since: MonotonicInstant)
    }

    private var times: Times
    private let openedAt: MonotonicInstant
    private var phase = Phase.opening
    private var idleSince: MonotonicInstant
    private var pingSentAt: MonotonicInstant?
    /// What had left when bytes were last seen to move; nil while none wait.
    private var progress: (sent: UInt64, at: MonotonicInstant)?

    init(times: Times, now: MonotonicInstant) {
        self.times = times
        openedAt = now
        idleSince = now
    }

    var isDraining: Bool {
        switch phase {
        case .opening, .open: false
        case .noticed, .draining: true
        }
    }

    /// Whether the answer to our PING is what the second GOAWAY waits for.
    var awaitsDrainPing: Bool {
        if case .noticed = phase { true } else { false }
    }

    mutating func established(at now: MonotonicInstant) {
        if case .opening = phase { phase = .open }
        idleSince = now
    }

    mutating func streamsBecameEmpty(at now: MonotonicInstant) { idleSince = now }

    mutating func drainBegan(at now: MonotonicInstant) { phase = .noticed(since: now) }

    /// The grace counts from the first GOAWAY.
    mutating func drainFinished(at now: MonotonicInstant) {
        if case .noticed(let since) = phase {
            phase = .draining(since: since)
        } else {
            phase = .draining(since: now)
        }
    }

    private var drainNotice: Duration { min(times.drainNotice, times.grace ?? times.drainNotice) }

    /// A shutdown's grace, instead of the configured one.
    mutating func limitGrace(_ grace: Duration) { times.grace = min(times.grace ?? grace, grace) }

    /// A call begins after a silence longer than `silenceMax`, so that a PING is due that no check has asked for.
    ///
    /// - Returns: whether to send one. Not while one waits for its answer, whose time goes on: calls that come and go
    ///   would keep a dead connection for ever.
    mutating func pingsNewCall(at now: MonotonicInstant, silenceMax: Duration, lastReadAt: MonotonicInstant) -> Bool {
        if let pingSentAt, lastReadAt < pingSentAt { return false }
        guard now - lastReadAt >= silenceMax else { return false }
        pingSentAt = now
        return true
    }

    /// Bytes are queued; the window stall counts from the last frame that left.
    mutating func queueMoved(sent: UInt64, at now: MonotonicInstant) {
        if sent != progress?.sent { progress = (sent, now) }
    }

    /// - Returns: the first thing that is due; ask again after doing it.
    mutating func check(at now: MonotonicInstant, _ facts: ConnectionFacts) -> LifetimeAction {
        note(facts, now)
        if let blocked = facts.writeBlockedSince, now >= blocked + times.writeStall {
            return .close(.writeStalled)
        }
        if let since = facts.headersSince, let limit = times.header, now >= since + limit {
            return .close(.headersTimedOut)
        }
        switch phase {
        case .opening:
            return checkOpening(at: now, facts.openingStep)
        case .noticed(let since):
            if now >= since + drainNotice { return .finishDrain }
        case .draining(let since):
            if let grace = times.grace, now >= since + grace { return .close(.graceExpired) }
        case .open:
            if let age = times.age, now >= openedAt + age { return .beginDrain(debug: "max_age") }
            if let idle = times.idle, facts.openStreamCount == 0, now >= idleSince + idle {
                return .beginDrain(debug: "max_idle")
            }
        }
        if let limit = times.windowStall, let progress, now >= progress.at + limit {
            return .close(.writeStalled)
        }
        return checkKeepalive(at: now, facts)
    }

    private func checkOpening(at now: MonotonicInstant, _ step: OpeningStep) -> LifetimeAction {
        if now >= openedAt + times.handshake { return .close(.handshakeTimedOut) }
        guard let time = time(of: step), now >= openedAt + time else { return .none }
        return .close(step == .hello ? .helloTimedOut : .proxyHeaderTimedOut)
    }

    private func time(of step: OpeningStep) -> Duration? {
        switch step {
        case .proxyHeader: times.proxyHeader
        case .hello: times.hello
        case .settings: nil
        }
    }

    private mutating func checkKeepalive(at now: MonotonicInstant, _ facts: ConnectionFacts) -> LifetimeAction
    {
        if let sent = pingSentAt {
            return now >= sent + times.keepalive.timeout ? .close(.keepaliveTimedOut) : .none
        }
        guard let time = activeKeepaliveTime(facts), now >= facts.lastReadAt + time else { return .none }
        pingSentAt = now
        return .ping
    }

    /// Any byte after a PING answers it.
    private mutating func note(_ facts: ConnectionFacts, _ now: MonotonicInstant) {
        if let sent = pingSentAt, facts.lastReadAt >= sent { pingSentAt = nil }
        // Bytes that were queued in this very tick have not stalled yet, however long the line was silent.
        if facts.queuedByteCount == 0 {
            progress = nil
        } else {
            queueMoved(sent: facts.sentHeadersAndData, at: now)
        }
    }

    private func activeKeepaliveTime(_ facts: ConnectionFacts) -> Duration? {
        facts.openStreamCount > 0 || times.keepaliveWithoutCalls ? times.keepalive.time : nil
    }

    /// When `check` may have something to do, given the facts of now; never later than that.
    func nextCheck(_ facts: ConnectionFacts) -> MonotonicInstant {
        var earliest = MonotonicInstant.distantFuture
        func consider(_ start: MonotonicInstant?, _ duration: Duration?) {
            if let start, let duration { earliest = min(earliest, start + duration) }
        }
        consider(facts.writeBlockedSince, times.writeStall)
        consider(facts.headersSince, times.header)
        switch phase {
        case .opening:
            consider(openedAt, times.handshake)
            consider(openedAt, time(of: facts.openingStep))
            return earliest
        case .noticed(let since):
            consider(since, drainNotice)
        case .draining(let since):
            consider(since, times.grace)
        case .open:
            consider(openedAt, times.age)
            if facts.openStreamCount == 0 { consider(idleSince, times.idle) }
        }
        if facts.queuedByteCount > 0 { consider(progress?.at, times.windowStall) }
        if let pingSentAt {
            consider(pingSentAt, times.keepalive.timeout)
        } else {
            consider(facts.lastReadAt, activeKeepaliveTime(facts))
        }
        return earliest
    }
}
