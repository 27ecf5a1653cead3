internal import EventCore

/// The tasks that run the handlers of a loop's calls.
///
/// A task whose handler has returned waits here and runs the next call, so a handler that does not suspend costs
/// neither a task of its own nor a turn of the loop's queue. A handler that suspends keeps its task, and calls that
/// come meanwhile run in others. A cancelled task runs no further call, because the cancellation stays with it.
/// - Isolation: the loop.
final class HandlerTasks {
    /// Waiting tasks that are kept, each one to three kilobytes. Handlers that do not suspend need one; as many
    /// as this suspend at once when ten connections of a hundred calls wait for the same commit.
    private static let waitingMax = 1024
    /// Waiting tasks that are kept without work.
    private static let idleWaitingMax = 16

    private let loop: EventLoop
    private var waiting: [HandlerTask] = []
    private var isEnded = false

    init(loop: EventLoop) { self.loop = loop }

    /// The task for the next call.
    func next() -> HandlerTask { waiting.popLast() ?? HandlerTask(loop: loop, tasks: self) }

    /// - Returns: whether the task should wait for another call.
    fileprivate func keep(_ task: HandlerTask) -> Bool {
        guard !isEnded, waiting.count < Self.waitingMax else { return false }
        waiting.append(task)
        return true
    }

    /// Ends the waiting tasks that only a burst of calls needed. They are remade when they are needed.
    func releaseSpare() {
        while waiting.count > Self.idleWaitingMax { waiting.removeLast().end() }
    }

    /// Ends the waiting tasks, and each other one when its handler returns.
    func end() {
        isEnded = true
        let ending = waiting
        waiting = []
        for task in ending { task.end() }
    }
}

/// One task of ``HandlerTasks``.
///
/// - Isolation: the loop.
final class HandlerTask: @unchecked Sendable {
    // Sendable: every property is touched on `loop` alone, which the task prefers.

    private let loop: EventLoop
    private let tasks: HandlerTasks
    private var call: ServerCall?
    private var admission: PendingAdmission?
    /// `nil` before the first call and after the last.
    private var task: Task<Void, Never>?
    private var hasBegun = false
    private var isCancelled = false
    /// Resumed with the next call. Unsafe spares an allocation; only `begin` and `end` take it, once.
    private var turn: UnsafeContinuation<Void, Never>?

    fileprivate init(loop: EventLoop, tasks: HandlerTasks) {
        self.loop = loop
        self.tasks = tasks
    }

    /// Runs the call up to its first suspension.
    ///
    /// - Parameter admission: what an interceptor has not decided yet.
    func begin(_ call: ServerCall, _ admission: PendingAdmission?) {
        self.call = call
        self.admission = admission
        if let turn = turn.take() { return loop.resumeNow(turn) }
        hasBegun = true
        // Nobody awaits it: a call's end comes through `ServerCall.run`, the task's through `end`.
        let task = Task.immediate(executorPreference: loop) { [self] in await work() }
        guard hasBegun else { return }
        self.task = task
        if isCancelled { task.cancel() }
    }

    /// Cancels the task of the call that runs in it.
    func cancel() {
        isCancelled = true
        task?.cancel()
    }

    fileprivate func end() {
        if let turn = turn.take() { loop.resumeNow(turn) }
    }

    private func work() async {
        while let call {
            let admission = admission.take()
            await call.run(admission)
            // Off the loop only after its end: nothing of it may be touched.
            guard loop.isCurrent else { return }
            self.call = nil
            guard !isCancelled, tasks.keep(self) else { break }
            await withUnsafeContinuation { turn = $0 }
        }
        hasBegun = false
        task = nil
    }
}
