internal import EventCore
internal import HTTP2Engine
internal import TLSEngine

/// One socket with its TLS and HTTP/2 state on one loop: read, process, write once per tick.
///
/// The loop's registration keeps it alive, and it keeps its delegate, until it is closed.
final class HTTP2Connection: HTTP2SessionOwner, ReadinessTarget, TickEndTarget, TimerTarget {
    enum State { case connecting, open, lingering, closed }

    /// 1 MiB per connection and tick: then the loop's other connections have their turn.
    private static let flushRoundsMax = 16
    /// How long a closed connection may take to read our last frames before it is cut.
    static let lingerTime = Duration.seconds(1)
    static let clockTimer = 0
    static let lingerTimer = 1

    let loop: EventLoop
    let resources: LoopResources
    let role: HTTP2Session.Role
    private let limits: HTTP2Limits
    private let number: Int32
    var socket: SocketDescriptor?
    var tls: TLSSession?
    /// While a PROXY header must come first.
    var proxyHeader: ProxyHeader?
    private(set) var hasAnsweredHello = false
    var session: HTTP2Session?
    var delegate: (any HTTP2ConnectionDelegate)?
    var clock: ConnectionClock
    var state: State
    var registration = RegistrationID.none
    private var interest: Readiness = []
    var backlog = Backlog()
    private var isFlushScheduled = false
    private var isEstablished = false
    var saidGoodbye = false
    var timer = TimerID.none
    var timerDue = MonotonicInstant.distantFuture
    private(set) var lastReadAt: MonotonicInstant
    /// When the socket was connected, and when HTTP/2 could begin on it.
    private(set) var connectedAt: MonotonicInstant?
    private(set) var handshookAt: MonotonicInstant?
    /// Until when it is read only a little at a time.
    var sparingUntil = MonotonicInstant(nanoseconds: 0)
    var waitsForSparingRead = false
    var writeBlockedSince: MonotonicInstant?
    var headersSince: MonotonicInstant?
    var drainDebug = ""
    var lossAfterFlush: ConnectionLoss?
    /// Why it ended: set before the streams are notified.
    var loss: ConnectionLoss?

    /// - Parameters:
    ///   - tls: client: a session to start once connected; server: one that waits for the client's hello.
    ///   - expectsProxyHeader: server: the first bytes must be a PROXY header.
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

    /// Registers with the loop and starts; a failure is reported to the delegate as `wireClosed`.
    func start(_ delegate: any HTTP2ConnectionDelegate) {
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
            guard state == .open, !readiness.isDisjoint(with: [.readable, .hangup]) else { return }
            if loop.now < sparingUntil {
                resources.sparingReads.noticed(self, in: loop.tickNumber)
            } else {
                _ = read(atMost: resources.input.count)
            }
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

    /// - Returns: how many bytes were read.
    func read(atMost room: Int) -> Int {
        guard state == .open else { return 0 }
        switch socket!.receive(into: UnsafeMutableRawBufferPointer(rebasing: resources.input[..<room])) {
        case .bytes(let count):
            lastReadAt = loop.now
            received(UnsafeRawBufferPointer(rebasing: resources.input[..<count]))
            return count
        case .wouldBlock:
            break
        case .endOfStream:
            close(ConnectionLoss(.peerClosed))
        case .failed(let code):
            close(ConnectionLoss(.socket(errno: code)))
        }
        return 0
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
            close(error.kind == .limit ? ConnectionLoss(.limitExceeded, error.reason) : ConnectionLoss(.tls(error)))
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

    func scheduleFlush() {
        guard !isFlushScheduled, state == .open else { return }
        isFlushScheduled = true
        loop.atTickEnd(self)
    }

    func tickEnding(on loop: EventLoop) {
        isFlushScheduled = false
        flush()
    }

    func flush() {
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
            // Less than a full buffer means that nothing is left.
            if count < LoopResources.bufferBytes / 2 { break }
            if round == Self.flushRoundsMax { scheduleFlush() }
        }
        if session.takeReturnedRoom() { delegate?.wireCapacityChanged() }
        // Bytes that wait for the peer's window have their own timeout.
        if session.queuedByteCount > 0 {
            clock.queueMoved(sent: session.sentHeadersAndData, at: loop.now)
            rearm()
        }
        finishIfDone(session)
    }

    /// - Returns: whether everything was sent.
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

    func sendTLSOutput() {
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

    /// Passes bytes to the kernel; what it does not accept becomes the backlog.
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

    func setInterest(_ wanted: Readiness) {
        guard wanted != interest else { return }
        interest = wanted
        loop.setInterest(wanted, of: registration)
    }

    private func finishIfDone(_ session: HTTP2Session) {
        guard state == .open else { return }
        guard session.isFinished || clock.isExpired && session.queuedByteCount == 0 else { return }
        if let loss = lossAfterFlush { return linger(loss) }
        if let label = session.violationLabel {
            return linger(ConnectionLoss(session.hasExceededLimit ? .limitExceeded : .protocolError, label))
        }
        linger(ConnectionLoss(clock.isDraining || session.isDraining ? .drained : .protocolError))
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
            // The last stream finishes a drained session, not a frame.
            if session?.isDraining == true { scheduleFlush() }
        } else if clock.isStopping {
            // It may have been the last stream to wait for.
            rearm()
        }
        delegate?.wireCapacityChanged()
    }
}
