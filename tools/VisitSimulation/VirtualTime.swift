internal import Synchronization
internal import TelehealthModel
internal import TextFormats

/// A clock that moves only when told to.
final class VirtualTime: TimeSource {
    private struct State {
        var now: Timestamp
        var uptime = Duration.zero
        var nextTicket = 0
        var sleepers: [Int: (due: Duration, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    /// 2026-11-23T09:00:00Z.
    static let nine = Timestamp(microseconds: 1_795_424_400_000_000)

    init(_ now: Timestamp = VirtualTime.nine) { state = Mutex(State(now: now)) }

    var now: Timestamp { state.withLock { $0.now } }

    var uptime: Duration { state.withLock { $0.uptime } }

    /// How many wait for the clock to move.
    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Somebody sets the wall clock; no time passes.
    func setForward(by duration: Duration) { state.withLock { $0.now = $0.now + duration } }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now + duration
            state.uptime += duration
            let due = state.sleepers.filter { $0.value.due <= state.uptime }
            for ticket in due.keys { state.sleepers[ticket] = nil }
            return due.values.map(\.continuation)
        }
        for sleeper in due { sleeper.resume(returning: true) }
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        let isDue = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(ticket) != nil { return false }
                    if duration <= .zero { return true }
                    state.sleepers[ticket] = (state.uptime + duration, continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: ticket)
                if sleeper == nil { state.cancelled.insert(ticket) }
                return sleeper?.continuation
            }
            sleeper?.resume(returning: false)
        }
        if !isDue { throw CancellationError() }
    }
}

/// SplitMix64: small, fast, and the same on every machine.
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// Ids that repeat from run to run.
final class SeededIDs: IDSource {
    private let random: Mutex<SeededRandom>

    init(seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }

    func uuid() -> String {
        UUIDText.grouped(randomHex(byteCount: 16))
    }

    func randomHex(byteCount: Int) -> String {
        random.withLock { random in
            (0..<byteCount * 2).map { _ in Hex.encode(random.next() >> 60, digits: 1) }.joined()
        }
    }
}
