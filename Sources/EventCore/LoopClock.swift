internal import CLinux
internal import Glibc
internal import Synchronization

/// The source of a loop's time: the machine, or a test.
public enum LoopClock: Sendable {
    case system
    case manual(ManualClock)
}

/// Virtual time for tests: changes only by `advance(by:)`, which wakes every loop that uses it.
public final class ManualClock: Sendable {
    private let nanoseconds: Atomic<UInt64>
    private let loops = Mutex<[EventLoop]>([])

    /// - Parameter start: the first reading; not zero, so that "an hour ago" exists.
    public init(start: MonotonicInstant = MonotonicInstant(nanoseconds: 1_000_000_000_000_000)) {
        nanoseconds = Atomic(start.nanoseconds)
    }

    public var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds.load(ordering: .acquiring))
    }

    /// Moves the time forward; timers that became due fire on their loops soon after, in deadline order.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a monotonic clock does not go back")
        nanoseconds.add(UInt64(duration.wholeNanoseconds), ordering: .acquiringAndReleasing)
        for loop in loops.withLock({ $0 }) { loop.wake() }
    }

    func attach(_ loop: EventLoop) { loops.withLock { $0.append(loop) } }

    func detach(_ loop: EventLoop) { loops.withLock { $0.removeAll { $0 === loop } } }
}
