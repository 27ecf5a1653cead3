internal import EventCore

/// What a connection's clock can ask for.
enum LifetimeAction: Hashable, Sendable {
    case none
    case ping
    case beginDrain(debug: String)
    case finishDrain
    /// Tell the callers of what is still open that it ends, then end.
    case expire
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
    /// Some stream is open that a stop of the server waits for.
    var isWaitedFor: Bool
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
/// | noticed: first GOAWAY sent | the PING's answer, or `drainNotice` |
/// | draining: last GOAWAY sent | the last stream (terminal), or the grace |
/// | expired: the rest was told | its bytes are with the kernel, or `lastWordsTime` (both terminal) |
///
/// With the whole server (`stopBegan`) nobody waits for a connection whose calls are over: then `stopNotice` is
/// all that the PING's answer and the last bytes have.
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
        case draining
        case expired(since: MonotonicInstant)
    }

    /// How long a stopping server waits for the answer to a PING on a connection without calls that it waits for.
    /// 100 ms: most answers are here by then, and a request that comes later is refused by GOAWAY, so that its client
    /// may send it elsewhere.
    static let stopNotice = Duration.milliseconds(100)
    /// How long the status of calls that ran out of time may take to leave; a peer that takes no bytes is not waited
    /// for.
    static let lastWordsTime = Duration.milliseconds(250)

    private var times: Times
    private let openedAt: MonotonicInstant
    private var phase = Phase.opening
    private var idleSince: MonotonicInstant
    private var pingSentAt: MonotonicInstant?
    /// When a drain's patience with open calls ends; nil: never.
    private var graceEnds: MonotonicInstant?
    private var stopBeganAt: MonotonicInstant?
    /// How soon the peer's silence must be noticed, and for how many calls.
    private var vigil: (limit: Duration, calls: Int)?
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
        case .noticed, .draining, .expired: true
        }
    }

    /// The whole server stops, and the connection with it.
    var isStopping: Bool { stopBeganAt != nil }

    /// The calls were told that their time is up.
    var isExpired: Bool {
        if case .expired = phase { true } else { false }
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

    /// The first GOAWAY was sent; the grace counts from here.
    mutating func drainBegan(at now: MonotonicInstant) {
        phase = .noticed(since: now)
        graceEnds = times.grace.map { now + $0 }
    }

    /// As `drainBegan`, also for a connection that drains already; the shorter of the two graces counts.
    mutating func stopBegan(at now: MonotonicInstant, grace: Duration) {
        if !isDraining { drainBegan(at: now) }
        if stopBeganAt == nil { stopBeganAt = now }
        graceEnds = min(graceEnds ?? .distantFuture, now + grace)
    }

    /// The second GOAWAY was sent.
    mutating func drainFinished() { phase = .draining }

    /// When the second GOAWAY is due although the PING was not answered.
    private func noticeEnds(since: MonotonicInstant, _ facts: ConnectionFacts) -> MonotonicInstant {
        let patient = min(since + times.drainNotice, graceEnds ?? .distantFuture)
        return restEnds(facts).map { min($0, patient) } ?? patient
    }

    /// When a stopping server gives up what is left of a connection that it need not wait for.
    private func restEnds(_ facts: ConnectionFacts) -> MonotonicInstant? {
        facts.isWaitedFor ? nil : stopBeganAt.map { $0 + Self.stopNotice }
    }

    /// When calls that were told their end are given up; at once when the server's end was wanted at once.
    private func lastWordsEnd(since: MonotonicInstant) -> MonotonicInstant {
        graceEnds == stopBeganAt ? since : since + Self.lastWordsTime
    }

    /// A call begins for whose sake a silent peer is to be noticed within `limit`. The shortest counts until the last
    /// such call has ended.
    mutating func vigilBegan(_ limit: Duration) {
        vigil = (min(vigil?.limit ?? limit, limit), (vigil?.calls ?? 0) + 1)
    }

    mutating func vigilEnded() {
        guard let (limit, calls) = vigil else { return }
        vigil = calls > 1 ? (limit, calls - 1) : nil
    }

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
            if now >= noticeEnds(since: since, facts) { return .finishDrain }
        case .draining:
            if let end = restEnds(facts), now >= end { return .close(.drained) }
            if let graceEnds, now >= graceEnds {
                phase = .expired(since: now)
                return .expire
            }
        case .expired(let since):
            if now >= lastWordsEnd(since: since) { return .close(.graceExpired) }
            return .none
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
            return now >= sent + keepaliveTimeout ? .close(.keepaliveTimedOut) : .none
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
        let time = facts.openStreamCount > 0 || times.keepaliveWithoutCalls ? times.keepalive.time : nil
        guard let share = vigilShare else { return time }
        return min(time ?? share, share)
    }

    private var keepaliveTimeout: Duration {
        vigilShare.map { min(times.keepalive.timeout, $0) } ?? times.keepalive.timeout
    }

    /// A third of a vigil's time passes before the PING, and one before it is given up: with the last third to spare, a
    /// loss is known in time.
    private var vigilShare: Duration? { vigil.map { $0.limit / 3 } }

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
            consider(noticeEnds(since: since, facts), .zero)
        case .draining:
            consider(restEnds(facts), .zero)
            consider(graceEnds, .zero)
        case .expired(let since):
            consider(lastWordsEnd(since: since), .zero)
            return earliest
        case .open:
            consider(openedAt, times.age)
            if facts.openStreamCount == 0 { consider(idleSince, times.idle) }
        }
        if facts.queuedByteCount > 0 { consider(progress?.at, times.windowStall) }
        if let pingSentAt {
            consider(pingSentAt, keepaliveTimeout)
        } else {
            consider(facts.lastReadAt, activeKeepaliveTime(facts))
        }
        return earliest
    }
}
