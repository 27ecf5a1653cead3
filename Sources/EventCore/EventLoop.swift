internal import CLinux
internal import Glibc
internal import Synchronization

/// Notified when a registered descriptor is ready.
public protocol ReadinessTarget: AnyObject {
    /// - Isolation: the loop that the descriptor was registered on.
    func descriptorReady(_ readiness: Readiness, on loop: EventLoop)
}

/// Called at the end of a tick, after everything was read and processed: the place to write once.
public protocol TickEndTarget: AnyObject {
    func tickEnding(on loop: EventLoop)
}

/// What a descriptor is ready for.
@frozen
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes or the end of the stream can be read.
    public static let readable = Readiness(rawValue: 1)
    public static let writable = Readiness(rawValue: 2)
    /// The kernel reported an error or that both sides are closed; reading tells which.
    public static let hangup = Readiness(rawValue: 4)
}

/// Identifies a registered descriptor by slot and generation, not by its number: an event already fetched for a
/// closed descriptor cannot reach a new one with the same number.
@frozen
public struct RegistrationID: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    public static let none = RegistrationID(slot: 0, generation: 0)
}

/// One thread with an epoll set, timers and a mailbox; also the executor of the tasks that prefer it.
///
/// A tick reads everything that is ready, runs due timers and queued jobs, and then lets the tick-end targets write:
/// one read and one write per connection and tick, however many calls they carry.
///
/// `@unchecked Sendable`: `mailbox`, `threadIdentity` and `isStopping` are a mutex and atomics; every other stored
/// property is used only by the loop's own thread, which each entry point checks in debug builds.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// Maximum number of jobs between two polls: more would let a flood of tasks starve sockets and timers.
    public static let jobsPerTickMax = 1024
    /// Maximum number of jobs between two writes: when the responses of a turn resume a hundred tasks that call
    /// again, the first calls are sent, and the peer works on them, while the others still run. Each write costs a
    /// system call.
    public static let jobsPerWriteMax = 32
    /// Capacity of the mailbox that is kept for the next tick: senders hold its lock while it grows.
    private static let keptJobsMax = 4096
    /// Events fetched by one poll; the rest is fetched by the next, 0 ms later.
    static let eventsPerPollMax = 256
    /// Rounds of tick-end writing before the next poll, for targets that produce more output while they write.
    static let tickEndRoundsMax = 4

    enum Job {
        case task(UnownedJob)
        /// A job of an actor on this loop.
        case isolated(UnownedJob)
        case work(@Sendable () -> Void)
    }

    private struct Mailbox {
        var jobs: [Job] = []
        var isAsleep = false
        var isClosed = false
    }

    private struct Registration {
        var generation: UInt32
        var number: Int32
        var target: (any ReadinessTarget)?
    }

    /// Index in its group, 0 for a single loop: for per-loop scratch and counters.
    public let index: Int
    public let name: String
    private let givesWay: Bool
    /// The executor of actors on this loop.
    public var isolation: LoopIsolation { ownIsolation! }
    private var ownIsolation: LoopIsolation?  // set once, in init: it points back here
    /// One object that the layer above keeps per loop, for example its scratch memory.
    ///
    /// - Isolation: the loop.
    public var attachment: AnyObject?
    private let clock: LoopClock
    private let epoll: Int32
    private let wakeup: Int32
    private let mailbox = Mutex(Mailbox())
    private let threadIdentity = Atomic<UInt>(0)
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<LoopThread?>(nil)

    private var time = MonotonicInstant(nanoseconds: 0)
    /// Number of the running tick, different for each tick.
    ///
    /// - Isolation: the loop.
    public private(set) var tickNumber: UInt64 = 0
    private var timers = TimerQueue()
    private var registrations = ContiguousArray<Registration>()
    private var freeRegistrations = ContiguousArray<UInt32>()
    private var localJobs: [Job] = []
    /// The next task that becomes runnable here runs at once: see `resumeNow(_:)`.
    private var runsNextTaskAtOnce = false
    /// Empty, with the capacity of an earlier tick: replaces the mailbox's full array.
    private var spareJobs: [Job] = []
    private var tickEndTargets: [any TickEndTarget] = []
    private var tickEndSpare: [any TickEndTarget] = []
    private let events: UnsafeMutablePointer<epoll_event>

    /// Creates the loop; nothing runs before `start()`.
    ///
    /// - Parameters:
    ///   - name: shown by `top -H`, cut to 15 bytes.
    ///   - givesWay: lowers the thread's priority (nice(2) 10): for work that nobody waits for in milliseconds.
    /// - Throws: EMFILE or ENFILE when descriptors ran out.
    public init(
        name: String, index: Int = 0, clock: LoopClock = .system, givesWay: Bool = false
    ) throws(SystemCallError) {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        if epoll < 0 { throw SystemCallError("epoll_create1") }
        let wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        if wakeup < 0 {
            let error = SystemCallError("eventfd")
            close(epoll)
            throw error
        }
        self.name = name
        self.index = index
        self.givesWay = givesWay
        self.clock = clock
        self.epoll = epoll
        self.wakeup = wakeup
        events = .allocate(capacity: Self.eventsPerPollMax)
        _ = telehealth_epoll_control(epoll, EPOLL_CTL_ADD, wakeup, telehealth_epoll_in, Self.wakeupToken)
        time = clock.now
        ownIsolation = LoopIsolation(loop: self)
        if case .manual(let manual) = clock { manual.attach(self) }
    }

    deinit {
        close(epoll)
        close(wakeup)
        events.deallocate()
    }

    // MARK: - Life

    /// Starts the thread.
    public func start() throws(SystemCallError) {
        let started = try LoopThread(name: name, givesWay: givesWay) { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Asks the loop to end after the current tick and waits for its thread. Later jobs never run, so stop loops
    /// last; unfinished tasks that prefer the loop continue in the shared pool.
    public func stop() {
        preconditionNotCurrent()
        isStopping.store(true, ordering: .releasing)
        wake()
        thread.withLock { $0.take() }?.join()
        if case .manual(let manual) = clock { manual.detach(self) }
    }

    // MARK: - Where am I

    /// The loop whose thread is running, if any.
    public static var current: EventLoop? { LoopThread.currentLoop }

    public var isCurrent: Bool { threadIdentity.load(ordering: .relaxed) == UInt(pthread_self()) }

    public func preconditionCurrent(_ what: StaticString = #function) {
        precondition(isCurrent, "must run on its event loop")
    }

    /// Guards calls that may block for long: they would stall every connection of the loop.
    public func preconditionNotCurrent() {
        precondition(!isCurrent, "must not run on the event loop: it may block")
    }

    /// The time, read once per tick.
    ///
    /// - Isolation: the loop.
    public var now: MonotonicInstant {
        assert(isCurrent, "now belongs to the loop")
        return time
    }

    /// The clock itself, from any thread.
    public var clockNow: MonotonicInstant { clock.now }

    // MARK: - Work

    /// Queues `work` after what is queued already; on the loop itself without a lock.
    public func execute(_ work: @escaping @Sendable () -> Void) { enqueue(.work(work)) }

    public func enqueue(_ job: consuming ExecutorJob) {
        guard isCurrent else { return enqueue(.task(UnownedJob(job))) }
        guard runsNextTaskAtOnce else { return localJobs.append(.task(UnownedJob(job))) }
        runsNextTaskAtOnce = false
        job.runSynchronously(on: asUnownedTaskExecutor())
    }

    /// Resumes a suspended task that prefers this loop, and runs it until it suspends again or ends: what
    /// `continuation.resume()` does, without waiting for the turn of the loop's queue.
    ///
    /// - Isolation: the loop.
    public func resumeNow(_ continuation: UnsafeContinuation<Void, Never>) {
        assert(isCurrent, "tasks of a loop run on it")
        runsNextTaskAtOnce = true
        continuation.resume()
        runsNextTaskAtOnce = false
    }

    func enqueue(_ job: Job) {
        if isCurrent {
            localJobs.append(job)
            return
        }
        let (isClosed, mustWake) = mailbox.withLock { mailbox in
            if mailbox.isClosed { return (true, false) }
            mailbox.jobs.append(job)
            defer { mailbox.isAsleep = false }
            return (false, mailbox.isAsleep)
        }
        if mustWake { wake() }
        if isClosed { Self.passOn(job) }
    }

    /// A task would hang if nobody ran it.
    private static func passOn(_ job: Job) {
        if case .task(let job) = job { globalConcurrentExecutor.enqueue(job) }
    }

    // MARK: - Timers

    /// Calls `target` once, in the first tick at or after `deadline`. The loop keeps `target` alive until then.
    ///
    /// - Isolation: the loop.
    public func schedule(at deadline: MonotonicInstant, _ target: any TimerTarget, kind: Int = 0) -> TimerID {
        assert(isCurrent, "timers belong to the loop")
        return timers.schedule(at: deadline, kind: kind, target: target)
    }

    /// Removes a timer; an id that has fired or was cancelled is ignored.
    ///
    /// - Isolation: the loop.
    public func cancel(_ id: TimerID) {
        assert(isCurrent, "timers belong to the loop")
        timers.cancel(id)
    }

    // MARK: - Descriptors

    /// Watches a descriptor, level-triggered. The caller owns it, keeps it open and deregisters before
    /// closing it.
    ///
    /// - Throws: ENOSPC or ENOMEM when the kernel's limit on watches is reached.
    /// - Isolation: the loop.
    public func register(
        _ number: Int32, for interest: Readiness, _ target: any ReadinessTarget
    ) throws(SystemCallError) -> RegistrationID {
        assert(isCurrent, "registrations belong to the loop")
        let slot = freeRegistrations.popLast() ?? UInt32(registrations.count)
        if Int(slot) == registrations.count {
            registrations.append(Registration(generation: 1, number: number, target: nil))
        }
        let id = RegistrationID(slot: slot, generation: registrations[Int(slot)].generation)
        if telehealth_epoll_control(epoll, EPOLL_CTL_ADD, number, Self.mask(interest), Self.token(id)) != 0 {
            freeRegistrations.append(slot)
            throw SystemCallError("epoll_ctl")
        }
        registrations[Int(slot)].number = number
        registrations[Int(slot)].target = target
        return id
    }

    /// Changes what is watched; an empty set still reports a hangup.
    ///
    /// - Isolation: the loop.
    public func setInterest(_ interest: Readiness, of id: RegistrationID) {
        guard isLive(id) else { return }
        _ = telehealth_epoll_control(
            epoll, EPOLL_CTL_MOD, registrations[Int(id.slot)].number, Self.mask(interest), Self.token(id))
    }

    /// Stops watching. Events already fetched in this tick are dropped.
    ///
    /// - Isolation: the loop.
    public func deregister(_ id: RegistrationID) {
        guard isLive(id) else { return }
        let slot = Int(id.slot)
        _ = telehealth_epoll_control(epoll, EPOLL_CTL_DEL, registrations[slot].number, 0, 0)
        registrations[slot].target = nil
        registrations[slot].generation = id.generation == .max ? 1 : id.generation + 1
        freeRegistrations.append(id.slot)
    }

    /// Calls `target` once when this tick has read and processed everything.
    ///
    /// - Isolation: the loop.
    public func atTickEnd(_ target: any TickEndTarget) {
        assert(isCurrent, "tick ends belong to the loop")
        tickEndTargets.append(target)
    }

    private func isLive(_ id: RegistrationID) -> Bool {
        assert(isCurrent, "registrations belong to the loop")
        return id.generation != 0 && Int(id.slot) < registrations.count
            && registrations[Int(id.slot)].generation == id.generation
    }
}

// MARK: - The tick

extension EventLoop {
    /// No registration can have this token: generation 0 is never used.
    private static let wakeupToken: UInt64 = 0

    private static func token(_ id: RegistrationID) -> UInt64 {
        UInt64(id.generation) << 32 | UInt64(id.slot)
    }

    private static func mask(_ interest: Readiness) -> UInt32 {
        (interest.contains(.readable) ? telehealth_epoll_in | telehealth_epoll_rdhup : 0)
            | (interest.contains(.writable) ? telehealth_epoll_out : 0)
    }

    private static func readiness(_ mask: UInt32) -> Readiness {
        var result: Readiness = []
        if mask & (telehealth_epoll_in | telehealth_epoll_rdhup) != 0 { result.insert(.readable) }
        if mask & telehealth_epoll_out != 0 { result.insert(.writable) }
        if mask & (telehealth_epoll_err | telehealth_epoll_hup) != 0 { result.insert(.hangup) }
        return result
    }

    /// Makes a sleeping loop take its next tick now; from any thread.
    func wake() {
        // The counter can only fail to grow when it is already huge, that is, when a wakeup is pending.
        _ = eventfd_write(wakeup, 1)
    }

    private func run() {
        threadIdentity.store(UInt(pthread_self()), ordering: .releasing)
        LoopThread.currentLoop = self
        while !isStopping.load(ordering: .acquiring) { tick() }
        finishQueuedJobs()
        LoopThread.currentLoop = nil
        threadIdentity.store(0, ordering: .releasing)
    }

    private func tick() {
        let count = poll()
        time = clock.now
        tickNumber &+= 1
        for position in 0..<count { dispatch(events + position) }
        while let due = timers.popDue(now: time) { due.target.timerFired(kind: due.kind, on: self) }
        runJobs()
        endTick()
    }

    private func poll() -> Int {
        let timeout = pollTimeoutMilliseconds()
        let count = epoll_wait(epoll, events, Int32(Self.eventsPerPollMax), timeout)
        if timeout != 0 { mailbox.withLock { $0.isAsleep = false } }
        if count >= 0 { return Int(count) }
        // EBADF, EFAULT and EINVAL would be a bug in this class.
        precondition(errno == EINTR, "epoll_wait failed")
        return 0
    }

    /// 0 with work waiting, otherwise until the earliest timer, rounded up so that the tick finds it due.
    private func pollTimeoutMilliseconds() -> Int32 {
        if !localJobs.isEmpty || !tickEndTargets.isEmpty { return 0 }
        let mayWait: Int32
        if let earliest = timers.earliest {
            let wait = (earliest - clock.now).wholeNanoseconds
            if wait <= 0 { return 0 }
            switch clock {
            case .system: mayWait = Int32(clamping: (wait + 999_999) / 1_000_000)
            case .manual: mayWait = -1
            }
        } else {
            mayWait = -1
        }
        return mailbox.withLock { mailbox in
            if !mailbox.jobs.isEmpty || isStopping.load(ordering: .acquiring) { return 0 }
            mailbox.isAsleep = true
            return mayWait
        }
    }

    private func dispatch(_ event: UnsafeMutablePointer<epoll_event>) {
        let token = telehealth_epoll_token(event)
        if token == Self.wakeupToken {
            var value: eventfd_t = 0
            _ = eventfd_read(wakeup, &value)
            return
        }
        let slot = Int(UInt32(truncatingIfNeeded: token))
        guard slot < registrations.count, registrations[slot].generation == UInt32(token >> 32),
            let target = registrations[slot].target
        else { return }
        target.descriptorReady(Self.readiness(telehealth_epoll_events(event)), on: self)
    }

    private func runJobs() {
        mailbox.withLock { mailbox in
            if !mailbox.jobs.isEmpty { swap(&mailbox.jobs, &spareJobs) }
        }
        if !spareJobs.isEmpty {
            localJobs.append(contentsOf: spareJobs)
            spareJobs.removeAll(keepingCapacity: spareJobs.capacity <= Self.keptJobsMax)
        }
        var done = 0
        while !localJobs.isEmpty, done < Self.jobsPerTickMax {
            var batch: [Job] = []
            swap(&batch, &localJobs)
            var position = 0
            while position < batch.count, done < Self.jobsPerTickMax {
                run(batch[position])
                position += 1
                done += 1
                if done % Self.jobsPerWriteMax == 0, !tickEndTargets.isEmpty { tellTickEndTargets() }
            }
            if position < batch.count {
                localJobs.insert(contentsOf: batch[position...], at: 0)
            } else if localJobs.isEmpty {
                batch.removeAll(keepingCapacity: true)
                swap(&batch, &localJobs)
            }
        }
    }

    private func run(_ job: Job) {
        switch job {
        case .task(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .isolated(let job): job.runSynchronously(on: isolation.asUnownedSerialExecutor())
        case .work(let work): work()
        }
    }

    private func endTick() {
        var round = 0
        while !tickEndTargets.isEmpty, round < Self.tickEndRoundsMax {
            tellTickEndTargets()
            // A target may have resumed tasks of this loop; their writes belong to this tick.
            if !localJobs.isEmpty { runJobs() }
            round += 1
        }
    }

    /// Calls the targets that wait now, and those that they add once.
    private func tellTickEndTargets() {
        for _ in 0..<2 {
            swap(&tickEndTargets, &tickEndSpare)
            for target in tickEndSpare { target.tickEnding(on: self) }
            tickEndSpare.removeAll(keepingCapacity: true)
        }
    }

    /// At the end of the loop's life: jobs queued before `stop()` still run, for a bounded number of rounds.
    private func finishQueuedJobs() {
        for _ in 0..<Self.tickEndRoundsMax {
            runJobs()
            endTick()
        }
        let late = mailbox.withLock { mailbox in
            defer { mailbox.jobs = [] }
            mailbox.isClosed = true
            return mailbox.jobs
        }
        for job in localJobs + late { Self.passOn(job) }
        localJobs = []
    }
}

extension LoopClock {
    var now: MonotonicInstant {
        switch self {
        case .system: .systemNow()
        case .manual(let clock): clock.now
        }
    }
}
