/// Kinds of frames that are cheap for the peer and costly for us.
enum FloodKind: Int, CaseIterable, Sendable {
    case peerReset, glitch, tinyData, ping, settings, priority, windowUpdate, unknown

    func rate(_ limits: HTTP2Limits) -> HTTP2Limits.Rate {
        switch self {
        case .peerReset: limits.peerResets
        case .glitch: limits.glitches
        case .tinyData: limits.tinyDataFrames
        case .ping: limits.pings
        case .settings: limits.settingsFrames
        case .priority: limits.priorityFrames
        case .windowUpdate: limits.windowUpdates
        case .unknown: limits.unknownFrames
        }
    }
}

/// One token bucket per kind of frame, filled by time and by regular traffic.
struct FloodGuard {
    private struct Bucket {
        var tokens: UInt32
        var filledAt: UInt64
    }

    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    private let limits: HTTP2Limits
    private var buckets: InlineArray<8, Bucket>
    /// The first kind that exceeded its limit; set once.
    private(set) var exceeded: FloodKind?

    init(limits: HTTP2Limits) {
        self.limits = limits
        buckets = InlineArray(repeating: Bucket(tokens: 0, filledAt: 0))
        for kind in FloodKind.allCases {
            buckets[kind.rawValue].tokens = kind.rate(limits).burst
        }
    }

    /// Pays for one frame. Reads the clock only when the bucket is empty.
    ///
    /// - Returns: whether the frame is within the limit.
    mutating func take(_ kind: FloodKind, now: UInt64) -> Bool {
        let index = kind.rawValue
        // Time counts from the first frame of a kind, not from the clock's origin.
        if buckets[index].filledAt == 0 { buckets[index].filledAt = now }
        if buckets[index].tokens == 0 { refill(index, kind.rate(limits), now) }
        guard buckets[index].tokens > 0 else {
            exceeded = exceeded ?? kind
            return false
        }
        buckets[index].tokens -= 1
        return true
    }

    /// Adds tokens earned by regular traffic, never above the burst.
    mutating func earn(_ kind: FloodKind, _ count: UInt32) {
        let burst = kind.rate(limits).burst
        let index = kind.rawValue
        buckets[index].tokens = min(burst, buckets[index].tokens &+ count)
    }

    private mutating func refill(_ index: Int, _ rate: HTTP2Limits.Rate, _ now: UInt64) {
        let elapsed = now &- min(now, buckets[index].filledAt)
        let (product, overflow) = elapsed.multipliedReportingOverflow(by: UInt64(rate.perSecond))
        let earned = overflow ? UInt64(rate.burst) : product / Self.nanosecondsPerSecond
        guard earned > 0 else { return }
        buckets[index].tokens = UInt32(min(UInt64(rate.burst), earned))
        buckets[index].filledAt = now
    }
}
