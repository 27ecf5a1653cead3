import EventCore
import Synchronization
import Testing

/// Counts what a loop told it; its loop is the only writer.
private final class Ticker: TimerTarget {
    let fired = Mutex<[Int]>([])
    func timerFired(kind: Int, on loop: EventLoop) { fired.withLock { $0.append(kind) } }
}

private func withGroup<R>(
    loops: Int = 1, clock: LoopClock = .system, _ body: (EventLoopGroup) async throws -> R
) async throws -> R {
    let group = try EventLoopGroup(loopCount: loops, name: "test", clock: clock)
    defer { group.shutdown() }
    return try await body(group)
}

/// Runs `body` on the loop and waits for its result.
private func run<R: Sendable>(on loop: EventLoop, _ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in loop.execute { continuation.resume(returning: body()) } }
}

/// A task's turns: it suspends before each.
private final class Turns: Sendable {
    let notes = Mutex<[String]>([])
    let parked = Mutex<UnsafeContinuation<Void, Never>?>(nil)

    func note(_ text: String) { notes.withLock { $0.append(text) } }

    func take(_ count: Int) async {
        for turn in 1...count {
            await withUnsafeContinuation { continuation in parked.withLock { $0 = continuation } }
            note("task \(turn), on a loop: \(EventLoop.current != nil)")
        }
    }
}

@Suite("Event loop") struct EventLoopTests {
    @Test("work from another thread runs on the loop, in order")
    func executesInOrder() async throws {
        try await withGroup { group in
            let loop = group.loops[0]
            let seen = Mutex<[Int]>([])
            for number in 0..<5000 { loop.execute { seen.withLock { $0.append(number) } } }
            let isCurrent = await run(on: loop) { loop.isCurrent && EventLoop.current === loop }
            #expect(isCurrent)
            #expect(!loop.isCurrent && EventLoop.current == nil)
            #expect(seen.withLock { $0 } == Array(0..<5000))
        }
    }

    @Test("a task that prefers the loop runs there from start to end")
    func isATaskExecutor() async throws {
        try await withGroup(loops: 2) { group in
            for loop in group.loops {
                let stayed = await Task(executorPreference: loop) {
                    var stayed = loop.isCurrent
                    for _ in 0..<100 {
                        await Task.yield()
                        stayed = stayed && loop.isCurrent
                    }
                    return stayed
                }.value
                #expect(stayed)
            }
        }
    }

    @Test("a task that is resumed now has run to its next suspension when that returns")
    func resumesNow() async throws {
        try await withGroup { group in
            let loop = group.loops[0]
            let turns = Turns()
            let task = await run(on: loop) { Task.immediate(executorPreference: loop) { await turns.take(3) } }
            await run(on: loop) {
                loop.execute { turns.note("queued") }
                for turn in 1...3 {
                    guard let continuation = turns.parked.withLock({ $0.take() }) else { continue }
                    loop.resumeNow(continuation)
                    turns.note("resumed \(turn)")
                }
            }
            await task.value
            await run(on: loop) {}
            #expect(
                turns.notes.withLock { $0 } == [
                    "task 1, on a loop: true", "resumed 1", "task 2, on a loop: true", "resumed 2",
                    "task 3, on a loop: true", "resumed 3", "queued",
                ])
        }
    }

    @Test("a task that prefers a loop goes on elsewhere when the loop has ended", .timeLimit(.minutes(1)))
    func tasksOutliveTheLoop() async throws {
        let group = try EventLoopGroup(loopCount: 1, name: "test")
        let loop = group.loops[0]
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let (stopped, stop) = AsyncStream<Void>.makeStream()
        let task = Task(executorPreference: loop) {
            begin.finish()
            for await _ in stopped {}
            return loop.isCurrent
        }
        for await _ in begun {}
        await Task.detached { group.shutdown() }.value
        stop.finish()
        #expect(await task.value == false)
    }

    @Test("those who write at the end of a tick need not wait for a long row of jobs")
    func writesAmongJobs() async throws {
        try await withGroup { group in
            let loop = group.loops[0]
            let done = Mutex(0)
            let told = Mutex<[Int]>([])
            let allDone = await withCheckedContinuation { continuation in
                loop.execute {
                    loop.atTickEnd(TickEnd { told.withLock { $0.append(done.withLock { $0 }) } })
                    for _ in 0..<200 { loop.execute { done.withLock { $0 += 1 } } }
                    loop.execute { continuation.resume(returning: done.withLock { $0 }) }
                }
            }
            #expect(allDone == 200)
            let jobsBefore = try #require(told.withLock { $0 }.first)
            #expect(jobsBefore < EventLoop.jobsPerWriteMax)
        }
    }

    private final class TickEnd: TickEndTarget {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
        func tickEnding(on loop: EventLoop) { body() }
    }

    private actor Resident {
        let loop: EventLoop
        var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.isolation.asUnownedSerialExecutor() }
        init(loop: EventLoop) { self.loop = loop }
        func add() -> Bool {
            count += 1
            return loop.isCurrent
        }
    }

    @Test("an actor can live on the loop, and loop code enters it without a task")
    func hostsActors() async throws {
        try await withGroup { group in
            let loop = group.loops[0]
            let actor = Resident(loop: loop)
            #expect(await actor.add())
            let count = await run(on: loop) { actor.assumeIsolated { $0.count } }
            #expect(count == 1)
        }
    }

    @Test("timers fire in deadline order, equal deadlines in the order they were scheduled")
    func timersFireInOrder() async throws {
        let clock = ManualClock()
        try await withGroup(clock: .manual(clock)) { group in
            let loop = group.loops[0]
            let ticker = Ticker()
            // Touched on the loop's thread alone.
            nonisolated(unsafe) let target = ticker
            await run(on: loop) {
                let start = loop.now
                for (kind, seconds) in [(0, 30), (1, 10), (2, 20), (3, 10), (4, 90)] {
                    _ = loop.schedule(at: start + .seconds(seconds), target, kind: kind)
                }
            }
            clock.advance(by: .seconds(9))
            await run(on: loop) {}
            #expect(ticker.fired.withLock { $0 } == [])
            clock.advance(by: .seconds(50))
            await run(on: loop) {}
            await run(on: loop) {}
            #expect(ticker.fired.withLock { $0 } == [1, 3, 2, 0])
        }
    }

    @Test("a cancelled timer never fires, and its id cannot cancel a later one")
    func cancelledTimersStayQuiet() async throws {
        let clock = ManualClock()
        try await withGroup(clock: .manual(clock)) { group in
            let loop = group.loops[0]
            let ticker = Ticker()
            // Touched on the loop's thread alone.
            nonisolated(unsafe) let target = ticker
            await run(on: loop) {
                // A fixed pseudo-random order of deadlines; every third is cancelled, twice.
                var state: UInt64 = 42
                var ids: [TimerID] = []
                for kind in 0..<1000 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    ids.append(
                        loop.schedule(
                            at: loop.now + .milliseconds(Int64(state >> 40 & 1023)), target, kind: kind))
                }
                for kind in stride(from: 0, to: 1000, by: 3) { loop.cancel(ids[kind]) }
                for kind in 0..<334 {
                    _ = loop.schedule(at: loop.now + .seconds(1), target, kind: 10_000 + kind)
                }
                for kind in stride(from: 0, to: 1000, by: 3) { loop.cancel(ids[kind]) }
            }
            clock.advance(by: .seconds(2))
            await run(on: loop) {}
            await run(on: loop) {}
            let fired = ticker.fired.withLock { $0 }
            #expect(Set(fired) == Set((0..<1000).filter { $0 % 3 != 0 } + (10_000..<10_334)))
            #expect(fired.count == Set(fired).count)
        }
    }

    @Test("a wall-clock timer fires no earlier than its deadline")
    func systemTimersAreNotEarly() async throws {
        try await withGroup { group in
            let loop = group.loops[0]
            final class Once: TimerTarget, Sendable {
                let done: @Sendable (MonotonicInstant) -> Void
                init(_ done: @escaping @Sendable (MonotonicInstant) -> Void) { self.done = done }
                func timerFired(kind: Int, on loop: EventLoop) { done(loop.now) }
            }
            let deadline = loop.clockNow + .milliseconds(20)
            let firedAt = await withCheckedContinuation { continuation in
                loop.execute { _ = loop.schedule(at: deadline, Once { continuation.resume(returning: $0) }) }
            }
            #expect(firedAt >= deadline)
        }
    }

    @Test("tick-end targets run after the jobs of the tick")
    func tickEndsLast() async throws {
        final class Writer: TickEndTarget, Sendable {
            let log: Mutex<[String]>
            init() { log = Mutex([]) }
            func tickEnding(on loop: EventLoop) { log.withLock { $0.append("write") } }
        }
        try await withGroup { group in
            let loop = group.loops[0]
            let writer = Writer()
            loop.execute {
                loop.atTickEnd(writer)
                loop.execute { writer.log.withLock { $0.append("job") } }
                writer.log.withLock { $0.append("read") }
            }
            while writer.log.withLock({ $0.count }) < 3 { await run(on: loop) {} }
            #expect(writer.log.withLock { $0 } == ["read", "job", "write"])
        }
    }
}

@Suite("Sockets") struct SocketDescriptorTests {
    @Test(
        "addresses print and parse the same",
        arguments: ["127.0.0.1", "::1", "2001:db8::7", "255.255.255.255", "0.0.0.0"])
    func addressesRoundTrip(text: String) throws {
        let address = try #require(SocketAddress(ipAddress: text, port: 443))
        #expect(address.host == text)
        #expect(address.port == 443)
    }

    @Test("only this machine's addresses are loopback")
    func loopback() {
        for (text, expected) in [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("::", false), ("::2", false), ("128.0.0.1", false), ("0.0.0.0", false),
        ] {
            #expect(SocketAddress(ipAddress: text, port: 1)?.isLoopback == expected, "\(text)")
        }
    }

    @Test("names are not addresses", arguments: ["localhost", "", "1.2.3", "127.0.0.1:80", "[::1]"])
    func namesAreRefused(text: String) { #expect(SocketAddress(ipAddress: text, port: 1) == nil) }

    @Test("a port in use is an error for the first listener and a share for the joining ones")
    func portSharing() throws {
        let first = try SocketDescriptor.listening(on: .loopback(port: 0), sharing: .first)
        let address = try first.localAddress()
        let second = try SocketDescriptor.listening(on: address, sharing: .joining)
        #expect(try second.localAddress() == address)
        #expect(throws: SystemCallError("bind", code: 98)) {
            _ = try SocketDescriptor.listening(on: address, sharing: .first)
        }
        #expect(throws: SystemCallError("bind", code: 98)) { _ = try SocketDescriptor.listening(on: address) }
    }

    @Test("an empty unix path and one with a zero byte are error values, not other addresses", arguments: ["", "a\0b", "@a\0b"])
    func unusableUnixPaths(path: String) {
        let error = #expect(throws: SystemCallError.self) {
            _ = try SocketDescriptor.listening(on: .unix(path: path))
        }
        #expect(error?.call == "sockaddr_un")
    }

    @Test("a unix path that does not fit is an error value")
    func longUnixPath() {
        #expect(throws: SystemCallError.self) {
            _ = try SocketDescriptor.listening(on: .unix(path: "/tmp/" + String(repeating: "x", count: 103)))
        }
    }

    @Test("bytes cross a connection, and a closed peer is an end of stream, then an error, never a signal")
    func bytesCross() throws {
        let listener = try SocketDescriptor.listening(on: .loopback(port: 0))
        let client = try SocketDescriptor.connecting(to: listener.localAddress())
        var accepted: SocketDescriptor?
        while accepted == nil {
            if let connection = try listener.accept() {
                #expect(try client.localAddress() == connection.peer)
                accepted = connection.takeSocket()
            }
        }
        let server = accepted.take()!
        #expect([UInt8(1), 2, 3].withUnsafeBytes { client.send($0) } == .bytes(3))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
        defer { buffer.deallocate() }
        var received = server.receive(into: buffer)
        while received == .wouldBlock { received = server.receive(into: buffer) }
        #expect(received == .bytes(3))
        #expect(server.receive(into: buffer) == .wouldBlock)
        close(consume client)
        received = server.receive(into: buffer)
        while received == .wouldBlock { received = server.receive(into: buffer) }
        #expect(received == .endOfStream)
        var sent = [0].withUnsafeBytes { server.send($0) }
        while case .bytes = sent { sent = [0].withUnsafeBytes { server.send($0) } }
        #expect(sent == .failed(errno: 32) || sent == .failed(errno: 104))
    }

    private func close(_ socket: consuming SocketDescriptor) {}

    @Test("a numeric host needs no lookup, localhost is found, nonsense is not")
    func resolvesNames() async throws {
        #expect(
            try await NameResolver.shared.resolve(host: "::1", port: 7) == [
                SocketAddress(ipAddress: "::1", port: 7)
            ])
        #expect(try await NameResolver.shared.resolve(host: "localhost", port: 7).allSatisfy(\.isLoopback))
        await #expect(throws: NameResolutionError.self) {
            try await NameResolver.shared.resolve(host: "no such host.invalid", port: 7)
        }
    }
}
