import HTTP2Engine
import ProtobufWire
import RPCModel
import RPCOverHTTP2

/// A server's call: stream below, `CallStream` and a handler's task above, the way `RPCServer` joins them.
///
/// `@unchecked Sendable`: the whole simulation is one thread.
final class ServerCall: HTTP2Stream, @unchecked Sendable {
    private static let head = PreparedHeaders([(":status", "200"), ("content-type", "application/grpc")])
    private static let ok = PreparedHeaders([("grpc-status", "0")])

    private unowned let world: World
    private let loop: Endpoint
    private let stream = CallStream(maxMessageBytes: CallPlan.messageBytesMax)
    private var state = ServerCallState()
    private var plan: CallPlan?
    private var task: Task<Void, Never>?
    private var closings = 0

    init(world: World, loop: Endpoint) {
        self.world = world
        self.loop = loop
        super.init()
        world.alive += 1
        stream.attach(self)
    }

    deinit { world.alive -= 1 }

    // MARK: - The handler

    private func handle(_ plan: CallPlan) async throws(RPCError) {
        switch plan.kind {
        case .echo:
            while let message = try await next(plan) { try await answer(message, plan) }
        case .collect:
            var lengths: [UInt8] = []
            while let message = try await next(plan) {
                lengths.append(UInt8(truncatingIfNeeded: message.count))
            }
            try await answer(lengths, plan)
        case .expand:
            guard let message = try await next(plan) else { return }
            for _ in 0..<CallPlan.expansion { try await answer(message, plan) }
        case .fail:
            for _ in 0..<plan.failsAfter { _ = try await next(plan) }
            throw CallPlan.failure
        case .ignore:
            try await answer([1, 2, 3], plan)
        }
    }

    private func next(_ plan: CallPlan) async throws(RPCError) -> [UInt8]? {
        await world.pause(plan.pauseMax)
        let message: Payload? = try await stream.nextMessage()
        return message.map { [UInt8]($0.value) }
    }

    private func answer(_ bytes: [UInt8], _ plan: CallPlan) async throws(RPCError) {
        await world.pause(plan.pauseMax)
        if try !stream.write(Payload.with({ $0.value = bytes })) { try await stream.waitForRoom() }
    }

    private func run(_ plan: CallPlan) async {
        var failure: RPCError?
        do throws(RPCError) {
            try await handle(plan)
        } catch {
            failure = error
        }
        task = nil
        world.handlerReturned(plan)
        loop.execute { self.finish(failure) }
    }

    // MARK: - Inbound

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        guard let path = headers.value(of: .path),
            let index = Int(String(decoding: path.dropFirst(3), as: UTF8.self)),
            let plan = world.plan(index)
        else {
            world.expect(world.isCorrupted, "a path nobody asked for")
            return finish(RPCError(.unimplemented, "no such method"))
        }
        self.plan = plan
        if let value = headers.value(of: .grpcTimeout),
            let timeout = GRPCTimeout.parse(value.assumingMemoryBound(to: UInt8.self).span)
        {
            world.after(UInt64(timeout / .nanoseconds(1))) { [weak self] in
                self?.abort(RPCError(.deadlineExceeded, "too late"))
            }
        }
        world.handlerStarted(plan)
        task = Task(executorPreference: world.executor) { [self] in await run(plan) }
        if endStream { receiveEnd() }
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        guard state.acceptsData else { return consume(bytes.count) }
        do throws(FramingError) {
            let credit = try stream.receive(bytes)
            if credit > 0 { consume(credit) }
        } catch {
            consume(bytes.count)
            state.failInbound()
            abort(RPCError(.resourceExhausted, "\(error)"))
        }
    }

    override func receiveTrailers(_ headers: HeaderBlock) { receiveEnd() }

    override func receiveEnd() {
        state.receiveEnd()
        guard !state.isFinished else { return }
        guard !stream.hasPartialInboundMessage else { return abort(RPCError(.internal, "half a message")) }
        stream.endInbound()
    }

    override func becameWritable() {
        stream.setBacklogged(false)
        flush()
    }

    override func closed(_ reason: StreamCloseReason) {
        closings += 1
        world.expect(closings == 1, "a stream closed twice")
        if state.close() {
            stream.fail(RPCError(.cancelled, "the client is gone"))
            task?.cancel()
        }
        stream.detachDriver()
    }

    // MARK: - Outbound

    private func flush() {
        guard !state.isFinished else { return }
        sendQueued(force: false)
    }

    private func sendQueued(force: Bool) {
        if force { stream.setBacklogged(false) }
        let status = stream.drainOutbound { bytes in
            if state.send() == .writeHeadersFirst { sendHeaders(Self.head) }
            write(bytes)
        }
        if status.wantsHeaders, state.send() == .writeHeadersFirst { sendHeaders(Self.head) }
        if !force, queuedByteCount > highWater { stream.setBacklogged(true) }
    }

    private func abort(_ error: RPCError) {
        guard !state.isFinished else { return }
        stream.fail(error)
        task?.cancel()
        finish(error)
    }

    private func finish(_ error: RPCError?) {
        guard !state.isFinished else { return }
        sendQueued(force: true)
        let action = state.finish()
        if action == .trailers, error == nil {
            sendTrailers(Self.ok)
        } else {
            var headers = HeaderList()
            if action == .trailersOnly {
                headers.add(":status", "200")
                headers.add("content-type", "application/grpc")
            }
            if let error { headers.add(error) } else { headers.add("grpc-status", "0") }
            if action == .trailersOnly { sendTrailersOnly(headers) } else { sendTrailers(headers) }
        }
        if state.needsResetAfterTrailers { stopPeerAfterEnd() }
        stream.endOutbound(error ?? RPCError(.cancelled, "over"))
    }
}

extension ServerCall: CallDriver {
    func outboundDidGrow() { loop.execute { self.flush() } }
    func inboundWasConsumed(byteCount: Int) { loop.execute { self.consume(byteCount) } }
    func abandon() {}
    func finishDetached(_ error: RPCError?) { loop.execute { self.finish(error) } }
}
