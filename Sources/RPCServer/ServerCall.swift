internal import EventCore
internal import HTTP2Engine
internal import RPCModel
internal import RPCOverHTTP2
internal import RPCProtocols
internal import Synchronization
internal import Transport

/// One call on a server: the HTTP/2 stream below, the ``CallStream`` above, and the handler's task between
/// them.
///
/// The life of a call: request headers are checked and routed; the handler starts when the request is whole
/// (with the first headers for client-streaming methods) in one of the loop's ``HandlerTasks``, at once, so that
/// one which does not suspend has answered when `startHandler` returns; whatever ends the call first (the handler,
/// the deadline, the peer, a limit) goes through ``finish(_:)`` or ``closed(_:)``, each idempotent.
/// - Isolation: the connection's loop, but for the ``CallDriver`` members.
final class ServerCall: HTTP2Stream, @unchecked Sendable {
    // Sendable: the fields below are touched on `calls.loop` alone; CallDriver members hop there first.

    // Flags first: they fill the last word of the stream below. Many calls may be open and idle.
    var state = ServerCallState()
    private var hasVigil = false
    private var isHandlerAdmitted = false
    /// Is in ``LoopCalls``' queue.
    var isWaiting = false
    /// The handler is on this thread's stack: what it writes is sent when it has returned or suspended.
    private(set) var isRunningInline = false
    private var wasIntercepted = false
    private var isRecorded = false
    private(set) var acceptsGzip = false
    private(set) var mentionsEncodings = false
    /// Written by the handler, under the stream's lock, before the headers leave.
    let namesCompression = Atomic(false)

    let dispatcher: CallDispatcher
    let calls: LoopCalls
    private let connection: ServerConnection
    private let started: MonotonicInstant
    /// `nil` until the call is routed, and for requests that are refused before.
    var stream: CallStream?
    /// Set for a request that is not a call.
    private(set) var plain: PlainRequest?
    /// Set for a call of gRPC-Web or Connect.
    private(set) var translated: TranslatedCall?
    private var context: ServerCallContext?
    /// Index of the route; the count of routes stands for an unknown one.
    private(set) var methodIndex: Int
    private var handlerTask: HandlerTask?
    private var deadlineTimer = TimerID.none
    private var deadline = MonotonicInstant.distantFuture
    /// Bytes of requests that came so far.
    private var receivedByteCount = 0
    /// As ``RequestMemoryLimit`` counts them.
    private(set) var heldByteCount = 0

    init(dispatcher: CallDispatcher, calls: LoopCalls, connection: ServerConnection) {
        self.dispatcher = dispatcher
        self.calls = calls
        self.connection = connection
        started = calls.loop.now
        methodIndex = dispatcher.routes.routes.count
        super.init()
        calls.callOpened()
    }

    var isFinished: Bool { state.isFinished }

    var hasResponseMetadata: Bool { context?.hasResponseMetadata ?? false }

    var initialMetadata: Metadata { context?.initialMetadata ?? Metadata() }

    // MARK: Inbound

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        guard let route = accept(headers, endStream: endStream) else {
            if endStream { receiveEnd() }
            return
        }
        let maxMessageBytes = dispatcher.configuration.maxRequestBytes
        let stream =
            translated?.makeStream(maxMessageBytes: maxMessageBytes)
            ?? CallStream(maxMessageBytes: maxMessageBytes)
        self.stream = stream
        stream.attach(self)
        if let limit = route.care.peerLostAfter {
            connection.vigilBegan(limit)
            hasVigil = true
        }
        guard prepare(headers, stream: stream, route: route) else {
            if endStream { state.receiveEnd() }
            return
        }
        if endStream {
            receiveEnd()
        } else if route.method.isClientStreaming {
            admit()
        }
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        guard let stream, state.acceptsData else { return discard(bytes.count) }
        if let translated {
            translate(bytes, by: translated)?.withUnsafeBytes { receive($0, stream) }
        } else {
            receive(bytes, stream)
        }
    }

    // Always inlined: gRPC's own bytes come here directly.
    @inline(__always)
    private func receive(_ messages: UnsafeRawBufferPointer, _ stream: CallStream) {
        do throws(FramingError) {
            let credit = try stream.receive(messages)
            if credit > 0 { consume(credit) }
            receivedByteCount &+= messages.count
            if receivedByteCount > RequestMemoryLimit.freeBytesPerCall || translated != nil {
                countHeldBytes()
            }
        } catch {
            failRequest(RPCError(ofRequest: error), byteCount: messages.count)
        }
    }

    /// The request is malformed, or has a message over the limit.
    func failRequest(_ error: RPCError, byteCount: Int) {
        consume(byteCount)
        state.failInbound()
        if error.code == .resourceExhausted { calls.metrics.recordRefusal(.requestBytes) }
        abort(error)
    }

    /// Bytes that nobody reads: of a call that is over, or of a request that is not gRPC.
    private func discard(_ byteCount: Int) {
        consume(byteCount)
        guard let plain, !state.isFinished else { return }
        receivedByteCount &+= byteCount
        if receivedByteCount > PlainRequest.bodyBytesMax { answerPlainly(plain) }
    }

    override func receiveTrailers(_ headers: HeaderBlock) { receiveEnd() }

    override func receiveEnd() {
        state.receiveEnd()
        if let plain { return answerPlainly(plain) }
        guard let stream, !state.isFinished else { return }
        if let translated, !endTranslatedRequest(translated, stream) { return }
        guard stream.endRequests() else {
            return abort(RPCError(.internal, "the request ended in the middle of a message"))
        }
        if !isHandlerAdmitted { admit() }
    }

    override func becameWritable() {
        stream?.setBacklogged(false)
        flush()
    }

    override func closed(_ reason: StreamCloseReason) {
        calls.callClosed()
        if hasVigil { connection.vigilEnded() }
        let isTooMuch = reason == .resetLocally(.enhanceYourCalm)
        if isTooMuch { calls.metrics.recordRefusal(.queuedResponseBytes) }
        if state.close() {
            let error =
                isTooMuch
                ? RPCError(.resourceExhausted, "the response exceeds what the connection may queue")
                : RPCError(.cancelled, "the client cancelled the call or disconnected: \(reason)")
            stream?.fail(error)
            if reason == .connectionLost { context?.notePeerSilence(connection.silence) }
            stopHandler()
            end(error)
        }
        stream?.detachDriver()
    }

    // MARK: Start

    /// Checks what a request must look like, and answers one that does not.
    private func accept(_ headers: HeaderBlock, endStream: Bool) -> ServerRoute? {
        plain = PlainRequest(headers)
        var index: Int?
        if plain != nil {
            switch translation(of: headers, endStream: endStream) {
            case .none: break
            case .refused(let call): (plain, translated) = (.refused, call)
            case .call(let call, let route): (plain, translated, index) = (nil, call, route)
            case .failed(let call, let error):
                (plain, translated) = (nil, call)
                finish(error)
                return nil
            }
        }
        if headers.exceedsLimit { calls.metrics.recordRefusal(.headerBlock) }
        guard plain == nil else { return nil }
        guard !headers.exceedsLimit else {
            finish(RPCError(.resourceExhausted, "the request's metadata exceeds the server's limit"))
            return nil
        }
        guard let index = index ?? headers.value(of: .path).flatMap({ dispatcher.routes.index(ofPath: $0) })
        else {
            finish(RPCError(.unimplemented, "unknown method"))
            return nil
        }
        methodIndex = index
        let route = dispatcher.routes.routes[index]
        if route.care.endsWithServer, connection.isStopping {
            letGo()
            finish(Self.isStopping)
            return nil
        }
        return route
    }

    /// Reads encodings, deadline and metadata.
    ///
    /// - Returns: `false` when the call was answered because of them.
    private func prepare(_ headers: HeaderBlock, stream: CallStream, route: ServerRoute) -> Bool {
        if let head = translated?.head {
            prepare(head, headers, stream: stream, route: route)
            return true
        }
        mentionsEncodings = headers.value(of: .grpcAcceptEncoding) != nil
        acceptsGzip = mentionsEncodings && headers.list(.grpcAcceptEncoding, contains: "gzip")
        if headers.value(of: .grpcEncoding) != nil, !headers.value(of: .grpcEncoding, is: "identity") {
            guard headers.value(of: .grpcEncoding, is: "gzip") else {
                finish(
                    RPCError(
                        .unimplemented,
                        "the request's grpc-encoding is not supported; see grpc-accept-encoding"),
                    extra: [("grpc-accept-encoding", "identity,gzip")])
                return false
            }
            stream.setInboundCompression(.gzip)
        }
        if acceptsGzip, dispatcher.configuration.responseCompression == .gzip { compressResponses(.gzip) }
        var deadline: ContinuousClock.Instant?
        if let value = headers.value(of: .grpcTimeout) {
            guard let timeout = GRPCTimeout.nanoseconds(value.assumingMemoryBound(to: UInt8.self).span) else {
                finish(RPCError(.internal, "invalid grpc-timeout"))
                return false
            }
            guard timeout > 0 else {
                finish(RPCError(.deadlineExceeded, "the deadline passed before the request arrived"))
                return false
            }
            deadline = limit(nanoseconds: timeout)
        }
        context = ServerCallContext(
            method: route.method, metadata: Metadata(headers), deadline: deadline, peer: origin(of: headers),
            stream: stream)
        return true
    }

    /// The same of a translated call, whose head is already read.
    private func prepare(_ head: CallHead, _ headers: HeaderBlock, stream: CallStream, route: ServerRoute) {
        acceptsGzip = head.form.responseCompression == .gzip
        if head.requestCompression == .gzip { stream.setInboundCompression(.gzip) }
        if acceptsGzip, dispatcher.configuration.responseCompression == .gzip { compressResponses(.gzip) }
        let deadline = head.timeout.map { limit(nanoseconds: Int64($0 / .nanoseconds(1))) }
        context = ServerCallContext(
            method: route.method, metadata: head.metadata, deadline: deadline, peer: origin(of: headers),
            stream: stream)
    }

    private func limit(nanoseconds timeout: Int64) -> ContinuousClock.Instant {
        deadline.nanoseconds = started.nanoseconds + UInt64(timeout)
        calls.armDeadlineLater(of: self)
        return calls.continuousNow + .nanoseconds(timeout)
    }

    /// Whether the response headers name gzip.
    var compressesResponses: Bool { namesCompression.load(ordering: .relaxed) }

    private func origin(of headers: HeaderBlock) -> CallPeer {
        var isClaimIgnored = false
        let origin = dispatcher.origin.peer(
            of: headers, on: connection, peer, isClaimIgnored: &isClaimIgnored)
        if isClaimIgnored { calls.metrics.ignoredForwardings += 1 }
        return origin
    }

    private var peer: CallPeer {
        if let peer = connection.userInfo as? CallPeer { return peer }
        let peer = CallPeer(connection.peer)
        connection.userInfo = peer
        return peer
    }

    private func admit() {
        isHandlerAdmitted = true
        if let limit = calls.admit(self) { refuse(limit) }
    }

    var connectionID: UInt64 { connection.id }

    /// Refuses the call because a limit on calls has been reached.
    func refuse(_ limit: CallLimit) {
        calls.metrics.recordRefusal(limit)
        abort(RPCError(.resourceExhausted, "the server has too many calls in progress; try again later"))
    }

    /// Runs the call as far as it goes without suspending. Called by ``LoopCalls`` when it is the call's turn.
    func startHandler() {
        guard !state.isFinished else { return calls.handlerReturned() }
        guard let context else { preconditionFailure("a call is prepared before it is admitted") }
        isRunningInline = true
        do throws(RPCError) {
            let pending = try askInterceptors(context)
            if pending == nil, dispatcher.routes.routes[methodIndex].answersAtOnce {
                return answerAtOnce(context)
            }
            let handlerTask = calls.handlerTasks.next()
            self.handlerTask = handlerTask
            handlerTask.begin(self, pending)
        } catch {
            handlerReturned(error)
        }
        isRunningInline = false
        if heldByteCount > 0 { countHeldBytes() }
        // A handler that returned without suspending may have detached its responses: they wait for this.
        flush()
    }

    /// A handler that cannot suspend needs no task.
    private func answerAtOnce(_ context: ServerCallContext) {
        guard let stream else { preconditionFailure("a call is prepared before it is admitted") }
        var failure: RPCError?
        do throws(RPCError) {
            try dispatcher.routes.routes[methodIndex].answer(stream, context)
        } catch {
            failure = error
        }
        handlerReturned(failure)
        isRunningInline = false
    }

    /// The part of the call that may suspend: what an interceptor has not decided yet, and the handler.
    ///
    /// - Isolation: a task that prefers the loop.
    func run(_ pending: PendingAdmission?) async {
        guard let stream, let context else { preconditionFailure("a call is prepared before it is admitted") }
        var failure: RPCError?
        do throws(RPCError) {
            if let pending { try await waitForInterceptors(context, pending) }
            try await dispatcher.routes.routes[methodIndex].invoke(stream, context)
        } catch {
            failure = error
        }
        // A handler may come back from an actor; the task's preference brings it to the loop, as a rule of the
        // language. Only a handler that ignored its cancellation until the server had stopped finds no loop: its
        // connection is closed and its call has ended, so there is nothing to report and nobody to report to.
        guard calls.loop.isCurrent else { return }
        handlerReturned(failure)
    }

    private func handlerReturned(_ failure: RPCError?) {
        handlerTask = nil
        if failure != nil, stream?.hasRefusedUnpacking == true { calls.metrics.recordRefusal(.unpackedBytes) }
        if failure != nil || stream?.isDetached != true { finish(failure) } else { context?.forgetRequest() }
        calls.handlerReturned()
    }

    /// - Returns: the first decision that takes time.
    private func askInterceptors(_ context: ServerCallContext) throws(RPCError) -> PendingAdmission? {
        wasIntercepted = !dispatcher.interceptors.isEmpty
        do throws(RPCError) {
            let pending = try dispatcher.interceptors.admitAtOnce(context)
            if pending == nil { connection.letCallIn() }
            return pending
        } catch {
            connection.readSparingly()
            throw error
        }
    }

    private func waitForInterceptors(
        _ context: ServerCallContext, _ pending: PendingAdmission
    ) async throws(RPCError) {
        do throws(RPCError) {
            try await dispatcher.interceptors.admit(context, pending)
            if calls.loop.isCurrent { connection.letCallIn() }
        } catch {
            if calls.loop.isCurrent { connection.readSparingly() }
            throw error
        }
    }

    // MARK: End

    /// A limit, a deadline or bad bytes end the call at once, whatever the handler still does.
    func abort(_ error: RPCError) {
        if let plain { return answerPlainly(plain) }
        stream?.fail(error)
        stopHandler()
        finish(error)
    }

    /// The server stops: a call that it does not wait for ends.
    func serverStops() {
        if let plain {
            letGo()
            return answerPlainly(plain)
        }
        guard methodIndex < dispatcher.routes.routes.count,
            dispatcher.routes.routes[methodIndex].care.endsWithServer
        else { return }
        // Also when only its reader is slow.
        letGo()
        if !isFinished { abort(Self.isStopping) }
    }

    /// Tells what the call holds now, of its messages that nobody has taken yet.
    private func countHeldBytes() {
        let held = isRecorded ? 0 : (stream?.heldInboundByteCount ?? 0) + (translated?.heldByteCount ?? 0)
        guard held != heldByteCount else { return }
        let delta = held - heldByteCount
        heldByteCount = held
        guard let refused = calls.heldRequests.changed(by: delta, call: self, on: connection) else { return }
        calls.metrics.recordRefusal(.heldRequestBytes)
        refused.abort(
            RPCError(
                .resourceExhausted, "the server holds too many bytes of incomplete requests; try again later")
        )
    }

    func wasTaken(_ byteCount: Int) {
        consume(byteCount)
        if heldByteCount > 0 { countHeldBytes() }
    }

    /// Sends the status after what was written. The only way a call ends by a decision of this side;
    /// idempotent.
    ///
    /// - Parameter extra: fields only the transport knows, for refusals.
    func finish(_ error: RPCError?, extra: [(StaticString, StaticString)] = []) {
        guard !state.isFinished else { return }
        if error == nil, answerWhole() { return end(nil) }
        sendRest(error ?? Self.isOver)
        let metadata = context?.statusMetadata ?? Metadata()
        switch state.finish() {
        case .ignore: return
        case .trailersOnly: sendStatus(error, metadata: metadata, extra: extra, isOnly: true)
        case .trailers: sendStatus(error, metadata: metadata, extra: extra, isOnly: false)
        }
        if state.needsResetAfterTrailers { stopPeerAfterEnd() }
        end(error)
    }

    /// What every end has in common: timer, metrics, interceptors. Once per call.
    private func end(_ error: RPCError?) {
        guard !isRecorded, plain == nil else { return }
        isRecorded = true
        if isWaiting { calls.withdraw(self) }
        if heldByteCount > 0 { countHeldBytes() }
        if deadlineTimer != .none { calls.loop.cancel(deadlineTimer) }
        let now = MonotonicInstant.systemNow().nanoseconds
        let nanoseconds = now > started.nanoseconds ? now - started.nanoseconds : 0
        calls.metrics.record(methodIndex: methodIndex, code: error?.code, nanoseconds: nanoseconds)
        guard let context else { return }
        context.finish()
        guard wasIntercepted else { return }
        let duration = Duration.nanoseconds(Int64(clamping: nanoseconds))
        for interceptor in dispatcher.interceptors.reversed() {
            interceptor.callDidEnd(context, status: error, duration: duration)
        }
    }

    /// Called at the end of the tick in which the request's headers came.
    func armDeadline() {
        guard !isRecorded, deadlineTimer == .none else { return }
        deadlineTimer = calls.loop.schedule(at: deadline, self)
    }

    /// The error for a handler that continues to write after an OK.
    static let isOver = RPCError(.cancelled, "the call has ended")

    static let isStopping = RPCError(.unavailable, "the server is stopping")
    static let isExpired = RPCError(
        .unavailable, "the connection was drained and its grace period ended; try again")

    private func stopHandler() {
        context?.cancel()
        handlerTask?.cancel()
        handlerTask = nil
    }
}

extension ServerCall: TimerTarget {
    func timerFired(kind: Int, on loop: EventLoop) {
        deadlineTimer = .none
        abort(RPCError(.deadlineExceeded, "the deadline passed before the server responded"))
    }
}
