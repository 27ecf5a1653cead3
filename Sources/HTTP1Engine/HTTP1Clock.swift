/// How long a client may take for the step that is its turn.
///
/// | step | time |
/// |---|---|
/// | the first byte of the connection | `headNanosecondsMax` |
/// | the first byte of a later request | `idleNanosecondsMax` |
/// | the rest of the head | `headNanosecondsMax` from its first byte |
/// | content | a floor rate; see ``received(_:_:)`` |
struct HTTP1Clock: Sendable {
    private enum Step {
        case waiting(until: UInt64)
        case head(until: UInt64)
        case body(until: UInt64)
        /// The handler has not taken what it was given: what was left then.
        case paused(left: UInt64)
        case none
    }

    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    private let limits: HTTP1Limits
    private var step: Step
    /// For a head of which only an empty line came.
    private var waitingUntil: UInt64

    init(limits: HTTP1Limits, start: UInt64) {
        self.limits = limits
        waitingUntil = HTTP1Time.adding(limits.headNanosecondsMax, to: start)
        step = .waiting(until: waitingUntil)
    }

    var deadline: UInt64? {
        switch step {
        case .waiting(let until), .head(let until), .body(let until): until
        case .paused, .none: nil
        }
    }

    /// What it means that the deadline has passed.
    var violation: HTTP1Violation? {
        switch step {
        case .waiting: .idle
        case .head: .headTooSlow
        case .body: .bodyTooSlow
        case .paused, .none: nil
        }
    }

    /// - Parameter now: nil when no byte of the head is there any more.
    mutating func headBegan(_ now: UInt64?) {
        guard let now else {
            step = .waiting(until: waitingUntil)
            return
        }
        if case .head = step { return }
        step = .head(until: HTTP1Time.adding(limits.headNanosecondsMax, to: now))
    }

    mutating func headEnded() { step = .none }

    /// Once; later calls change nothing.
    mutating func bodyBegan(_ now: UInt64) {
        guard case .none = step else { return }
        step = .body(until: HTTP1Time.adding(limits.bodyStallNanosecondsMax, to: now))
    }

    /// Content buys time at the floor rate, up to the stall that is allowed: a client cannot send much at first and
    /// then hold the rest back for as long as that would have taken.
    mutating func received(_ count: Int, _ now: UInt64) {
        let (product, overflow) = UInt64(count).multipliedReportingOverflow(by: Self.nanosecondsPerSecond)
        let bought = overflow ? .max : product / UInt64(max(1, limits.bodyBytesPerSecondMin))
        switch step {
        case .body(let until):
            let latest = HTTP1Time.adding(limits.bodyStallNanosecondsMax, to: now)
            step = .body(until: min(HTTP1Time.adding(bought, to: until), latest))
        case .paused(let left):
            step = .paused(left: min(HTTP1Time.adding(bought, to: left), limits.bodyStallNanosecondsMax))
        case .waiting, .head, .none: break
        }
    }

    mutating func pause(_ now: UInt64) {
        guard case .body(let until) = step else { return }
        step = .paused(left: until > now ? until - now : 0)
    }

    /// Once content is taken again.
    mutating func resume(_ now: UInt64) {
        guard case .paused(let left) = step else { return }
        step = .body(until: HTTP1Time.adding(left, to: now))
    }

    mutating func bodyEnded() { step = .none }

    mutating func becameIdle(_ now: UInt64) {
        waitingUntil = HTTP1Time.adding(limits.idleNanosecondsMax, to: now)
        step = .waiting(until: waitingUntil)
    }
}
