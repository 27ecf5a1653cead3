internal import Synchronization

/// A clock that moves only when somebody sleeps or a test says so.
public final class VirtualTime: Sendable {
    private struct State {
        var monotonic = ContinuousClock.now
        var wallSeconds: Int64
        var sleeps: [Duration] = []
    }

    private let state: Mutex<State>

    /// 2026-11-22T10:00:00Z.
    public static let defaultWallSeconds: Int64 = 1_795_341_600

    public init(wallSeconds: Int64 = VirtualTime.defaultWallSeconds) {
        state = Mutex(State(wallSeconds: wallSeconds))
    }

    public var monotonic: ContinuousClock.Instant { state.withLock { $0.monotonic } }
    public var wallSeconds: Int64 { state.withLock { $0.wallSeconds } }
    /// Every sleep so far, in order.
    public var sleeps: [Duration] { state.withLock { $0.sleeps } }

    /// Moves the clock instead of waiting.
    public func sleep(for duration: Duration) throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(duration)
            state.monotonic += duration
        }
    }

    public func advanceWall(seconds: Int64) {
        state.withLock { $0.wallSeconds += seconds }
    }

    public func advance(by duration: Duration) {
        state.withLock { $0.monotonic += duration }
    }
}
