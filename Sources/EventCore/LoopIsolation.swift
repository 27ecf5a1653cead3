/// The serial executor of an event loop, for actors on it: `nonisolated var unownedExecutor: UnownedSerialExecutor {
/// loop.isolation.asUnownedSerialExecutor() }`. Code that already runs on the loop enters such an actor with
/// `assumeIsolated`.
///
/// A separate object, because a job is tagged on enqueue with its kind of executor: a task that prefers the loop must
/// not run as if it were inside an actor, which would cost it a hop at the next call.
public final class LoopIsolation: SerialExecutor {
    private unowned let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let loop = loop
        loop.enqueue(.isolated(job))
    }

    public func checkIsolated() { loop.preconditionCurrent() }

    public func isIsolatingCurrentContext() -> Bool? { loop.isCurrent }
}
