internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import Transport

/// One call of a client over all its attempts: deadline, retries and the end.
///
/// - Isolation: the channel's loop, but for init and the ``CallDriver`` members.
final class ClientCall: @unchecked Sendable {
    // Sendable: mutable fields are touched on the core's loop alone; CallDriver members hop there first.

    private enum TimerKind {
        static let deadline = 0
        static let retry = 1
    }

    let method: MethodDescriptor
    let options: CallOptions
    let stream: CallStream
    let deadline: MonotonicInstant?
    private let core: ChannelCore
    private var attempt: ClientAttempt?
    private var retries: RetryState?
    private var usedTransparentRetry = false
    /// No other attempt will be made: response headers came, or too much was written to be kept.
    private var isCommitted = false
    private(set) var isDone = false
    private var deadlineTimer = TimerID.none
    private var retryTimer = TimerID.none

    init(core: ChannelCore, method: MethodDescriptor, options: CallOptions) {
        self.core = core
        self.method = method
        self.options = options
        deadline = options.timeout.map { MonotonicInstant.systemNow() + min($0, GRPCTimeout.longest) }
        stream = CallStream(maxMessageBytes: options.maxResponseBytes ?? core.configuration.maxResponseBytes)
        retries = core.configuration.retryPolicy.map(RetryState.init(policy:))
        stream.keepSentBytes()
        if packsRequests { stream.setOutboundCompression(.gzip) }
        stream.attach(self)
    }

    var packsRequests: Bool {
        switch options.compression ?? core.configuration.compression {
        case .none: false
        case .gzip: true
        }
    }

    var waitsForReady: Bool { options.waitForReady ?? core.configuration.waitForReady }

    /// `grpc-previous-rpc-attempts`.
    var previousAttempts: Int { retries?.failedAttempts ?? 0 }

    /// Arms the deadline.
    /// - Returns: `false` when the call is over already.
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

    func start(on connection: ClientConnection) {
        let attempt = ClientAttempt(call: self, loop: core.loop)
        self.attempt = attempt
        stream.rewind()
        core.withHeaders(of: self) { headers in
            connection.open(attempt, headers: headers, endStream: false)
        }
        flush()
    }

    /// Hands what the user wrote to the present attempt.
    func flush() {
        guard !isDone, let attempt else { return }
        let status = stream.drainOutbound { attempt.write($0) }
        if attempt.queuedByteCount > attempt.highWater { stream.setBacklogged(true) }
        if !isCommitted, stream.heldByteCount > core.configuration.maxReplayBytes { commit() }
        if status.isFinished, status.isDrained { attempt.finishOnce() }
    }

    func attemptBecameWritable() {
        stream.setBacklogged(false)
        flush()
    }

    func commit() {
        guard !isCommitted else { return }
        isCommitted = true
        stream.stopKeepingSentBytes()
    }

    /// The present attempt is over with a status.
    ///
    /// - Parameters:
    ///   - error: `nil` for OK.
    ///   - wasRefused: no server has touched the call.
    func attemptEnded(_ error: RPCError?, trailers: Metadata, wasRefused: Bool = false) {
        attempt = nil
        guard !isDone else { return }
        guard let error else {
            core.throttle.recordSuccess()
            return complete(nil, trailers: trailers)
        }
        if wasRefused, !isCommitted, !usedTransparentRetry {
            usedTransparentRetry = true
            return core.submitAgain(self)
        }
        if !isCommitted, let delay = retryDelay(after: error) {
            retryTimer = core.loop.schedule(at: core.loop.now + delay, self, kind: TimerKind.retry)
            return core.callWaitsForRetry(self)
        }
        complete(error, trailers: trailers)
    }

    func attemptLostConnection() {
        attemptEnded(
            RPCError(.unavailable, "the connection was lost; \(core.situation)"), trailers: Metadata())
    }

    private func retryDelay(after error: RPCError) -> Duration? {
        guard retries != nil else { return nil }
        let pushback = RetryPushback(trailer: error.trailers["grpc-retry-pushback-ms"])
        let jitter = core.randomFactor(0.8...1.2)
        let decision = retries?.attemptFailed(
            code: error.code, pushback: pushback, jitter: jitter, throttle: &core.throttle)
        switch decision {
        case .retry(let delay): return delay
        case .giveUp, nil: return nil
        }
    }

    // MARK: End

    /// The call is over; idempotent.
    func complete(_ error: RPCError?, trailers: Metadata = Metadata()) {
        guard !isDone else { return }
        end()
        stream.endInbound(error, trailers: trailers)
        stream.endOutbound(error ?? RPCError(.cancelled, "the server has ended the call"))
        stream.detachDriver()
    }

    /// The call is over by a decision of this side: the server is told, queued messages are dropped.
    func cancel(_ error: RPCError) {
        guard !isDone else { return }
        let attempt = attempt
        end()
        attempt?.reset(.cancel)
        stream.fail(error)
        stream.detachDriver()
    }

    private func end() {
        isDone = true
        attempt = nil
        if deadlineTimer != .none { core.loop.cancel(deadlineTimer) }
        if retryTimer != .none { core.loop.cancel(retryTimer) }
        core.callStoppedWaiting(self)
    }

    private func failDeadline() {
        cancel(RPCError(.deadlineExceeded, "no answer within the deadline; \(core.situation)"))
    }
}

extension ClientCall: TimerTarget {
    func timerFired(kind: Int, on loop: EventLoop) {
        if kind == TimerKind.deadline {
            failDeadline()
        } else {
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
        core.loop.execute { self.cancel(RPCError(.cancelled, "cancelled by the caller")) }
    }

    func finishDetached(_ error: RPCError?) {
        // Only servers detach calls.
    }
}
