import RPCModel

/// What one call is going to do; both sides read it, so that each knows what the other must see.
struct CallPlan: Sendable {
    enum Kind: CaseIterable, Sendable {
        /// Every message comes back.
        case echo
        /// All messages are read, then their lengths come back in one.
        case collect
        /// One message is read, many come back.
        case expand
        /// Some messages are read, then the handler fails.
        case fail
        /// The answer comes without a look at the requests.
        case ignore
    }

    /// How the client ends the call early.
    enum Abort: Sendable {
        case none
        case abandon(after: UInt64)
        case cancelTask(after: UInt64)
    }

    let index: Int
    let kind: Kind
    let startsAt: UInt64
    /// Bytes of each request.
    let sizes: [Int]
    /// Messages the handler reads before it fails.
    let failsAfter: Int
    let abort: Abort
    let deadline: UInt64?
    /// Nanoseconds that each side may dawdle before it reads or writes.
    let pauseMax: Int
    /// A request above it is refused.
    static let messageBytesMax = 200_000

    init(index: Int, scale: Int, random: inout SeededRandom) {
        self.index = index
        kind = CallPlan.Kind.allCases[random.int(0...CallPlan.Kind.allCases.count - 1)]
        startsAt = UInt64(random.skewed(20_000_000))
        let count = kind == .expand ? 1 : random.int(0...6)
        var sizes: [Int] = []
        for _ in 0..<count { sizes.append(random.skewed(scale)) }
        if random.chance(2) { sizes.append(CallPlan.messageBytesMax) }
        self.sizes = sizes
        failsAfter = random.int(0...max(0, count))
        switch random.int(0...9) {
        case 0: abort = .abandon(after: UInt64(random.skewed(30_000_000)))
        case 1: abort = .cancelTask(after: UInt64(random.skewed(30_000_000)))
        default: abort = .none
        }
        deadline = random.chance(10) ? UInt64(random.int(1_000...30_000_000)) : nil
        pauseMax = random.chance(30) ? random.int(1...2_000_000) : 0
    }

    /// Bytes that tell which call, message and place they belong to.
    func message(_ number: Int) -> [UInt8] {
        var state = UInt8(truncatingIfNeeded: index &* 37 &+ number &* 101)
        return (0..<sizes[number]).map { _ in
            state = state &* 5 &+ 1
            return state
        }
    }

    var isOversize: Bool { sizes.contains { $0 + 8 > Self.messageBytesMax } }

    static let expansion = 5
    static let failure = RPCError(.aborted, "as planned: 100 %")

    /// What the client must have received when the call ended with OK.
    var expectedAnswers: [[UInt8]] {
        switch kind {
        case .echo: sizes.indices.map(message)
        case .collect: [sizes.map { UInt8(truncatingIfNeeded: $0) }]
        case .expand: (0..<Self.expansion).map { _ in message(0) }
        case .ignore: [[1, 2, 3]]
        case .fail: []
        }
    }

    /// How the call ends when nobody and nothing disturbs it; nil for OK.
    var expectedCode: RPCError.Code? {
        if isOversize { return .resourceExhausted }
        return kind == .fail ? .aborted : nil
    }

    /// Somebody ends the call before its time; or the handler ends it, perhaps before it has seen the
    /// message that is too long.
    var isDisturbed: Bool {
        if isOversize, kind != .echo, kind != .collect { return true }
        if case .none = abort, deadline == nil { return false }
        return true
    }
}
