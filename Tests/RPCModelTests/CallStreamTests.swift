import ProtobufWire
import RPCModel
import Synchronization
import Testing

/// Notes what a call tells its driver.
private final class RecordingDriver: CallDriver {
    let wakes = Atomic(0)
    let credit = Atomic(0)
    let abandoned = Atomic(0)

    func outboundDidGrow() { wakes.add(1, ordering: .relaxed) }
    func inboundWasConsumed(byteCount: Int) { credit.add(byteCount, ordering: .relaxed) }
    func abandon() { abandoned.add(1, ordering: .relaxed) }
    func finishDetached(_ error: RPCError?) {}

    private let work = Mutex<[@Sendable () -> Void]>([])
    func execute(_ work: @escaping @Sendable () -> Void) { self.work.withLock { $0.append(work) } }
    func runWork() {
        let due = work.withLock { work in
            defer { work = [] }
            return work
        }
        for body in due { body() }
    }
}

@Suite("The two halves of a call") struct CallStreamTests {
    private func message(_ count: Int) -> RawMessage { RawMessage(bytes: Array(repeating: 1, count: count)) }

    private func framed(_ count: Int) -> [UInt8] {
        [0, UInt8(count >> 24 & 255), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
            + Array(repeating: 1, count: count)
    }

    private func nextMessage(of stream: CallStream) async throws -> RawMessage? {
        try await stream.nextMessage()
    }

    private func receive(_ bytes: [UInt8], on stream: CallStream) throws -> Int {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        return try stream.receive(UnsafeRawBufferPointer(copy))
    }

    @Test("a burst of writes wakes the driver once, and again after it has drained") func wakesOnce() throws {
        let stream = CallStream(maxMessageBytes: 100)
        let driver = RecordingDriver()
        stream.attach(driver)
        for _ in 0..<3 { #expect(try stream.write(message(2))) }
        #expect(driver.wakes.load(ordering: .relaxed) == 1)
        var sent: [UInt8] = []
        let status = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == framed(2) + framed(2) + framed(2))
        #expect(status.isDrained && !status.isFinished)
        stream.finishWriting()
        #expect(driver.wakes.load(ordering: .relaxed) == 2)
        #expect(stream.drainOutbound { _ in }.isFinished)
        #expect(throws: RPCError.self) { try stream.write(message(1)) }
    }

    @Test("work is done where the driver does it, and at once when the call has none any more")
    func givesWork() throws {
        let stream = CallStream(maxMessageBytes: 100)
        let writer = ResponseWriter<RawMessage>(stream)
        let driver = RecordingDriver()
        let done = Atomic(0)
        stream.attach(driver)
        for _ in 0..<2 { writer.execute { done.add(1, ordering: .relaxed) } }
        #expect(done.load(ordering: .relaxed) == 0)
        driver.runWork()
        #expect(done.load(ordering: .relaxed) == 2)
        stream.detachDriver()
        writer.execute { done.add(1, ordering: .relaxed) }
        #expect(done.load(ordering: .relaxed) == 3)
    }

    @Test("a driver that will flush in any case is not woken before") func expectedFlush() throws {
        let stream = CallStream(maxMessageBytes: 100)
        let driver = RecordingDriver()
        stream.attachClient(driver, compression: nil)
        _ = try stream.write(message(2))
        #expect(driver.wakes.load(ordering: .relaxed) == 0)
        var sent: [UInt8] = []
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == framed(2))
        _ = try stream.write(message(1))
        #expect(driver.wakes.load(ordering: .relaxed) == 1)
    }

    @Test("a writer above the high-water mark waits until the bytes are taken") func holdsWriter()
        async throws
    {
        let stream = CallStream(maxMessageBytes: 100)
        stream.attach(RecordingDriver())
        #expect(try !stream.write(message(100_000)))
        let writer = Task { try await stream.waitForRoom() }
        _ = stream.drainOutbound { _ in }
        try await writer.value
        stream.setBacklogged(true)
        #expect(try !stream.write(message(1)))
        var sent = 0
        _ = stream.drainOutbound { sent += $0.count }
        #expect(sent == 0)
        stream.setBacklogged(false)
        _ = stream.drainOutbound { sent += $0.count }
        #expect(sent == 6)
    }

    @Test("messages of one call are compressed or not, one by one, and the reader can tell")
    func compressesByMessage() async throws {
        let reversing = MessageCompression(
            name: "reversed", compress: { bytes, output in output.append([UInt8](bytes.reversed())) },
            decompress: { (bytes, output, _) throws(MessageCompression.Failure) in
                output.append([UInt8](bytes.reversed()))
            })
        let writer = CallStream(maxMessageBytes: 100)
        writer.attach(RecordingDriver())
        writer.chooseOutboundCompression(reversing) {}
        let bytes: [UInt8] = [1, 2, 3]
        _ = try writer.write(RawMessage(bytes: bytes))
        _ = try writer.write(RawMessage(bytes: bytes), compressed: false)
        var sent: [UInt8] = []
        _ = writer.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == [1, 0, 0, 0, 3, 3, 2, 1] + [0, 0, 0, 0, 3, 1, 2, 3])

        let reader = CallStream(maxMessageBytes: 100)
        reader.attach(RecordingDriver())
        reader.setInboundCompression(reversing)
        _ = try receive(sent, on: reader)
        #expect(try await nextMessage(of: reader)?.bytes == bytes)
        #expect(reader.lastMessageWasCompressed)
        reader.endInbound()
        let last: RawMessage = try reader.takeOnlyMessage()
        #expect(last.bytes == bytes)
        #expect(!reader.lastMessageWasCompressed)
    }

    @Test("kept bytes are sent again after a rewind, and forgotten after the commitment") func replays()
        throws
    {
        let stream = CallStream(maxMessageBytes: 100)
        stream.attachClient(RecordingDriver(), compression: nil)
        _ = try stream.write(message(1))
        var sent: [UInt8] = []
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == framed(1))
        stream.keptBytes.rewind()
        _ = try stream.write(message(2))
        sent = []
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == framed(1) + framed(2))
        stream.keptBytes.release()
        #expect(stream.drainOutbound { _ in }.heldByteCount == 0)
    }

    @Test("window is given back while little is unread, and withheld from a peer whose messages pile up")
    func withholdsCredit() async throws {
        let stream = CallStream(maxMessageBytes: 100_000)
        let driver = RecordingDriver()
        stream.attach(driver)
        #expect(try receive(Array(framed(70_000).prefix(50_000)), on: stream) == 50_000)
        #expect(try receive(Array(framed(70_000).dropFirst(50_000)), on: stream) == 0)
        #expect(try receive(framed(10), on: stream) == 0)
        let first: RawMessage? = try await stream.nextMessage()
        #expect(first?.bytes.count == 70_000)
        #expect(driver.credit.load(ordering: .relaxed) == 70_005 - 50_000 + 15)
    }

    @Test("messages that came before an error are read before it") func errorComesLast() async throws {
        let stream = CallStream(maxMessageBytes: 100)
        _ = try receive(framed(1) + framed(2), on: stream)
        stream.endInbound(RPCError(.aborted, "later"))
        var sizes: [Int] = []
        await #expect(throws: RPCError(.aborted, "later")) {
            while let next: RawMessage = try await stream.nextMessage() { sizes.append(next.bytes.count) }
        }
        #expect(sizes == [1, 2])
    }

    @Test("a failure ends both halves at once and wakes whoever waits") func failureWakes() async throws {
        let stream = CallStream(maxMessageBytes: 100)
        _ = try stream.write(message(100_000))
        let reader = Task { try await nextMessage(of: stream) }
        let writer = Task { try await stream.waitForRoom() }
        stream.fail(RPCError(.deadlineExceeded, "late"))
        await #expect(throws: RPCError(.deadlineExceeded, "late")) { try await reader.value }
        await #expect(throws: RPCError(.deadlineExceeded, "late")) { try await writer.value }
    }

    @Test("cancelling the reader's task wakes it and abandons the call") func cancellation() async throws {
        let stream = CallStream(maxMessageBytes: 100)
        let driver = RecordingDriver()
        stream.attach(driver)
        let reader = Task { try await nextMessage(of: stream) }
        reader.cancel()
        let error = await #expect(throws: RPCError.self) { try await reader.value }
        #expect(error?.code == .cancelled)
        #expect(driver.abandoned.load(ordering: .relaxed) == 1)
    }

    @Test("the one request of a call is sent with the end behind it") func onlyRequest() throws {
        let stream = CallStream(maxMessageBytes: 100)
        let driver = RecordingDriver()
        stream.attach(driver)
        try stream.writeOnly(message(2))
        var sent: [UInt8] = []
        let status = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == framed(2) && status.isDrained && status.isFinished)
        #expect(driver.wakes.load(ordering: .relaxed) == 1)
        #expect(throws: RPCError.self) { try stream.writeOnly(message(1)) }
    }

    @Test("a call that ended gives its readers what came, and its writers a reason") func ends() async throws {
        let stream = CallStream(maxMessageBytes: 100)
        stream.attachClient(RecordingDriver(), compression: nil)
        let writer = Task {
            stream.setBacklogged(true)
            try await stream.waitForRoom()
        }
        let reader = Task { () async throws -> RawMessage in try await stream.onlyMessage() }
        _ = try receive(framed(3), on: stream)
        stream.end(nil, trailers: ["after": "all"])
        #expect(try await reader.value.bytes.count == 3)
        #expect(stream.receivedTrailingMetadata["after"] == "all")
        let error = await #expect(throws: RPCError.self) { try await writer.value }
        #expect(error?.code == .cancelled)
    }

    @Test("the status of a call counts for more than a response before it") func statusCounts() async throws {
        let stream = CallStream(maxMessageBytes: 100)
        _ = try receive(framed(3), on: stream)
        stream.end(RPCError(.aborted, "after all"), trailers: Metadata())
        await #expect(throws: RPCError(.aborted, "after all")) {
            let _: RawMessage = try await stream.onlyMessage()
        }
    }

    @Test("exactly one message is demanded where the method has one", arguments: [0, 2])
    func cardinality(count: Int) throws {
        let stream = CallStream(maxMessageBytes: 100)
        for _ in 0..<count { _ = try receive(framed(1), on: stream) }
        stream.endInbound()
        let error = #expect(throws: RPCError.self) { let _: RawMessage = try stream.takeOnlyMessage() }
        #expect(error?.code == .unimplemented)
    }

    @Test("a peer that sends more than the one message, and no end, holds up nobody") func secondMessage()
        async throws
    {
        let stream = CallStream(maxMessageBytes: 100)
        let driver = RecordingDriver()
        stream.attach(driver)
        let reader = Task { () async throws -> RawMessage in try await stream.onlyMessage() }
        _ = try receive(framed(1), on: stream)
        _ = try receive(framed(2), on: stream)
        let error = await #expect(throws: RPCError.self) { try await reader.value }
        #expect(error?.code == .unimplemented)
        #expect(driver.abandoned.load(ordering: .relaxed) == 1)
    }

    @Test("a compressed message without an agreed encoding is an error") func unagreedCompression()
        async throws
    {
        let stream = CallStream(maxMessageBytes: 100)
        _ = try receive([1, 0, 0, 0, 1, 0], on: stream)
        let error = await #expect(throws: RPCError.self) {
            let _: RawMessage? = try await stream.nextMessage()
        }
        #expect(error?.code == .internal)
    }

    // MARK: Other forms of messages

    /// Doubles every byte that is received, and writes the number of bytes; refuses a first byte of 9.
    private static let doubling = MessageTranscoder(
        decode: { text throws(RPCError) in
            if text.first == 9 { throw RPCError(.invalidArgument, "nine") }
            return text.flatMap { [$0, $0] }
        },
        encode: { message throws(RPCError) in
            if message.count == 9 { throw RPCError(.internal, "nine") }
            return [UInt8(message.count)]
        })

    @Test("messages of another form are read and written through it") func transcodes() async throws {
        let stream = CallStream(maxMessageBytes: 6, transcoder: Self.doubling)
        _ = try receive(framed(3), on: stream)
        #expect(try await nextMessage(of: stream)?.bytes == [UInt8](repeating: 1, count: 6))
        #expect(try stream.write(message(5)))
        var sent: [UInt8] = []
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == [0, 0, 0, 0, 1, 5])
    }

    @Test("a message that exceeds the limit once it is read is refused") func transcodedLimit() async throws {
        let stream = CallStream(maxMessageBytes: 6, transcoder: Self.doubling)
        _ = try receive(framed(4), on: stream)
        await #expect { try await self.nextMessage(of: stream) } throws: {
            ($0 as? RPCError)?.code == .resourceExhausted
        }
    }

    @Test("a message that cannot be written is left out") func untranscodable() throws {
        let stream = CallStream(maxMessageBytes: 6, transcoder: Self.doubling)
        #expect(throws: RPCError.self) { try stream.write(message(9)) }
        #expect(try stream.write(message(1)))
        var sent: [UInt8] = []
        _ = stream.drainOutbound { sent += [UInt8]($0) }
        #expect(sent == [0, 0, 0, 0, 1, 1])
    }
}
