import HTTP2Engine
import ProtobufWire
import RPCModel
import RPCOverHTTP2

typealias Payload = Google_Protobuf_BytesValue

/// A client's call: stream below, `CallStream` above, the way `RPCClient` joins them, without retries.
///
/// `@unchecked Sendable`: the whole simulation is one thread.
final class ClientCall: HTTP2Stream, @unchecked Sendable {
    private unowned let world: World
    private let loop: Endpoint
    let plan: CallPlan
    let stream = CallStream(maxMessageBytes: CallPlan.messageBytesMax)
    private var isOver = false
    private var hasStarted = false
    private var hasFinished = false
    /// How often the call ended, and how.
    private(set) var endings = 0
    private(set) var code: RPCError.Code?
    /// What the reader got, and how often it was told the end.
    private(set) var answers: [[UInt8]] = []
    private(set) var readerEnds = 0
    private(set) var readerError: RPCError?

    init(plan: CallPlan, world: World, loop: Endpoint) {
        self.plan = plan
        self.world = world
        self.loop = loop
        super.init()
        world.alive += 1
        stream.attach(self)
    }

    deinit { world.alive -= 1 }

    // MARK: - The user

    func write() async {
        do throws(RPCError) {
            for number in plan.sizes.indices {
                await world.pause(plan.pauseMax)
                let hasRoom = try stream.write(Payload.with { $0.value = plan.message(number) })
                if !hasRoom { try await stream.waitForRoom() }
            }
            stream.finishWriting()
        } catch {
            // The reader hears why.
        }
    }

    func read() async {
        do throws(RPCError) {
            while let answer: Payload = try await stream.nextMessage() {
                answers.append([UInt8](answer.value))
                await world.pause(plan.pauseMax)
            }
        } catch {
            readerError = error
        }
        readerEnds += 1
    }

    // MARK: - The attempt

    func start() -> Bool {
        guard !isOver else { return true }
        var headers = HeaderList()
        headers.add(":method", "POST")
        headers.add(":scheme", "http")
        headers.add(":path", "/s/\(plan.index)")
        headers.add(":authority", "simulation")
        headers.add("te", "trailers")
        headers.add("content-type", "application/grpc")
        if let deadline = plan.deadline {
            headers.add("grpc-timeout", GRPCTimeout.format(.nanoseconds(Int64(deadline))))
        }
        headers.add(
            name: "x-note-\(plan.index % 3)", value: String(repeating: "n", count: plan.index * 7 % 50))
        guard loop.session.open(self, headers: headers, endStream: false) else { return false }
        hasStarted = true
        flush()
        return true
    }

    private func flush() {
        guard !isOver, hasStarted else { return }
        let status = stream.drainOutbound { write($0) }
        if queuedByteCount > highWater { stream.setBacklogged(true) }
        if status.isFinished, status.isDrained, !hasFinished {
            hasFinished = true
            finish()
        }
    }

    override func receiveHeaders(_ headers: HeaderBlock, endStream: Bool) {
        let metadata = Metadata(headers)
        if endStream { return ended(headers.rpcStatus(trailers: metadata), metadata) }
        stream.receiveInitialMetadata(metadata)
    }

    override func receiveData(_ bytes: UnsafeRawBufferPointer) {
        guard !isOver else { return consume(bytes.count) }
        do throws(FramingError) {
            let credit = try stream.receive(bytes)
            if credit > 0 { consume(credit) }
        } catch {
            consume(bytes.count)
            cancel(RPCError(.internal, "no message: \(error)"))
        }
    }

    override func receiveTrailers(_ headers: HeaderBlock) {
        let metadata = Metadata(headers)
        var status = headers.rpcStatus(trailers: metadata)
        if status == nil, stream.hasPartialInboundMessage { status = RPCError(.internal, "half a message") }
        ended(status, metadata)
    }

    override func receiveEnd() { ended(RPCError(.unknown, "no status"), Metadata()) }

    override func becameWritable() {
        stream.setBacklogged(false)
        flush()
    }

    override func closed(_ reason: StreamCloseReason) {
        switch reason {
        case .finished: complete(RPCError(.unknown, "no status"), Metadata())
        case .resetByPeer(let code):
            complete(RPCError(RPCError.Code(http2ErrorCode: code.rawValue), "reset"), Metadata())
        case .resetLocally: complete(RPCError(.internal, "against the rules"), Metadata())
        case .refused, .connectionLost: complete(RPCError(.unavailable, "gone"), Metadata())
        }
    }

    private func ended(_ status: RPCError?, _ trailers: Metadata) {
        guard !isOver else { return }
        if !hasFinished { reset(.noError) }
        complete(status, trailers)
    }

    func complete(_ error: RPCError?, _ trailers: Metadata) {
        guard !isOver else { return }
        over(error)
        stream.endInbound(error, trailers: trailers)
        stream.endOutbound(error ?? RPCError(.cancelled, "over"))
        stream.detachDriver()
    }

    func cancel(_ error: RPCError) {
        guard !isOver else { return }
        over(error)
        reset(.cancel)
        stream.fail(error)
        stream.detachDriver()
    }

    private func over(_ error: RPCError?) {
        isOver = true
        endings += 1
        code = error?.code
    }
}

extension ClientCall: CallDriver {
    func outboundDidGrow() { loop.execute { self.flush() } }
    func inboundWasConsumed(byteCount: Int) { loop.execute { self.consume(byteCount) } }
    func abandon() { loop.execute { self.cancel(RPCError(.cancelled, "by the caller")) } }
    func finishDetached(_ error: RPCError?) {}
}
