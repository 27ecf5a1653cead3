internal import EventCore
internal import HTTP2Engine
internal import TLSEngine

/// Timeouts, draining and the end of a wire.
extension HTTP2Connection {
    // MARK: - Time

    private var facts: ConnectionFacts {
        ConnectionFacts(
            openStreamCount: session?.openStreamCount ?? 0, isWaitedFor: isWaitedFor, openingStep: openingStep,
            lastReadAt: lastReadAt, writeBlockedSince: writeBlockedSince, headersSince: headersSince,
            queuedByteCount: session?.queuedByteCount ?? 0,
            sentHeadersAndData: session?.sentHeadersAndData ?? 0)
    }

    private var openingStep: OpeningStep {
        if proxyHeader != nil { return .proxyHeader }
        return role == .server && tls != nil && !hasAnsweredHello ? .hello : .settings
    }

    /// Whether a stream is open that a stopping server must wait for. Computed only while it stops.
    private var isWaitedFor: Bool {
        guard clock.isStopping, let session else { return true }
        return session.hasStream { !$0.isExpendable }
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
        runClock()
    }

    private func runClock() {
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
        case .expire: expire()
        case .close(let kind): close(ConnectionLoss(kind))
        }
    }

    /// Opaque to the peer; distinguishes the two kinds of our PINGs.
    static let keepalivePayload: UInt64 = 1
    static let drainPayload: UInt64 = 2

    // MARK: - Draining

    /// Server: the first GOAWAY and a PING; the second follows its response. Client: no new streams.
    func drain(debug: String = "") {
        guard let session, !clock.isDraining, state == .open else {
            if session == nil { close(ConnectionLoss(.closedLocally)) }
            return
        }
        drainDebug = debug
        clock.drainBegan(at: loop.now)
        if role == .server {
            session.beginDrain(pingPayload: Self.drainPayload)
        } else {
            finishDrain()
        }
        rearm()
    }

    /// Server: as `drain`, but with the whole server, which waits for it no longer than `grace`.
    func stop(grace: Duration) {
        guard state == .open, let session else { return close(ConnectionLoss(.closedLocally)) }
        let isFirst = !clock.isDraining
        clock.stopBegan(at: loop.now, grace: grace)
        if isFirst { session.beginDrain(pingPayload: Self.drainPayload) }
        delegate?.wireStopping()
        runClock()
    }

    /// Ends the remaining calls, and the connection when that was sent.
    private func expire() {
        lossAfterFlush = lossAfterFlush ?? ConnectionLoss(.graceExpired)
        delegate?.wireExpired()
        // Now, because there may be no later.
        flush()
    }

    func finishDrain() {
        guard let session, clock.awaitsDrainPing else { return }
        clock.drainFinished()
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

    /// The same, and at once: the peer will not read anything later.
    func giveWay(debug: String, _ loss: ConnectionLoss) {
        terminate(.noError, debug: debug, loss)
        flush()
        close(loss)
        if state == .lingering { cut() }
    }

    // MARK: - The end

    /// Closes at once.
    func close(_ loss: ConnectionLoss) {
        guard state == .open || state == .connecting else { return }
        sayGoodbye()
        // If the peer is gone, sending the GOAWAY failed and closed already.
        guard state == .open || state == .connecting else { return }
        end(loss)
        cut()
    }

    /// The kernel has our last frames: stop writing, and give the peer a moment to read them. Closing a socket with
    /// unread input would reset it, and the GOAWAY would be lost.
    func linger(_ loss: ConnectionLoss) {
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

    func discardInput() {
        switch socket!.receive(into: resources.input) {
        case .bytes, .wouldBlock: break
        case .endOfStream, .failed: cut()
        }
    }

    /// Notifies everyone, once.
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
        resources.sparingReads.forget(self)
        loop.cancel(timer)
        loop.deregister(registration)
        registration = .none
        // This object may still be on the stack: it is released later, the socket now.
        socket = nil
    }

    func setUserTimeout(_ timeout: Duration) { socket?.setUserTimeout(timeout) }
}
