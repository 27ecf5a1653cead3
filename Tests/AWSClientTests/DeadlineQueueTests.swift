import AWSClient
import Testing

@Suite("Rate limit by deadline") struct DeadlineQueueTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    private func drained() -> DeadlineQueue {
        var queue = DeadlineQueue(now: start)
        for id in 1...16 { #expect(queue.enter(UInt64(id), latestStart: at(5000), now: start) == .admitted) }
        return queue
    }

    @Test("a burst of 16 passes at once, then one every 125 ms")
    func burstThenRate() {
        var queue = drained()
        #expect(queue.enter(17, latestStart: at(5000), now: start) == .wait(.milliseconds(125)))
        #expect(queue.enter(18, latestStart: at(5000), now: start) == .wait(.milliseconds(250)))
        #expect(queue.poll(18, now: at(125)) == .wait(.milliseconds(125)))
        #expect(queue.poll(17, now: at(125)) == .admitted)
        #expect(queue.poll(18, now: at(250)) == .admitted)
        #expect(queue.waitingCount == 0)
    }

    @Test("the earlier deadline is served first, whoever came first")
    func earliestDeadlineFirst() {
        var queue = drained()
        #expect(queue.enter(17, latestStart: at(3000), now: start) == .wait(.milliseconds(125)))
        #expect(queue.enter(18, latestStart: at(1000), now: start) == .wait(.milliseconds(125)))
        #expect(queue.poll(17, now: at(125)) == .wait(.milliseconds(125)))
        #expect(queue.poll(18, now: at(125)) == .admitted)
    }

    @Test(
        "who cannot be served in time is refused at once, with the time at which the same patience would do")
    func refusal() {
        var queue = drained()
        for id in 17...56 { _ = queue.enter(UInt64(id), latestStart: at(5000), now: start) }
        #expect(queue.waitingCount == 40)
        #expect(
            queue.enter(57, latestStart: at(5000), now: start) == .refused(retryAfter: .milliseconds(125)))
        #expect(queue.enter(58, latestStart: at(3000), now: start) != .admitted)
        #expect(queue.waitingCount == 40)
        // 125 ms later one token has come together; as patient a request finds its place behind the others.
        #expect(queue.poll(17, now: at(125)) == .admitted)
        #expect(queue.enter(57, latestStart: at(5125), now: at(125)) == .wait(.seconds(5)))
    }

    @Test("an urgent newcomer is refused rather than let it break the promise to one who waits")
    func promisesAreKept() {
        var queue = drained()
        #expect(queue.enter(17, latestStart: at(125), now: start) == .wait(.milliseconds(125)))
        #expect(queue.enter(18, latestStart: at(250), now: start) == .wait(.milliseconds(250)))
        #expect(queue.enter(19, latestStart: at(130), now: start) == .refused(retryAfter: .milliseconds(125)))
    }

    @Test("a ticket taken back frees its place")
    func leaving() {
        var queue = drained()
        _ = queue.enter(17, latestStart: at(5000), now: start)
        _ = queue.enter(18, latestStart: at(5000), now: start)
        queue.leave(17)
        #expect(queue.poll(18, now: at(125)) == .admitted)
    }

    @Test(
        "in random traffic nobody waits past the latest start, and the rate is never exceeded",
        arguments: 1...20)
    func randomTraffic(seed: UInt64) {
        var random = SeededRandom(state: seed)
        var queue = DeadlineQueue(now: start)
        var waiting: [UInt64: (wake: Int, latest: Int)] = [:]
        var admittedAt: [Int] = []
        var nextID: UInt64 = 1
        for now in stride(from: 0, to: 10_000, by: 10) {
            for (id, ticket) in waiting.sorted(by: { $0.value.wake < $1.value.wake }) where ticket.wake <= now
            {
                switch queue.poll(id, now: at(now)) {
                case .admitted:
                    #expect(now <= ticket.latest + 10, "seed \(seed)")
                    admittedAt.append(now)
                    waiting[id] = nil
                case .wait(let duration): waiting[id]?.wake = now + max(1, milliseconds(duration))
                case .refused: Issue.record("seed \(seed): a waiting ticket was refused")
                }
            }
            guard random.next() % 4 == 0 else { continue }
            let latest = now + Int(random.next() % 4000)
            switch queue.enter(nextID, latestStart: at(latest), now: at(now)) {
            case .admitted: admittedAt.append(now)
            case .wait(let duration): waiting[nextID] = (now + max(1, milliseconds(duration)), latest)
            case .refused(let retryAfter): #expect(retryAfter > .zero)
            }
            nextID += 1
        }
        #expect(admittedAt.count > 80)
        for (index, instant) in admittedAt.enumerated() {
            let inTwoSeconds = admittedAt[index...].prefix { $0 < instant + 2000 }.count
            #expect(inTwoSeconds <= 16 + 16 + 1)
        }
    }

    private func milliseconds(_ duration: Duration) -> Int {
        Int(duration / .milliseconds(1))
    }
}

/// SplitMix64: small, seedable, the same everywhere.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
