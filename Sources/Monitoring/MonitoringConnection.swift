internal import EventCore

/// One connection: reads a request head, responds, closes. Belongs to the loop's thread.
///
/// `@unchecked Sendable`: the task that calls the responder carries it from the loop to the same loop.
final class MonitoringConnection: ReadinessTarget, TimerTarget, @unchecked Sendable {
    private enum State { case reading, mappingDomainErrors, writing, closed }

    /// Increases from one connection to the next.
    let number: Int
    /// The peer's address, without its port.
    let host: String
    private let loop: EventLoop
    private let responder: MonitoringServer.Responder
    private var socket: SocketDescriptor?
    private var registration = RegistrationID.none
    private var timer = TimerID.none
    private var state = State.reading
    private var reader = MonitoringRequestReader()
    private var output: [UInt8] = []
    private var sent = 0
    private var ended: ((MonitoringConnection) -> Void)?

    init(
        number: Int, host: String, socket: consuming SocketDescriptor, loop: EventLoop,
        responder: @escaping MonitoringServer.Responder
    ) {
        self.number = number
        self.host = host
        self.socket = consume socket
        self.loop = loop
        self.responder = responder
    }

    /// The next step is the peer's: the rest of its request, or reading the response.
    var isWaitingForPeer: Bool { state == .reading || state == .writing }

    /// - Parameter ended: called once, when the socket is closed.
    func start(_ ended: @escaping (MonitoringConnection) -> Void) {
        self.ended = ended
        guard let number = socket?.number else { return }
        do throws(SystemCallError) {
            registration = try loop.register(number, for: .readable, self)
        } catch {
            return close()
        }
        timer = loop.schedule(at: loop.now + MonitoringServer.connectionTime, self)
        // After its request the connection waits for us, and cannot be closed in favor of another.
        read()
    }

    func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        switch state {
        case .reading: read()
        case .mappingDomainErrors:
            // Readable again means a pipelined request, which is ignored, or that the peer closed.
            if readiness.contains(.hangup) { close() } else { loop.setInterest([], of: registration) }
        case .writing: write()
        case .closed: break
        }
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        timer = .none
        if state == .reading { answer(MonitoringResponse(refusal: .requestTimeout), isHeadOnly: false) }
        close()
    }

    private func read() {
        let outcome: MonitoringRequestReader.Progress? = withUnsafeTemporaryAllocation(
            byteCount: 4096, alignment: 1
        ) { buffer in
            switch socket!.receive(into: buffer) {
            case .bytes(let count):
                return reader.receive(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            case .wouldBlock: return .incomplete
            case .endOfStream, .failed: return nil
            }
        }
        switch outcome {
        case nil: close()
        case .incomplete: break
        case .refused(let status): answer(MonitoringResponse(refusal: status), isHeadOnly: false)
        case .complete(let request): ask(request)
        }
    }

    private func ask(_ request: MonitoringRequest) {
        state = .mappingDomainErrors
        Task(executorPreference: loop) { [loop, responder] in
            let response = await responder(request.path) ?? MonitoringResponse(refusal: .notFound)
            loop.execute { self.answer(response, isHeadOnly: request.isHeadOnly) }
        }
    }

    private func answer(_ response: MonitoringResponse, isHeadOnly: Bool) {
        guard state != .closed else { return }
        state = .writing
        output = response.encoded(isHeadOnly: isHeadOnly)
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
        // then drain what has arrived.
        socket!.shutdownWrites()
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            for _ in 0..<4 {
                guard case .bytes = socket!.receive(into: buffer) else { break }
            }
        }
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
