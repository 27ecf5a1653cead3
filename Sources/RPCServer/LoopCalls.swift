internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import Synchronization

/// What the calls of one event loop share: counters, the bound on running handlers, prebuilt and scratch
/// headers.
///
/// - Isolation: the loop's thread.
final class LoopCalls: @unchecked Sendable {
    // Sendable: everything mutable is touched on `loop` alone, but for `written`, which has a lock.

    /// Room for a tick's calls that is kept for the next tick.
    private static let keptCallsMax = 4096

    let loop: EventLoop
    /// `:status 200`, `content-type`.
    let responseHeaders: PreparedHeaders
    /// The same, and `grpc-accept-encoding`: for clients that speak of encodings.
    let responseHeadersOfferingGzip: PreparedHeaders
    /// `grpc-status 0`.
    let okTrailers: PreparedHeaders
    /// For whatever is not one of those; empty between uses.
    var scratch = HeaderList()
    var metrics: LoopCallMetrics
    private(set) var openCalls = 0
    private(set) var runningHandlers = 0
    private let maxRunningHandlers: Int
    private var waiting: WaitingCalls<ServerCall>
    let handlerTasks: HandlerTasks
    let slowRequests: SlowRequestReaper?
    let heldRequests: RequestMemoryLimit
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    /// Calls of this tick whose deadlines have no timer yet: most are over before the tick is.
    private var deadlinesToArm: [ServerCall] = []
    /// Calls that wait to be flushed, because somebody wrote who is not their handler's first step.
    private let written = Mutex<[ServerCall]>([])
    private var tickTime = MonotonicInstant(nanoseconds: 0)
    private var tickInstant = ContinuousClock.now

    init(loop: EventLoop, methodCount: Int, configuration: ServerConfiguration) {
        self.loop = loop
        metrics = LoopCallMetrics(methodCount: methodCount)
        maxRunningHandlers = configuration.maxRunningHandlersPerLoop
        waiting = WaitingCalls(
            capacity: configuration.maxWaitingCallsPerLoop, share: configuration.maxWaitingCallsPerConnection)
        handlerTasks = HandlerTasks(loop: loop)
        slowRequests = SlowRequestReaper(loop: loop, configuration: configuration)
        heldRequests = RequestMemoryLimit(configuration: configuration)
        responseHeaders = PreparedHeaders([(":status", "200"), ("content-type", GRPCContentType.value)])
        responseHeadersOfferingGzip = PreparedHeaders([
            (":status", "200"), ("content-type", GRPCContentType.value),
            ("grpc-accept-encoding", "identity,gzip"),
        ])
        okTrailers = PreparedHeaders([("grpc-status", "0")])
    }

    var waitingCalls: Int { waiting.count }

    func callOpened() { openCalls += 1 }

    func callClosed() { openCalls -= 1 }

    /// Starts the call's handler, now or when it is its connection's turn.
    ///
    /// - Returns: the limit that refuses the call; nil when it runs or waits.
    func admit(_ call: ServerCall) -> CallLimit? {
        if runningHandlers < maxRunningHandlers {
            runningHandlers += 1
            call.startHandler()
            return nil
        }
        switch waiting.append(call, of: call.connectionID) {
        case .waits:
            break
        case .displaces(let other):
            other.isWaiting = false
            other.refuse(.waitingCallsOfConnection)
        case .exceedsShare:
            return .waitingCallsOfConnection
        case .isFull:
            return .waitingCalls
        }
        call.isWaiting = true
        return nil
    }

    /// The call ended while it waited.
    func withdraw(_ call: ServerCall) {
        call.isWaiting = false
        waiting.remove(call, of: call.connectionID)
    }

    /// A handler returned; the next call gets its place.
    func handlerReturned() {
        runningHandlers -= 1
        while runningHandlers < maxRunningHandlers, let call = waiting.next() {
            call.isWaiting = false
            runningHandlers += 1
            // Starts in a separate job: the current one may be deep inside the handler that just returned.
            loop.execute { call.startHandler() }
        }
        if runningHandlers == 0, !idleWaiters.isEmpty { resumeIdleWaiters() }
    }

    /// Waits until no handler runs, at most `limit`: a handler that ignores its cancellation must not hold up
    /// the end. No call comes any more.
    func waitUntilIdle(limit: Duration) async {
        await withCheckedContinuation { continuation in
            loop.execute { [self] in
                handlerTasks.end()
                guard runningHandlers > 0 else { return continuation.resume() }
                idleWaiters.append(continuation)
                _ = loop.schedule(at: loop.now + limit, self)
            }
        }
    }

    /// The loop's `now` on the clock that handlers see, read once per tick as well.
    var continuousNow: ContinuousClock.Instant {
        if tickTime != loop.now {
            tickTime = loop.now
            tickInstant = .now
        }
        return tickInstant
    }

    /// Gives the call's deadline a timer at the end of this tick, if the call is not over by then.
    func armDeadlineLater(of call: ServerCall) {
        if deadlinesToArm.isEmpty { loop.atTickEnd(self) }
        deadlinesToArm.append(call)
    }

    /// Flushes the call on the loop. All that are written to before the loop gets to it are flushed in one go, so
    /// that one event for many watchers is one write for each of their connections.
    ///
    /// - Isolation: any thread.
    func flushSoon(_ call: ServerCall) {
        let isFirst = written.withLock { written in
            written.append(call)
            return written.count == 1
        }
        if isFirst { loop.execute { self.flushWritten() } }
    }

    private func flushWritten() {
        var calls: [ServerCall] = []
        written.withLock { swap(&$0, &calls) }
        for call in calls { call.flush() }
    }

    /// Returns one tick later: what was written before the call has left by then.
    func flushed() async {
        await withCheckedContinuation { continuation in
            loop.execute { [loop] in _ = loop.schedule(at: loop.now, NextTick { continuation.resume() }) }
        }
    }

    /// Releases what only a burst of calls needed, and returns when it is free.
    func releaseSpareMemory() async {
        await withCheckedContinuation { continuation in
            loop.execute { [self] in
                handlerTasks.releaseSpare()
                continuation.resume()
            }
        }
    }

    private func resumeIdleWaiters() {
        let waiters = idleWaiters
        idleWaiters = []
        for waiter in waiters { waiter.resume() }
    }
}

extension LoopCalls: TickEndTarget {
    func tickEnding(on loop: EventLoop) {
        for call in deadlinesToArm { call.armDeadline() }
        deadlinesToArm.removeAll(keepingCapacity: deadlinesToArm.capacity <= Self.keptCallsMax)
    }
}

extension LoopCalls: TimerTarget {
    /// The limit of ``waitUntilIdle(limit:)``.
    func timerFired(kind: Int, on loop: EventLoop) { resumeIdleWaiters() }
}

/// Timers that are due run before a tick writes, so this one runs when the tick before has written.
private final class NextTick: TimerTarget {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func timerFired(kind: Int, on loop: EventLoop) { body() }
}
