import ProtobufWire
import RPCModel
import ServiceSimulation
import Synchronization
import TelehealthAPI
import TelehealthClient
import TelehealthEngine
import TelehealthModel
import TelehealthRules
import Testing
import VisitSimulation

@testable import TelehealthHandlers

@Suite("The relay of a watch", .timeLimit(.minutes(3))) struct WatchRelayTests {
    /// A relay of the clinic's visit, whose reader is the test.
    private struct Scene {
        let service: SimulatedService
        let reader = SlowReader()
        let relay: WatchRelay
        let watch: TelehealthEngine.SessionWatch
        /// The last event before the watch.
        let last: Int64

        init(after: Int64? = nil, isPresence: Bool = false, _ configure: (inout Policy) -> Void = { _ in }) async throws {
            service = try await SimulatedService(stage: .visiting, configure)
            let relay = WatchRelay(ResponseWriter(reader.stream))
            let state = try service.visit
            let caller = try People.caller(People.token(.client, "client-1"), clinic: service.clinic)
            watch = try await service.clinic.useCases.watches.watchSession(
                state.session.id, after: after, isPresence: isPresence, Invocation(caller: caller)
            ) { relay.pump() }
            self.relay = relay
            last = state.session.lastEventSequence
        }

        func start() {
            let snapshot = watch.takeSnapshot().map { _ in
                Telehealth_V1_SessionSnapshot.with { $0.sequence = watch.sequence }
            }
            relay.start(watch, snapshot: snapshot, now: service.clinic.time.now)
        }

        /// One event: the client shares a screen, or no longer does.
        func toggle(_ number: Int) async throws {
            let visit = try service.sessionID
            if number.isMultiple(of: 2) {
                _ = try await service.patient.sessions.startScreenShare(.with { $0.sessionID = visit })
            } else {
                _ = try await service.patient.sessions.stopScreenShare(.with { $0.sessionID = visit })
            }
        }

        func end() async throws {
            let visit = try service.sessionID
            _ = try await service.clinician.sessions.end(.with { $0.sessionID = visit })
        }

        var isWatched: Bool { service.clinic.watchCount > 0 }
    }

    // MARK: In order

    @Test func `what comes before the start waits, and the snapshot is first`() async throws {
        let scene = try await Scene()
        try await scene.toggle(0)
        try await scene.toggle(1)
        #expect(scene.reader.read() == [])
        scene.start()
        #expect(scene.reader.read() == ["snapshot \(scene.last)", "\(scene.last + 1)", "\(scene.last + 2)"])
    }

    @Test func `an idle relay has written an event when the call that made it is answered`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        for number in 0..<3 {
            try await scene.toggle(number)
            #expect(scene.reader.read() == ["\(scene.last + 1 + Int64(number))"])
        }
    }

    @Test func `a watch that resumes begins with a sign of life`() async throws {
        let scene = try await Scene(after: 0)
        scene.start()
        #expect(scene.reader.read() == ["heartbeat 0"] + (1...scene.last).map { "\($0)" })
    }

    @Test func `a heartbeat is told when nothing happened, with the last number and the longest silence`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        scene.service.clinic.beat()
        let messages = scene.reader.messages()
        #expect(
            messages == [
                .with {
                    $0.message = .heartbeat(.with { ($0.sendTime, $0.sequence) = (scene.service.now, scene.last) })
                    $0.heartbeatInterval = .with { $0.seconds = 15 }
                }
            ])
    }

    @Test func `several threads that bring news leave every event once and in order`() async throws {
        let scene = try await Scene { $0.watchQueueMax = 10_000 }
        scene.start()
        let visit = try scene.service.sessionID
        let (patient, clinician, clinic) = (scene.service.patient, scene.service.clinician, scene.service.clinic)
        let reader = scene.reader
        let changes = 100
        let done = Flag()
        async let reading = reader.read(until: done)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in [patient, clinician] {
                group.addTask {
                    for _ in 0..<changes / 2 {
                        _ = try await client.sessions.startScreenShare(.with { $0.sessionID = visit })
                        _ = try await client.sessions.stopScreenShare(.with { $0.sessionID = visit })
                    }
                }
            }
            group.addTask {
                for _ in 0..<changes {
                    clinic.beat()
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        done.raise()
        let events = await reading.compactMap { Int64($0) }
        #expect(events == Array((scene.last + 1)...(scene.last + Int64(2 * changes))))
    }

    @Test func `whoever publishes an event only wakes the thread that carries the call, which writes all there is`()
        async throws
    {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        scene.reader.holdWork()
        for last in [scene.last, scene.last + 2] {
            for number in 0..<2 { try await scene.toggle(number) }
            #expect(scene.reader.read() == [])
            #expect(scene.reader.doHeldWork() == 1)
            #expect(scene.reader.read() == ["\(last + 1)", "\(last + 2)"])
        }
    }

    // MARK: A slow reader

    @Test func `a full stream is written no further, and goes on where it stood once there is room`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        scene.reader.stream.setBacklogged(true)
        // The first is written all the same: it is how the relay learns that there is no room.
        try await scene.toggle(0)
        let held = scene.reader.heldByteCount
        for number in 1..<4 { try await scene.toggle(number) }
        #expect(scene.reader.heldByteCount == held && held > 0)
        scene.reader.stream.setBacklogged(false)
        let events = await scene.reader.read(count: 4)
        #expect(events == (1...4).map { "\(scene.last + Int64($0))" })
        // Idle again: the next goes out at once.
        try await scene.toggle(4)
        #expect(scene.reader.read() == ["\(scene.last + 5)"])
    }

    @Test func `a reader who is too slow is told to resume, and nothing more`() async throws {
        let scene = try await Scene { $0.watchQueueMax = 3 }
        scene.start()
        _ = scene.reader.read()
        scene.reader.stream.setBacklogged(true)
        for number in 0..<6 { try await scene.toggle(number) }
        #expect(scene.reader.endings.isEmpty)
        scene.reader.stream.setBacklogged(false)
        let ending = await scene.reader.ending()
        #expect(ending.map(Refusal.init) == Refusal(.unavailable, "WATCH_LAGGING"))
        #expect(scene.reader.read() == ["\(scene.last + 1)"])
        #expect(!scene.isWatched && scene.reader.endings.count == 1)
    }

    @Test func `the end of the visit ends a stream that is full, once there is room`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        scene.reader.stream.setBacklogged(true)
        try await scene.toggle(0)
        try await scene.end()
        #expect(scene.reader.endings.isEmpty)
        scene.reader.stream.setBacklogged(false)
        let ending = await scene.reader.ending()
        #expect(ending == nil)
        let seen = scene.reader.read().compactMap { Int64($0) }
        #expect(seen.first == scene.last + 1 && seen == seen.sorted() && seen.count > 1)
        #expect(!scene.isWatched)
    }

    // MARK: The end

    @Test func `the last event of a visit is written, then the stream ends well, once`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        try await scene.end()
        let seen = scene.reader.messages()
        guard case .event(let event)? = seen.last?.message else {
            Issue.record("no event")
            return
        }
        #expect(event.status == .completed && scene.reader.endings == [nil])
        scene.relay.pump()
        scene.relay.finish(RPCError(.cancelled, "late"))
        scene.service.clinic.beat()
        #expect(scene.reader.read() == [] && scene.reader.endings == [nil] && !scene.isWatched)
    }

    @Test func `a reader who left before the start leaves no watch behind`() async throws {
        let scene = try await Scene()
        scene.relay.finish(nil)
        #expect(scene.isWatched)
        scene.start()
        #expect(!scene.isWatched && scene.reader.read() == [])
    }

    @Test func `a reader who leaves while the relay waits for room ends the watch, once`() async throws {
        let scene = try await Scene()
        scene.start()
        _ = scene.reader.read()
        scene.reader.stream.setBacklogged(true)
        try await scene.toggle(0)
        scene.reader.leave()
        let ending = await scene.reader.ending()
        #expect(ending == nil && !scene.isWatched)
        try await scene.toggle(1)
        #expect(scene.reader.endings.count == 1)
    }

    @Test func `a stream that broke without a word ends the watch with the next event`() async throws {
        let scene = try await Scene()
        scene.start()
        scene.reader.leave()
        #expect(scene.isWatched)
        try await scene.toggle(0)
        #expect(!scene.isWatched && scene.reader.endings == [nil])
    }

    @Test func `whoever was silent before their call broke was here no longer than that`() async throws {
        let scene = try await Scene(isPresence: true)
        scene.start()
        let state = try scene.service.visit
        let place = try #require(state.participants.first { $0.role == .client })
        let presence = scene.service.clinic.presence
        await scene.service.clinic.live(for: .seconds(100))
        #expect(presence.isPresent(place.id, in: state.session.id, within: .seconds(1)))
        scene.relay.finish(nil, peerSilence: .seconds(40))
        #expect(!presence.isPresent(place.id, in: state.session.id, within: .seconds(40)))
        #expect(presence.isPresent(place.id, in: state.session.id, within: .seconds(41)))
    }
}

private final class Flag: Sendable {
    private let isUp = Atomic(false)
    var isRaised: Bool { isUp.load(ordering: .acquiring) }
    func raise() { isUp.store(true, ordering: .releasing) }
}

/// The far end of a stream: it reads when the test says so.
private final class SlowReader: CallDriver {
    private struct State {
        var endings: [RPCError?] = []
        var unread: [UInt8] = []
        /// What the call's thread has still to do; nil while it does everything at once.
        var heldWork: [@Sendable () -> Void]?
    }

    let stream = CallStream(maxMessageBytes: 1 << 20)
    private let state = Mutex(State())
    private let news: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation

    init() {
        (news, tell) = AsyncStream.makeStream()
        stream.attach(self)
    }

    func outboundDidGrow() { tell.yield() }
    func inboundWasConsumed(byteCount: Int) {}
    func abandon() {}
    func execute(_ work: @escaping @Sendable () -> Void) {
        let isHeld = state.withLock { state in
            state.heldWork?.append(work)
            return state.heldWork != nil
        }
        if !isHeld { work() }
    }
    func finishDetached(_ error: RPCError?) {
        state.withLock { $0.endings.append(error) }
        tell.yield()
    }

    /// How the stream was ended, each time.
    var endings: [RPCError?] { state.withLock { $0.endings } }

    /// The call's thread does nothing from now on but by ``doHeldWork()``.
    func holdWork() { state.withLock { $0.heldWork = [] } }

    /// - Returns: how much there was to do.
    func doHeldWork() -> Int {
        let held = state.withLock { state in
            defer { state.heldWork = [] }
            return state.heldWork ?? []
        }
        for work in held { work() }
        return held.count
    }

    /// The connection is gone.
    func leave() { stream.fail(RPCError(.cancelled, "the client is gone")) }

    /// Everything that lies in the stream now.
    func messages() -> [Telehealth_V1_WatchSessionResponse] {
        state.withLock { state in
            _ = stream.drainOutbound { state.unread.append(contentsOf: $0) }
            var messages: [Telehealth_V1_WatchSessionResponse] = []
            // A flag and a length of four bytes stand before each message.
            while state.unread.count >= 5 {
                let length = state.unread[1..<5].reduce(0) { $0 << 8 | Int($1) }
                guard state.unread.count >= 5 + length else { break }
                let bytes = Array(state.unread[5..<5 + length])
                state.unread.removeFirst(5 + length)
                do { messages.append(try .init(decoding: bytes)) } catch { Issue.record(error) }
            }
            return messages
        }
    }

    /// The same in short: an event is its number.
    func read() -> [String] {
        messages().map { message in
            switch message.message {
            case .snapshot(let snapshot)?: "snapshot \(snapshot.sequence)"
            case .event(let event)?: "\(event.sequence)"
            case .heartbeat(let heartbeat)?: "heartbeat \(heartbeat.sequence)"
            case nil: "nothing"
            }
        }
    }

    /// Bytes that were written and not read.
    var heldByteCount: Int { stream.drainOutbound { _ in }.heldByteCount }

    /// Reads again and again until the flag is up, and what is left then.
    func read(until flag: Flag) async -> [String] {
        var seen: [String] = []
        while !flag.isRaised {
            seen += read()
            await Task.yield()
        }
        return seen + read()
    }

    /// Reads until so many messages have come.
    func read(count: Int) async -> [String] {
        var seen = read()
        var news = news.makeAsyncIterator()
        while seen.count < count {
            await news.next()
            seen += read()
        }
        return seen
    }

    /// Waits for the end of the stream.
    func ending() async -> RPCError? {
        var news = news.makeAsyncIterator()
        while endings.isEmpty { await news.next() }
        return endings[0]
    }
}
