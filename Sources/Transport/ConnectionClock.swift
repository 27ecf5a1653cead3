internal import EventCore

/// What a connection's clock can request.
enum LifetimeAction: Hashable, Sendable {
    case none
    case ping
    case beginDrain(debug: String)
    case finishDrain
    /// End the open calls with a status, then close.
    case expire
    case close(ConnectionLoss.Kind)
}

/// The next step in establishing a connection.
enum OpeningStep: Hashable {
    case proxyHeader
    case hello
    /// The rest of the TLS handshake, and SETTINGS.
    case settings
}

/// What the clock needs to know about the connection when it is asked.
struct ConnectionFacts {
    var openStreamCount: Int
    /// A stream is open that a stopping server waits for.
    var isWaitedFor: Bool
    /// Asked for while the connection opens.
    var openingStep = OpeningStep.settings
    /// When the last byte came in.
    var lastReadAt: MonotonicInstant
    /// Since when the socket accepts no bytes; nil while it does.
    var writeBlockedSince: MonotonicInstant?
    /// Since when a header block is incomplete.
    var headersSince: MonotonicInstant?
    /// Bytes of calls that wait for the peer's window.
    var queuedByteCount: Int
    /// Increases with every HEADERS and DATA frame sent.
    var sentHeadersAndData: UInt64
}

/// All timeouts of one connection as one value: asked when a timer fires, it says what to do and when to ask again.
///
/// Traffic costs nothing: bytes only update `lastReadAt`, and a timer that fires too early is set again.
///
/// | state | left by |
/// |---|---|
/// | opening | `established`, or the handshake timeout (terminal) |
/// | open | `drainBegan`, keepalive, stalls (terminal) |
/// | noticed: first GOAWAY sent | the PING's response, or `drainNotice` |
/// | draining: last GOAWAY sent | the last stream (terminal), or the grace period |
/// | expired: remaining calls were ended | their bytes were sent, or `lastWordsTime` (both terminal) |
///
/// When the whole server stops (`stopBegan`), a connection without calls is not waited for: `stopNotice` is then the
/// time limit for the PING's response and the last bytes.
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

    /// How long a stopping server waits for the response to a PING on a connection without calls. 100 ms: most
    /// responses have arrived by then, and GOAWAY refuses later requests, so that clients may send them elsewhere.
    static let stopNotice = Duration.milliseconds(100)
    /// How long sending the status of expired calls may take.
    static let lastWordsTime = Duration.milliseconds(250)

    private var times: Times
    private let openedAt: MonotonicInstant
    private var phase = Phase.opening
    private var idleSince: MonotonicInstant
    private var pingSentAt: MonotonicInstant?
    /// When the grace period of a drain ends; nil: never.
    private var graceEnds: MonotonicInstant?
    private var stopBeganAt: MonotonicInstant?
    /// How soon the peer's silence must be detected, and for how many calls.
    private var vigil: (limit: Duration, calls: Int)?
    /// What had been sent when bytes last moved; nil while none are waiting.
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

    /// The whole server is stopping, and the connection with it.
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

    /// The first GOAWAY was sent; the grace period starts.
    mutating func drainBegan(at now: MonotonicInstant) {
        phase = .noticed(since: now)
        graceEnds = times.grace.map { now + $0 }
    }

    /// As `drainBegan`, also for a connection that is already draining; the shorter grace period applies.
    mutating func stopBegan(at now: MonotonicInstant, grace: Duration) {
        if !isDraining { drainBegan(at: now) }
        if stopBeganAt == nil { stopBeganAt = now }
        graceEnds = min(graceEnds ?? .distantFuture, now + grace)
    }

    /// The second GOAWAY was sent.
    mutating func drainFinished() { phase = .draining }

    /// When the second GOAWAY is due without a response to the PING.
    private func noticeEnds(since: MonotonicInstant, _ facts: ConnectionFacts) -> MonotonicInstant {
        let patient = min(since + times.drainNotice, graceEnds ?? .distantFuture)
        return restEnds(facts).map { min($0, patient) } ?? patient
    }

    /// When a stopping server closes a connection that it need not wait for.
    private func restEnds(_ facts: ConnectionFacts) -> MonotonicInstant? {
        facts.isWaitedFor ? nil : stopBeganAt.map { $0 + Self.stopNotice }
    }

    /// When expired calls are abandoned; at once when the server must stop at once.
    private func lastWordsEnd(since: MonotonicInstant) -> MonotonicInstant {
        graceEnds == stopBeganAt ? since : since + Self.lastWordsTime
    }

    /// A call begins that requires a silent peer to be detected within `limit`. The shortest limit applies until the
    /// last such call has ended.
    mutating func vigilBegan(_ limit: Duration) {
        vigil = (min(vigil?.limit ?? limit, limit), (vigil?.calls ?? 0) + 1)
    }

    mutating func vigilEnded() {
        guard let (limit, calls) = vigil else { return }
        vigil = calls > 1 ? (limit, calls - 1) : nil
    }

    /// A call begins after a silence longer than `silenceMax`, so that a PING is due.
    ///
    /// - Returns: whether to send one. Not while another awaits its response and its timeout continues: otherwise
    ///   frequent calls would keep a dead connection forever.
    mutating func pingsNewCall(at now: MonotonicInstant, silenceMax: Duration, lastReadAt: MonotonicInstant) -> Bool {
        if let pingSentAt, lastReadAt < pingSentAt { return false }
        guard now - lastReadAt >= silenceMax else { return false }
        pingSentAt = now
        return true
    }

    /// Bytes are queued; the window stall counts from the last frame sent.
    mutating func queueMoved(sent: UInt64, at now: MonotonicInstant) {
        if sent != progress?.sent { progress = (sent, now) }
    }

    /// - Returns: the first action that is due; ask again after doing it.
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

    /// Any byte after a PING counts as its response.
    private mutating func note(_ facts: ConnectionFacts, _ now: MonotonicInstant) {
        if let sent = pingSentAt, facts.lastReadAt >= sent { pingSentAt = nil }
        // Bytes queued in this tick have not stalled yet, however long the line was silent.
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

    /// A PING is sent after a third of the limit, and the peer is given up after two thirds, which leaves a third to
    /// report the loss in time.
    private var vigilShare: Duration? { vigil.map { $0.limit / 3 } }

    /// When `check` may next have something to do, given the current facts; never later than that.
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
