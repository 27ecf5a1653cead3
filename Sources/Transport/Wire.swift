internal import EventCore
internal import HTTP2Engine
internal import TLSEngine

/// One socket with its TLS and HTTP/2 state on one loop: read, process, write once per tick.
///
/// The loop's registration keeps it alive, and it keeps its delegate, until it is closed.
final class Wire: HTTP2SessionOwner, ReadinessTarget, TickEndTarget, TimerTarget {
    enum State { case connecting, open, lingering, closed }

    /// 1 MiB per connection and tick: then the other connections of the loop have their turn.
    private static let flushRoundsMax = 16
    /// Some sixteen calls a tick, of a connection whose calls are refused: a flood of them has its turn like anybody.
    private static let sparingBytes = 4096
    /// How long a closed connection may take to read our last frames before it is cut.
    private static let lingerTime = Duration.seconds(1)
    /// Opaque to the peer; tells the two kinds of our PINGs apart.
    private static let (keepalivePayload, drainPayload): (UInt64, UInt64) = (1, 2)
    private static let clockTimer = 0
    private static let lingerTimer = 1

    let loop: EventLoop
    private let resources: LoopResources
    private let role: HTTP2Session.Role
    private let limits: HTTP2Limits
    private let number: Int32
    private var socket: SocketDescriptor?
    private(set) var tls: TLSSession?
    /// While a PROXY header must come first.
    var proxyHeader: ProxyHeader?
    private var hasAnsweredHello = false
    private(set) var session: HTTP2Session?
    private(set) var delegate: (any WireDelegate)?
    var clock: ConnectionClock
    private(set) var state: State
    private var registration = RegistrationID.none
    private var interest: Readiness = []
    private var backlog = Backlog()
    private var isFlushScheduled = false
    private var isEstablished = false
    private var saidGoodbye = false
    private var timer = TimerID.none
    private var timerDue = MonotonicInstant.distantFuture
    private(set) var lastReadAt: MonotonicInstant
    /// When the socket was connected, and when HTTP/2 could begin on it.
    private(set) var connectedAt: MonotonicInstant?
    private(set) var handshookAt: MonotonicInstant?
    /// Until when little is read at a time.
    var sparingUntil = MonotonicInstant(nanoseconds: 0)
    private var writeBlockedSince: MonotonicInstant?
    private var headersSince: MonotonicInstant?
    private var drainDebug = ""
    private var lossAfterFlush: ConnectionLoss?
    /// Why it ended: known before the streams are told.
    private(set) var loss: ConnectionLoss?

    /// - Parameters:
    ///   - tls: client: a session to start once connected; server: one that waits for the client's hello.
    ///   - expectsProxyHeader: server: nothing but a PROXY header may come first.
    init(
        loop: EventLoop, socket: consuming SocketDescriptor, tls: TLSSession?, role: HTTP2Session.Role,
        limits: HTTP2Limits, clock: ConnectionClock, expectsProxyHeader: Bool = false
    ) {
        self.loop = loop
        resources = LoopResources.of(loop)
        self.role = role
        self.limits = limits
        number = socket.number
        self.socket = consume socket
        self.tls = tls
        self.clock = clock
        proxyHeader = expectsProxyHeader ? ProxyHeader() : nil
        state = role == .client ? .connecting : .open
        lastReadAt = loop.now
    }

    /// Registers with the loop and begins; a failure comes to the delegate as `wireClosed`.
    func start(_ delegate: any WireDelegate) {
        self.delegate = delegate
        interest = state == .connecting ? .writable : .readable
        do throws(SystemCallError) {
            registration = try loop.register(number, for: interest, self)
        } catch {
            return close(ConnectionLoss(.resources(errno: error.code)))
        }
        rearm()
        if state == .open, tls == nil, proxyHeader == nil { handshook() }
    }

    // MARK: - Reading

    func descriptorReady(_ readiness: Readiness, on loop: EventLoop) {
        switch state {
        case .closed:
            return
        case .lingering:
            return discardInput()
        case .connecting:
            connected()
        case .open:
            if readiness.contains(.writable) { flush() }
            if state == .open, !readiness.isDisjoint(with: [.readable, .hangup]) { read() }
        }
    }

    private func connected() {
        let code = socket!.takeError()
        if code != 0 { return close(ConnectionLoss(.connectFailed(errno: code))) }
        state = .open
        connectedAt = loop.now
        setInterest(.readable)
        guard let tls else { return handshook() }
        do throws(TLSFailure) {
            try tls.start()
        } catch {
            return close(ConnectionLoss(.tls(error)))
        }
        sendTLSOutput()
    }

    private func read() {
        let room = loop.now < sparingUntil ? Self.sparingBytes : resources.input.count
        switch socket!.receive(into: UnsafeMutableRawBufferPointer(rebasing: resources.input[..<room])) {
        case .bytes(let count):
            lastReadAt = loop.now
            received(UnsafeRawBufferPointer(rebasing: resources.input[..<count]))
        case .wouldBlock:
            break
        case .endOfStream:
            close(ConnectionLoss(.peerClosed))
        case .failed(let code):
            close(ConnectionLoss(.socket(errno: code)))
        }
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        if proxyHeader != nil { return receivedProxyHeader(bytes) }
        guard let tls else { return process(bytes) }
        let plaintext = resources.plaintextBuffer()
        let wasComplete = tls.isHandshakeComplete
        do throws(TLSFailure) {
            let count = try tls.receive(bytes, plaintext: plaintext)
            sendTLSOutput()
            if !wasComplete, tls.isHandshakeComplete { handshook() }
            if count > 0, state == .open { process(UnsafeRawBufferPointer(rebasing: plaintext[..<count])) }
            if tls.isPeerDone, state == .open { close(ConnectionLoss(.peerClosed)) }
        } catch {
            // The alert tells the peer why.
            sendTLSOutput()
            close(ConnectionLoss(.tls(error)))
        }
    }

    func handshook() {
        do throws(HTTP2Failure) {
            session = try HTTP2Session(role: role, limits: limits, workspace: resources.http2, owner: self)
        } catch {
            return close(ConnectionLoss(.resources(errno: 0), error.description))
        }
        handshookAt = loop.now
        delegate?.wireHandshook()
        scheduleFlush()
    }

    private func process(_ bytes: UnsafeRawBufferPointer) {
        guard let session else { return }
        do throws(HTTP2Failure) {
            try session.receive(bytes, now: loop.now.nanoseconds)
        } catch {
            lossAfterFlush = lossAfterFlush ?? ConnectionLoss(.protocolError, error.description)
        }
        guard state == .open else { return }
        if session.isReceivingHeaders != (headersSince != nil) {
            headersSince = session.isReceivingHeaders ? loop.now : nil
            rearm()
        }
        if session.hasGivenUp { scheduleFlush() }
        if session.shouldPauseReading, !backlog.isEmpty { setInterest(.writable) }
    }

    // MARK: - Writing

    func sessionHasOutput() { scheduleFlush() }

    private func scheduleFlush() {
        guard !isFlushScheduled, state == .open else { return }
        isFlushScheduled = true
        loop.atTickEnd(self)
    }

    func tickEnding(on loop: EventLoop) {
        isFlushScheduled = false
        flush()
    }

    private func flush() {
        guard state == .open, sendBacklog() else { return }
        guard let session else { return }
        for round in 1...Self.flushRoundsMax {
            let count: Int
            do throws(HTTP2Failure) {
                count = try session.nextOutput(into: resources.output)
            } catch {
                return close(ConnectionLoss(.protocolError, error.description))
            }
            guard state == .open else { return }
            if count == 0 { break }
            guard seal(UnsafeRawBufferPointer(rebasing: resources.output[..<count])) else { return }
            // Less than a full buffer means that nothing was left.
            if count < LoopResources.bufferBytes / 2 { break }
            if round == Self.flushRoundsMax { scheduleFlush() }
        }
        if session.takeReturnedRoom() { delegate?.wireCapacityChanged() }
        // Bytes that wait for the peer's window start a clock of their own.
        if session.queuedByteCount > 0 {
            clock.queueMoved(sent: session.sentHeadersAndData, at: loop.now)
            rearm()
        }
        finishIfDone(session)
    }

    /// - Returns: whether everything went out.
    private func seal(_ plaintext: UnsafeRawBufferPointer) -> Bool {
        guard let tls else { return send(plaintext) }
        do throws(TLSFailure) {
            try tls.send(plaintext)
        } catch {
            close(ConnectionLoss(.tls(error)))
            return false
        }
        defer { resources.tls.clearOutput() }
        return send(resources.tls.output)
    }

    private func sendTLSOutput() {
        guard state == .open, !resources.tls.output.isEmpty else { return resources.tls.clearOutput() }
        if role == .server, !hasAnsweredHello {
            hasAnsweredHello = true
            delegate?.wireAnsweredHello()
        }
        defer { resources.tls.clearOutput() }
        if backlog.isEmpty {
            _ = send(resources.tls.output)
        } else {
            backlog.bytes.append(contentsOf: resources.tls.output)
        }
    }

    /// Hands bytes to the kernel; what it does not take becomes the backlog.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            switch socket!.send(UnsafeRawBufferPointer(rebasing: bytes[offset...])) {
            case .bytes(let count):
                offset += count
            case .wouldBlock:
                backlog = Backlog(bytes: Array(bytes[offset...]))
                blocked()
                return false
            case .failed(let code):
                close(ConnectionLoss(.socket(errno: code)))
                return false
            }
        }
        return true
    }

    private func sendBacklog() -> Bool {
        while !backlog.isEmpty {
            let sent = backlog.bytes.withUnsafeBytes {
                socket!.send(UnsafeRawBufferPointer(rebasing: $0[backlog.offset...]))
            }
            switch sent {
            case .bytes(let count):
                backlog.offset += count
                if writeBlockedSince != nil { writeBlockedSince = loop.now }
            case .wouldBlock:
                return false
            case .failed(let code):
                close(ConnectionLoss(.socket(errno: code)))
                return false
            }
        }
        if writeBlockedSince != nil {
            backlog = Backlog()
            writeBlockedSince = nil
            setInterest(.readable)
        }
        return true
    }

    private func blocked() {
        guard writeBlockedSince == nil else { return }
        writeBlockedSince = loop.now
        setInterest([.readable, .writable])
        rearm()
    }

    private func setInterest(_ wanted: Readiness) {
        guard wanted != interest else { return }
        interest = wanted
        loop.setInterest(wanted, of: registration)
    }

    private func finishIfDone(_ session: HTTP2Session) {
        guard state == .open, session.isFinished else { return }
        if let loss = lossAfterFlush { return linger(loss) }
        if let label = session.violationLabel {
            return linger(ConnectionLoss(session.hasExceededLimit ? .limitExceeded : .protocolError, label))
        }
        linger(ConnectionLoss(clock.isDraining || session.isDraining ? .drained : .protocolError))
    }

    // MARK: - Time

    private var facts: ConnectionFacts {
        ConnectionFacts(
            openStreamCount: session?.openStreamCount ?? 0, openingStep: openingStep, lastReadAt: lastReadAt,
            writeBlockedSince: writeBlockedSince, headersSince: headersSince,
            queuedByteCount: session?.queuedByteCount ?? 0,
            sentHeadersAndData: session?.sentHeadersAndData ?? 0)
    }

    private var openingStep: OpeningStep {
        if proxyHeader != nil { return .proxyHeader }
        return role == .server && tls != nil && !hasAnsweredHello ? .hello : .settings
    }

    /// Sets the timer when something may be due before it; a timer that is too early costs one check.
    func rearm() {
        guard state == .open || state == .connecting else { return }
        let due = clock.nextCheck(facts)
        guard due < timerDue else { return }
        loop.cancel(timer)
        timerDue = due
        timer = loop.schedule(at: due, self, kind: Self.clockTimer)
    }

    func timerFired(kind: Int, on loop: EventLoop) {
        if kind == Self.lingerTimer { return cut() }
        timer = .none
        timerDue = .distantFuture
        while state == .open || state == .connecting {
            let action = clock.check(at: loop.now, facts)
            if action == .none { break }
            perform(action)
        }
        rearm()
    }

    private func perform(_ action: LifetimeAction) {
        switch action {
        case .none: break
        case .ping: session?.ping(payload: Self.keepalivePayload)
        case .beginDrain(let debug): drain(debug: debug)
        case .finishDrain: finishDrain()
        case .close(let kind): close(ConnectionLoss(kind))
        }
    }

    // MARK: - Draining

    /// Server: the first GOAWAY and a PING; the second follows its answer. Client: no new streams.
    func drain(debug: String = "") {
        guard let session, !clock.isDraining, state == .open else {
            if session == nil { close(ConnectionLoss(.closedLocally)) }
            return
        }
        drainDebug = debug
        clock.drainBegan(at: loop.now)
        if role == .server {
            session.beginDrain()
            session.ping(payload: Self.drainPayload)
        } else {
            finishDrain()
        }
        rearm()
    }

    private func finishDrain() {
        guard let session, clock.awaitsDrainPing else { return }
        clock.drainFinished(at: loop.now)
        session.finishDrain(debug: drainDebug)
        scheduleFlush()
        rearm()
    }

    /// Ends with GOAWAY and a code, without waiting for calls.
    func terminate(_ code: HTTP2ErrorCode, debug: String, _ loss: ConnectionLoss) {
        guard state == .open, let session else { return close(loss) }
        lossAfterFlush = loss
        session.terminate(code, debug: debug)
        scheduleFlush()
    }

    // MARK: - HTTP/2

    func sessionMakesStream() -> HTTP2Stream { delegate!.wireMakesStream() }

    func sessionReceivedSettings() {
        if isEstablished {
            delegate?.wireCapacityChanged()
        } else {
            isEstablished = true
            clock.established(at: loop.now)
            rearm()
            delegate?.wireEstablished()
        }
    }

    func sessionReceivedPing() { delegate?.wireReceivedPing() }

    func sessionReceivedPingAcknowledgement(payload: UInt64) {
        if payload == Self.drainPayload { finishDrain() }
    }

    func sessionReceivedGoAway(lastStreamID: Int32, code: HTTP2ErrorCode, debugData: [UInt8]) {
        delegate?.wireReceivedGoAway(code: code, debugData: debugData)
        scheduleFlush()
    }

    func sessionClosedStream() {
        if session?.openStreamCount == 0 {
            clock.streamsBecameEmpty(at: loop.now)
            rearm()
            // A drained session is finished by its last stream, not by a frame.
            if session?.isDraining == true { scheduleFlush() }
        }
        delegate?.wireCapacityChanged()
    }

    // MARK: - The end

    /// Closes at once.
    func close(_ loss: ConnectionLoss) {
        guard state == .open || state == .connecting else { return }
        sayGoodbye()
        // A peer that is gone made the farewell fail, which closed with that failure.
        guard state == .open || state == .connecting else { return }
        end(loss)
        cut()
    }

    /// Our last frames are with the kernel: no more writing, and a moment for the peer to read them. Closing
    /// a socket with unread input would reset it, and the GOAWAY would be lost.
    private func linger(_ loss: ConnectionLoss) {
        sayGoodbye()
        guard state == .open else { return }
        socket!.shutdownWrites()
        end(loss)
        state = .lingering
        setInterest(.readable)
        timer = loop.schedule(at: loop.now + Self.lingerTime, self, kind: Self.lingerTimer)
        discardInput()
    }

    /// close_notify, once: sending it can fail, and a failure closes.
    private func sayGoodbye() {
        guard state == .open, !saidGoodbye, let tls, tls.isHandshakeComplete else { return }
        saidGoodbye = true
        tls.close()
        sendTLSOutput()
    }

    private func discardInput() {
        switch socket!.receive(into: resources.input) {
        case .bytes, .wouldBlock: break
        case .endOfStream, .failed: cut()
        }
    }

    /// Tells everybody, once.
    private func end(_ loss: ConnectionLoss) {
        state = .closed
        self.loss = loss
        loop.cancel(timer)
        timer = .none
        backlog = Backlog()
        session?.abandon()
        let delegate = self.delegate
        self.delegate = nil
        delegate?.wireClosed(loss)
    }

    private func cut() {
        state = .closed
        loop.cancel(timer)
        loop.deregister(registration)
        registration = .none
        // The session may be on the stack below us: it is freed with this object, the socket now.
        socket = nil
    }

    func setUserTimeout(_ timeout: Duration) { socket?.setUserTimeout(timeout) }
}
