internal import EventCore
internal import HTTP1Engine

/// One connection: reads a request head, responds, closes. Belongs to the loop's thread.
///
/// `@unchecked Sendable`: the task that calls the responder carries it from the loop to the same loop.
final class MonitoringConnection: ReadinessTarget, TimerTarget, @unchecked Sendable {
    private enum State { case reading, answering, writing, draining, closed }

    private static let readBytesMax = 4096
    /// What a refused request may still send without losing its answer.
    private static let drainBytesMax = 64 << 10
    private static let drainTime: Duration = .seconds(2)

    /// A request of a scraper or prober is one packet: half of the connection's time is left for the response.
    private static let limits: HTTP1Limits = {
        var limits = HTTP1Limits()
        limits.headNanosecondsMax = 5_000_000_000
        return limits
    }()

    /// Increases from one connection to the next.
    let number: Int
    /// The peer's address, without its port.
    let host: String
    private let loop: EventLoop
    private let service: MonitoringService
    private var socket: SocketDescriptor?
    private var registration = RegistrationID.none
    private var timer = TimerID.none
    private var state = State.reading
    private var session: HTTP1Session
    private let end: MonotonicInstant
    private var output: [UInt8] = []
    private var sent = 0
    private var drained = 0
    private var ended: ((MonitoringConnection) -> Void)?

    init(
        number: Int, host: String, socket: consuming SocketDescriptor, loop: EventLoop, service: MonitoringService
    ) {
        self.number = number
        self.host = host
        self.socket = consume socket
        self.loop = loop
        self.service = service
        session = HTTP1Session(limits: Self.limits, now: service.time(loop.now))
        end = loop.now + MonitoringServer.connectionTime
    }

    /// The next step is the peer's: the rest of its request, reading the response, or closing.
    var isWaitingForPeer: Bool { state == .reading || state == .writing || state == .draining }

    private var now: HTTP1Time { service.time(loop.now) }

    /// - Parameter ended: called once, when the socket is closed.
    func start(_ ended: @escaping (MonitoringConnection) -> Void) {
        self.ended = ended
        guard let number = socket?.number else { return }
        do throws(SystemCallError) {
            registration = try loop.register(number, for: .readable, self)
        } catch {
            return close()
        }
        setTimer()
        // After its request the connection waits for us, and cannot be closed in favor of another.
        read()
    }

    func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        switch state {
        case .reading: read()
        case .answering:
            // Readable again means a pipelined request, which is ignored, or that the peer closed.
            if readiness.contains(.hangup) { close() } else { loop.setInterest([], of: registration) }
        case .writing: write()
        case .draining: drain()
        case .closed: break
        }
    }

    /// For what comes first; later deadlines are looked up when it fires.
    private func setTimer() {
        let next = session.nextDeadline.map { MonotonicInstant(nanoseconds: $0) } ?? end
        timer = loop.schedule(at: min(next, end), self)
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        timer = .none
        if state == .draining { return close() }
        if loop.now >= end {
            // A slow responder is not the peer's fault.
            if state == .writing { service.counters.countEnd("response_not_taken") }
            return close()
        }
        if state == .reading {
            session.expire(now: now)
            takeEvents()
        }
        if state != .closed { setTimer() }
    }

    private func read() {
        let isOpen: Bool = withUnsafeTemporaryAllocation(byteCount: Self.readBytesMax, alignment: 1) { buffer in
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(session.readableByteCount))
            switch socket!.receive(into: room) {
            case .bytes(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: room.prefix(count)).bindMemory(to: UInt8.self)
                session.receive(bytes.span, now: now)
            case .wouldBlock: break
            case .endOfStream: session.receiveEnd(now: now)
            case .failed: return false
            }
            return true
        }
        guard isOpen else { return close() }
        takeEvents()
    }

    private func takeEvents() {
        while state == .reading, let event = session.nextEvent() {
            switch event {
            case .head(let head):
                switch head.method {
                case "GET", "HEAD": ask(head.path)
                default: answer(MonitoringResponse(refusal: .methodNotAllowed))
                }
            // A head is answered before anything else of its request is looked at.
            case .body, .end: break
            case .failed(let violation):
                service.counters.countEnd(violation.label)
                send()
            }
        }
        // The peer closed before it asked for anything.
        if state == .reading, session.closesAfterOutput { close() }
    }

    private func ask(_ path: String) {
        state = .answering
        Task(executorPreference: loop) { [loop, service] in
            let response = await service.responder(path) ?? MonitoringResponse(refusal: .notFound)
            loop.execute { self.answer(response) }
        }
    }

    private func answer(_ response: MonitoringResponse) {
        guard state != .closed else { return }
        do throws(HTTP1ResponseError) {
            try session.respond(response.head, body: response.body.utf8.span, now: now)
        } catch {
            // A content type that cannot be sent: the responder's fault.
            session.abort()
        }
        send()
    }

    private func send() {
        state = .writing
        output = session.takeOutput()
        write()
    }

    private func write() {
        while sent < output.count {
            let result = output.withUnsafeBytes { bytes in
                socket!.send(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            }
            switch result {
            case .bytes(let count): sent += count
            case .wouldBlock: return loop.setInterest(.writable, of: registration)
            case .failed: return close()
            }
        }
        // Unread bytes at close would make the kernel send RST, and the peer might lose the response: send FIN first,
        // then read what still arrives until the peer closes (RFC 9112 section 9.6).
        socket!.shutdownWrites()
        state = .draining
        loop.cancel(timer)
        timer = loop.schedule(at: min(end, loop.now + Self.drainTime), self)
        loop.setInterest(.readable, of: registration)
        drain()
    }

    private func drain() {
        let isOpen = withUnsafeTemporaryAllocation(byteCount: Self.readBytesMax, alignment: 1) { buffer in
            while drained <= Self.drainBytesMax {
                switch socket!.receive(into: buffer) {
                case .bytes(let count): drained += count
                case .wouldBlock: return true
                case .endOfStream, .failed: return false
                }
            }
            service.counters.countEnd("unread_bytes")
            return false
        }
        if !isOpen { close() }
    }

    /// Makes room for a connection that came later; one that has had its response loses nothing.
    func giveWay() {
        if state != .draining { service.counters.countEnd("connections_max") }
        close()
    }

    func close() {
        guard state != .closed else { return }
        state = .closed
        loop.cancel(timer)
        loop.deregister(registration)
        socket = nil
        ended?(self)
        ended = nil
    }
}
