internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import Transport

/// One call of a client over all its attempts: deadline, retries or hedges, and the end.
///
/// Until the call is committed to an attempt (response headers arrived, or more was written than is kept), what the
/// user writes is kept to be sent again. A retry is a new attempt after a failed one; hedges are concurrent attempts,
/// and the first that settles the call cancels the others.
///
/// - Isolation: the channel's loop, except init and the ``CallDriver`` members.
final class ClientCall: @unchecked Sendable {
    // Sendable: mutable fields are touched on the core's loop alone; CallDriver members hop there first.

    private enum TimerKind {
        static let deadline = 0
        static let retry = 1
        static let hedge = 2
    }

    let method: MethodDescriptor
    let options: CallOptions
    let stream: CallStream
    let deadline: MonotonicInstant?
    /// For the interceptors; `nil` without any.
    private let startedAt: MonotonicInstant?
    private let core: ChannelCore
    /// The attempt that the call is committed to, or the first of those under way.
    private var attempt: ClientAttempt?
    /// The other attempts of a hedged call that is not committed.
    private var otherAttempts: [ClientAttempt] = []
    private var retries: RetryState?
    private var hedging: HedgingState?
    private var usedTransparentRetry = false
    /// No other attempt will be made: response headers arrived, or too much was written to be kept.
    private var isCommitted = false
    /// A first attempt was made.
    private var hasStarted = false
    private(set) var isDone = false
    private var deadlineTimer = TimerID.none
    private var retryTimer = TimerID.none
    private var hedgeTimer = TimerID.none

    init(core: ChannelCore, method: MethodDescriptor, options: CallOptions) {
        self.core = core
        self.method = method
        var options = options
        for interceptor in core.configuration.interceptors {
            interceptor.callWillStart(method, options: &options)
        }
        self.options = options
        startedAt = core.configuration.interceptors.isEmpty ? nil : .systemNow()
        deadline = options.timeout.map { MonotonicInstant.systemNow() + min($0, GRPCTimeout.longest) }
        stream = CallStream(maxMessageBytes: options.maxResponseBytes ?? core.configuration.maxResponseBytes)
        if !core.configuration.hedging.isEmpty {
            hedging = core.configuration.hedging[method.path].map(HedgingState.init(policy:))
        }
        if hedging == nil { retries = core.configuration.retryPolicy.map(RetryState.init(policy:)) }
        stream.attachClient(self, compression: compressesRequests ? .gzip : nil)
    }

    var compressesRequests: Bool {
        switch options.compression ?? core.configuration.compression {
        case .none: false
        case .gzip: true
        }
    }

    var waitsForReady: Bool { options.waitForReady ?? core.configuration.waitForReady }

    /// `grpc-previous-rpc-attempts`.
    var previousAttempts: Int { retries?.failedAttempts ?? hedging?.sentAttempts ?? 0 }

    /// Arms the deadline.
    /// - Returns: `false` when the call has already ended.
    func begin() -> Bool {
        guard !isDone else { return false }
        guard let deadline else { return true }
        if deadline <= core.loop.now {
            failDeadline()
            return false
        }
        deadlineTimer = core.loop.schedule(at: deadline, self, kind: TimerKind.deadline)
        return true
    }

    // MARK: Attempts

    /// Starts an attempt on a connection: the first, a retry, or a hedge.
    func start(on connection: ClientConnection) {
        let attempt = ClientAttempt(call: self, connection: connection)
        core.withHeaders(of: self) { headers in
            connection.open(attempt, headers: headers, endStream: false)
        }
        if self.attempt == nil {
            self.attempt = attempt
            if hasStarted { stream.keptBytes.rewind() }
            hasStarted = true
        } else {
            otherAttempts.append(attempt)
            stream.keptBytes.lend { attempt.write($0) }
        }
        if hedging != nil { hedgeWasSent() }
        flush()
    }

    /// Passes what the user wrote to the attempts under way.
    func flush() {
        guard !isDone, let attempt else { return }
        let status = stream.drainOutbound { bytes in
            attempt.write(bytes)
            for other in otherAttempts { other.write(bytes) }
        }
        if attempt.queuedByteCount > attempt.highWater { stream.setBacklogged(true) }
        if !isCommitted, status.heldByteCount > core.configuration.maxReplayBytes {
            settle(on: attempt)
            stream.keptBytes.release()
        }
        if status.isFinished, status.isDrained {
            attempt.finishOnce()
            for other in otherAttempts { other.finishOnce() }
        }
    }

    func attemptBecameWritable() {
        stream.setBacklogged(false)
        flush()
    }

    /// Response headers arrived: the call is committed to this attempt.
    func attemptWasAnswered(_ chosen: ClientAttempt, _ metadata: Metadata) {
        if !isCommitted { settle(on: chosen) }
        stream.receiveInitialMetadata(metadata)
    }

    /// No other attempt will be made; concurrent ones are cancelled.
    private func settle(on chosen: ClientAttempt) {
        isCommitted = true
        cancelHedges(but: chosen)
        attempt = chosen
    }

    /// An attempt ended with a status.
    ///
    /// - Parameters:
    ///   - error: `nil` for OK.
    ///   - wasRefused: no server has processed the call.
    func attemptEnded(
        _ ended: ClientAttempt, _ error: RPCError?, trailers: Metadata, wasRefused: Bool = false
    ) {
        guard !isDone else { return }
        forget(ended)
        guard let error else {
            core.throttle.recordSuccess()
            return complete(nil, trailers: trailers)
        }
        if wasRefused, !isCommitted, !usedTransparentRetry {
            usedTransparentRetry = true
            hedging?.attemptWasRefused()
            return core.submitAgain(self)
        }
        if !isCommitted {
            if hedging != nil { return hedgeFailed(error, trailers: trailers) }
            if let delay = retryDelay(after: error) {
                retryTimer = core.loop.schedule(at: core.loop.now + delay, self, kind: TimerKind.retry)
                return core.callWaitsForRetry(self)
            }
        }
        complete(error, trailers: trailers)
    }

    private func forget(_ ended: ClientAttempt) {
        otherAttempts.removeAll { $0 === ended }
        guard attempt === ended else { return }
        attempt = otherAttempts.isEmpty ? nil : otherAttempts.removeFirst()
    }

    // MARK: Hedges

    private func hedgeWasSent() {
        hedging?.attemptSent()
        guard let hedging, hedgeTimer == .none else { return }
        scheduleHedge(after: hedging.policy.delay)
    }

    private func scheduleHedge(after delay: Duration) {
        guard !isCommitted, hedging?.allowsNext(core.throttle) == true else { return }
        hedgeTimer = core.loop.schedule(at: core.loop.now + delay, self, kind: TimerKind.hedge)
    }

    /// The next attempt is due; sending it schedules the one after it.
    private func sendHedge() {
        guard !isDone, !isCommitted, hedging?.allowsNext(core.throttle) == true else { return }
        if attempt == nil { return core.submitAgain(self) }
        core.placeHedge(self)
        // No connection had room: wait for the delay again.
        if hedgeTimer == .none, let delay = hedging?.policy.delay, delay > .zero {
            scheduleHedge(after: delay)
        }
    }

    private func hedgeFailed(_ error: RPCError, trailers: Metadata) {
        switch hedging?.attemptFailed(
            code: error.code, pushback: error.retryPushback, throttle: &core.throttle)
        {
        case .sendNext(let delay):
            cancelHedgeTimer()
            if delay == .zero { return sendHedge() }
            scheduleHedge(after: delay)
            if attempt == nil { core.callWaitsForRetry(self) }
        case .waitForOthers:
            cancelHedgeTimer()
            if attempt == nil { complete(error, trailers: trailers) }
        case .settled, nil:
            complete(error, trailers: trailers)
        }
    }

    private func cancelHedges(but chosen: ClientAttempt?) {
        cancelHedgeTimer()
        if let attempt, attempt !== chosen { attempt.cancel() }
        for other in otherAttempts where other !== chosen { other.cancel() }
        otherAttempts = []
    }

    private func cancelHedgeTimer() {
        if hedgeTimer != .none { core.loop.cancel(hedgeTimer) }
        hedgeTimer = .none
    }

    private func retryDelay(after error: RPCError) -> Duration? {
        guard retries != nil else { return nil }
        let randomUnit = core.randomUnit()
        let decision = retries?.attemptFailed(
            code: error.code, pushback: error.retryPushback, randomUnit: randomUnit, throttle: &core.throttle)
        switch decision {
        case .retry(let delay): return delay
        case .giveUp, nil: return nil
        }
    }

    // MARK: End

    /// Ends the call; idempotent.
    func complete(_ error: RPCError?, trailers: Metadata = Metadata()) {
        guard !isDone else { return }
        tellInterceptors(error)
        end()
        stream.end(error, trailers: trailers)
    }

    /// Ends the call by a decision of this side: the server is told, queued messages are dropped.
    func cancel(_ error: RPCError) {
        guard !isDone else { return }
        tellInterceptors(error)
        end()
        stream.fail(error)
        stream.detachDriver()
    }

    private func tellInterceptors(_ error: RPCError?) {
        guard let startedAt else { return }
        let duration = MonotonicInstant.systemNow() - startedAt
        for interceptor in core.configuration.interceptors.reversed() {
            interceptor.callDidEnd(method, status: error, duration: duration)
        }
    }

    /// Tells an attempt that is still under way to stop.
    private func end() {
        isDone = true
        cancelHedges(but: nil)
        attempt = nil
        if deadlineTimer != .none { core.loop.cancel(deadlineTimer) }
        if retryTimer != .none { core.loop.cancel(retryTimer) }
        core.callEnded(self)
    }

    var deadlineHasPassed: Bool { deadline.map { $0 <= MonotonicInstant.systemNow() } ?? false }

    func failDeadline() {
        cancel(RPCError(.deadlineExceeded, "no response before the deadline; \(core.situation)"))
    }
}

extension ClientCall: TimerTarget {
    func timerFired(kind: Int, on loop: EventLoop) {
        switch kind {
        case TimerKind.deadline:
            failDeadline()
        case TimerKind.hedge:
            hedgeTimer = .none
            core.callStoppedWaiting(self)
            sendHedge()
        default:
            retryTimer = .none
            core.submitAgain(self)
        }
    }
}

extension ClientCall: CallDriver {
    func outboundDidGrow() {
        core.loop.execute { self.flush() }
    }

    func inboundWasConsumed(byteCount: Int) {
        core.loop.execute { self.attempt?.consume(byteCount) }
    }

    func abandon() {
        core.loop.execute {
            // This call may not have been taken from the queue yet.
            self.core.takeCalls()
            self.cancel(RPCError(.cancelled, "the caller cancelled the call"))
        }
    }

    func finishDetached(_ error: RPCError?) {
        // Only servers detach calls.
    }
}
