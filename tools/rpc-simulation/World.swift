import HTTP2Engine
import RPCModel

/// One run: a client and a server joined by two pipes, a clock that only moves when told, and a scheduler
/// that lets the seed decide what happens next: a job of a task, a job of a loop, some bytes sent, some
/// bytes delivered, time.
final class World {
    /// What goes wrong besides the calls' own plans.
    enum Trouble: Sendable {
        case none
        /// The connection breaks, with bytes lost on their way.
        case cut(at: UInt64)
        /// The server says goodbye in two steps.
        case drain(at: UInt64)
        /// A bit flips on its way; then anything may happen to the calls but a hang or a second end.
        case corruption(at: UInt64)
    }

    private struct Timer {
        var due: UInt64
        var number: Int
        var fire: () -> Void
    }

    /// Steps that no run needs; above it something goes round in circles.
    private static let stepsMax = 2_000_000

    let seed: UInt64
    var random: SeededRandom
    private(set) var now: UInt64 = 1_000_000_000
    let executor = SimulationExecutor()
    /// Call objects in memory.
    var alive = 0
    private(set) var failures: [String] = []
    private(set) var isCorrupted = false
    private var isCut = false
    private let trouble: Trouble
    private let limits: (client: HTTP2Limits, server: HTTP2Limits)
    private var client: Endpoint!
    private var server: Endpoint!
    private var toServer: Pipe
    private var toClient: Pipe
    private let chunkMax: Int
    private let plans: [CallPlan]
    private var calls: [ClientCall] = []
    private var waiting: [ClientCall] = []
    private var tasks: [Task<Void, Never>] = []
    private var timers: [Timer] = []
    private var timerCount = 0
    private var runningHandlers = 0
    private var startedHandlers: [Int] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 40 << 10, alignment: 16)
    private(set) var steps = 0

    init(seed: UInt64) throws(HTTP2Failure) {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        // Tiny chunks take many steps, so there is less to send then.
        let (chunkMax, scale) = [(3, 300), (100, 3_000), (2_000, 20_000), (70_000, 150_000)][
            random.int(0...3)]
        self.chunkMax = chunkMax
        let count = random.int(1...8)
        var plans: [CallPlan] = []
        for index in 0..<count {
            plans.append(CallPlan(index: index, scale: scale, random: &random))
        }
        self.plans = plans
        trouble =
            switch random.int(0...9) {
            case 0: .cut(at: UInt64(random.skewed(40_000_000)))
            case 1: .drain(at: UInt64(random.skewed(40_000_000)))
            case 2: .corruption(at: UInt64(random.skewed(40_000_000)))
            default: .none
            }
        limits = (World.limits(&random), World.limits(&random))
        toServer = Pipe(capacity: random.int(1...100_000), startsWithPreface: true)
        toClient = Pipe(capacity: random.int(1...100_000), startsWithPreface: false)
        startedHandlers = Array(repeating: 0, count: count)
        self.random = random
        client = try Endpoint(.client, limits: limits.client, world: self)
        server = try Endpoint(.server, limits: limits.server, world: self)
    }

    deinit { buffer.deallocate() }

    private static func limits(_ random: inout SeededRandom) -> HTTP2Limits {
        var limits = HTTP2Limits()
        limits.concurrentStreamsMax = UInt32(random.int(1...8))
        // A message needs no window of its own size: bytes are credited while it is incomplete.
        limits.streamWindowBytes = Int32(
            random.chance(50) ? random.int(1...5_000) : random.int(5_000...300_000))
        // Below the default the connection's window cannot be announced.
        limits.connectionWindowBytes = Int32(random.int(65_535...400_000))
        // Small windows make many small frames, and the clock hardly moves: rates are another test's matter.
        let rate = HTTP2Limits.Rate(burst: 100_000_000, perSecond: 100_000)
        limits.tinyDataFrames = rate
        limits.windowUpdates = rate
        limits.peerResets = rate
        return limits
    }

    // MARK: - For the parts

    func expect(_ condition: Bool, _ otherwise: @autoclosure () -> String) {
        if !condition { fail(otherwise()) }
    }

    func fail(_ what: String) { failures.append(what) }

    func plan(_ index: Int) -> CallPlan? { plans.indices.contains(index) ? plans[index] : nil }

    func after(_ nanoseconds: UInt64, _ fire: @escaping () -> Void) {
        timerCount += 1
        timers.append(Timer(due: now + nanoseconds, number: timerCount, fire: fire))
    }

    func pause(_ longest: Int) async {
        guard longest > 0 else { return }
        await withCheckedContinuation { continuation in
            after(UInt64(random.int(0...longest))) { continuation.resume() }
        }
    }

    func handlerStarted(_ plan: CallPlan) {
        runningHandlers += 1
        startedHandlers[plan.index] += 1
        expect(startedHandlers[plan.index] == 1 || isCorrupted, "call \(plan.index) was handled twice")
    }

    func handlerReturned(_ plan: CallPlan) { runningHandlers -= 1 }

    func cut() {
        guard !isCut else { return }
        isCut = true
        toServer.removeAll()
        toClient.removeAll()
        client.close()
        server.close()
        startWaitingCalls()
    }

    /// Opens calls as far as the server allows, as the channel does.
    func startWaitingCalls() {
        if client.isClosed || client.session.isDraining || client.session.isTerminated {
            let lost = waiting
            waiting = []
            for call in lost { call.complete(RPCError(.unavailable, "no connection"), Metadata()) }
            return
        }
        while client.hasPeerSettings, !waiting.isEmpty, client.session.availableStreamCount > 0 {
            let call = waiting.removeFirst()
            if !call.start() { return waiting.append(call) }
        }
    }

    // MARK: - The run

    func run() {
        for plan in plans { after(plan.startsAt) { [self] in begin(plan) } }
        switch trouble {
        case .none: break
        case .cut(let at): after(at) { [self] in cut() }
        case .drain(let at): after(at) { [self] in server.drain() }
        case .corruption(let at): after(at) { [self] in corrupt() }
        }
        while step() {
            steps += 1
            guard steps < Self.stepsMax else { return fail("the run does not come to its end") }
        }
        // A flipped bit may swallow a frame; a real peer's keepalive would notice.
        if isCorrupted, !isOver {
            cut()
            while step() {}
        }
        check()
        finish()
    }

    private func begin(_ plan: CallPlan) {
        let call = ClientCall(plan: plan, world: self, loop: client)
        calls.append(call)
        waiting.append(call)
        tasks.append(Task(executorPreference: executor) { await call.write() })
        let reader = Task(executorPreference: executor) { await call.read() }
        tasks.append(reader)
        switch plan.abort {
        case .none: break
        case .abandon(let time): after(time) { call.stream.abandon() }
        case .cancelTask(let time): after(time) { reader.cancel() }
        }
        if let deadline = plan.deadline {
            after(deadline) { call.cancel(RPCError(.deadlineExceeded, "too late")) }
        }
        startWaitingCalls()
    }

    private func corrupt() {
        guard toServer.count + toClient.count > 0 else { return }
        isCorrupted = true
        let bit = 1 << random.int(0...7)
        if toServer.count > 0 {
            toServer.corrupt(at: random.int(0...toServer.count - 1), bit: UInt8(bit))
        } else {
            toClient.corrupt(at: random.int(0...toClient.count - 1), bit: UInt8(bit))
        }
    }

    private enum Action: CaseIterable {
        case task, clientLoop, serverLoop, clientFlush, serverFlush, deliverToServer, deliverToClient, wait
    }

    private func isPossible(_ action: Action) -> Bool {
        switch action {
        case .task: !executor.isIdle
        case .clientLoop: client.hasWork
        case .serverLoop: server.hasWork
        case .clientFlush: client.hasOutput && !client.isClosed && toServer.hasRoom
        case .serverFlush: server.hasOutput && !server.isClosed && toClient.hasRoom
        case .deliverToServer: toServer.count > 0 && !server.isClosed
        case .deliverToClient: toClient.count > 0 && !client.isClosed
        case .wait: !timers.isEmpty
        }
    }

    /// - Returns: false when nothing can happen any more.
    private func step() -> Bool {
        let possible = Action.allCases.filter { isPossible($0) }
        guard !possible.isEmpty else { return false }
        // Everything that is done takes a little time.
        now += UInt64(random.int(0...20_000))
        switch possible[random.int(0...possible.count - 1)] {
        case .task: executor.run(jobAt: random.int(0...executor.jobCount - 1))
        case .clientLoop: client.runOneJob()
        case .serverLoop: server.runOneJob()
        case .clientFlush: toServer.append(client.flush(buffer))
        case .serverFlush: toClient.append(server.flush(buffer))
        case .deliverToServer: server.receive(toServer.take(random.int(1...chunkMax)))
        case .deliverToClient: client.receive(toClient.take(random.int(1...chunkMax)))
        case .wait: fireTimer(jumps: possible.count == 1)
        }
        return true
    }

    /// Fires the next timer if it is due, or if nothing else can happen.
    private func fireTimer(jumps: Bool) {
        let next = timers.indices.min {
            (timers[$0].due, timers[$0].number) < (timers[$1].due, timers[$1].number)
        }!
        guard jumps || timers[next].due <= now else { return }
        now = max(now, timers[next].due)
        timers.remove(at: next).fire()
    }

    // MARK: - What must hold

    private var isOver: Bool {
        calls.allSatisfy { $0.endings == 1 && $0.readerEnds == 1 } && runningHandlers == 0
    }

    private func check() {
        expect(calls.count == plans.count, "a call was never begun")
        for call in calls { check(call) }
        expect(runningHandlers == 0, "\(runningHandlers) handlers never returned")
        expect(executor.isIdle && timers.isEmpty, "something goes on after the end")
        guard !isCut, !isCorrupted else { return }
        for (name, endpoint) in [("client", client!), ("server", server!)] {
            expect(endpoint.session.openStreamCount == 0, "the \(name) has streams left")
            expect(endpoint.session.queuedByteCount == 0, "the \(name) has bytes left")
        }
        expect(toServer.count == 0 && toClient.count == 0, "bytes are left on the way")
        // After a GOAWAY nobody needs the window any longer.
        guard !client.session.isDraining else { return }
        checkWindow("server", toServer.tap, toClient.tap, limits.server)
        checkWindow("client", toClient.tap, toServer.tap, limits.client)
    }

    private func check(_ call: ClientCall) {
        let name = "call \(call.plan.index) (\(call.plan.kind))"
        expect(call.endings == 1, "\(name) ended \(call.endings) times")
        expect(call.readerEnds == 1, "\(name) told its reader the end \(call.readerEnds) times")
        expect(
            call.readerError?.code == call.code || call.plan.isDisturbed || isCut, "\(name) told two statuses"
        )
        guard !isCorrupted else { return }
        let expected = call.plan.expectedAnswers
        if call.code == nil, call.readerError == nil {
            expect(
                call.answers == expected || call.plan.kind == .fail, "\(name) has other bytes than were sent")
        } else {
            // A call that failed has a beginning of them, or nothing.
            expect(
                call.plan.kind == .ignore || call.plan.kind == .collect
                    || expected.starts(with: call.answers),
                "\(name) has bytes that were never sent")
        }
        if case .none = trouble, !call.plan.isDisturbed {
            let (code, expected) = (call.code, call.plan.expectedCode)
            expect(code == expected, "\(name) ended with \(Self.label(code)), not \(Self.label(expected))")
        }
    }

    private static func label(_ code: RPCError.Code?) -> String { code?.description ?? "OK" }

    /// Every byte of DATA was given back to the sender's window, but for less than the half window at which
    /// the receiver speaks up.
    private func checkWindow(
        _ name: String, _ inbound: ConnectionTap, _ outbound: ConnectionTap, _ limits: HTTP2Limits
    ) {
        let window = Int(limits.connectionWindowBytes)
        let held = inbound.dataByteCount - (outbound.windowGranted - (window - 65_535))
        expect(held >= 0, "the \(name) gave more window than it took")
        expect(held <= window / 2, "the \(name) keeps \(held) bytes of a window of \(window)")
    }

    /// Lets go of everything; nothing may be left.
    private func finish() {
        cut()
        while step() {}
        calls = []
        waiting = []
        tasks = []
        expect(alive == 0, "\(alive) calls are still in memory")
    }
}
