internal import Synchronization

/// The loops of a process, usually one per core.
public final class EventLoopGroup: Sendable {
    public let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    /// Creates and starts the loops.
    ///
    /// - Parameter loopCount: at least 1.
    public init(
        loopCount: Int, name: String = "loop", clock: LoopClock = .system
    ) throws(SystemCallError) {
        precondition(loopCount >= 1, "a group needs at least one loop")
        var loops: [EventLoop] = []
        for index in 0..<loopCount {
            loops.append(try EventLoop(name: "\(name)-\(index)", index: index, clock: clock))
        }
        self.loops = loops
        for loop in loops { try loop.start() }
    }

    /// The loops in turn, to distribute connections.
    public func next() -> EventLoop {
        let ticket = turn.add(1, ordering: .relaxed).oldValue
        return loops[Int(UInt(bitPattern: ticket) % UInt(loops.count))]
    }

    /// Stops every loop and waits for the threads; not from a loop.
    public func shutdown() {
        for loop in loops { loop.stop() }
    }
}
