/// Runs the users' tasks one job at a time, in the order the seed decides.
///
/// `@unchecked Sendable`: the whole simulation is one thread; nothing of it is touched by another.
final class SimulationExecutor: TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []

    var isIdle: Bool { jobs.isEmpty }

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    var jobCount: Int { jobs.count }

    /// Any job may be next: tasks promise no order among themselves.
    func run(jobAt index: Int) {
        jobs.swapAt(index, jobs.count - 1)
        jobs.removeLast().runSynchronously(on: asUnownedTaskExecutor())
    }
}
