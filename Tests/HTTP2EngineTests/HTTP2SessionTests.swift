import HTTP2Engine
import Testing

@Suite("HTTP/2 session pair") struct HTTP2SessionTests {
    static let chunks = [1, 7, Int.max]

    @Test("a unary call reads the same however the bytes are split", arguments: chunks)
    func unaryCallIsIndependentOfChunking(chunk: Int) throws {
        let pair = try SessionPair(chunk: chunk)
        let body = (0..<100).map { UInt8($0) }
        pair.server.makeStream = {
            let stream = RecordingStream()
            stream.respond = { answer($0, $0.body.reversed()) }
            return stream
        }
        let call = pair.client.open(fields: [("x-note", "caf\u{e9}"), ("grpc-timeout", "1S")], body: body)
        try pair.run()
        let served = try #require(pair.server.streams.first)
        #expect(
            served.outline == [
                .headers(
                    [
                        ":method: POST", ":scheme: http", ":path: /telehealth.v1.Sessions/Get",
                        ":authority: clinic.test", "te: trailers", "x-note: caf\u{e9}", "grpc-timeout: 1S",
                    ], endStream: false, exceedsLimit: false),
                .end, .closed(.finished),
            ])
        #expect(served.body == body)
        #expect(
            call.outline == [
                .headers(
                    [":status: 200", "content-type: application/grpc"],
                    endStream: false, exceedsLimit: false),
                .trailers(["grpc-status: 0"]), .closed(.finished),
            ])
        #expect(call.body == body.reversed())
        #expect(pair.client.session.openStreamCount == 0 && pair.server.session.openStreamCount == 0)
    }

    @Test("headers, body and trailers of one answer leave in one output")
    func unaryReplyIsOneFlight() throws {
        let pair = try SessionPair()
        try pair.run()
        _ = pair.client.open(body: [1, 2, 3])
        try pair.server.receive(try pair.client.output())
        answer(pair.server.streams[0], [4, 5, 6])
        let frames = Frame.parse(try pair.server.output()).filter { $0.stream == 1 }
        #expect(frames.map(\.type) == [1, 0, 1])
        #expect(frames[1].payload == [4, 5, 6])
        #expect(frames[2].flags & 1 == 1)
    }

    @Test("an answer without a body still ends with its trailers")
    func emptyBodyEndsWithTrailers() throws {
        let pair = try SessionPair()
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        served.sendHeaders(okHead)
        served.sendTrailers(okTrailers)
        try pair.run()
        #expect(call.outline.last == .closed(.finished))
        #expect(call.outline.contains(.trailers(["grpc-status: 0"])))
    }

    @Test("trailers-only is one headers frame that ends the stream")
    func trailersOnly() throws {
        let pair = try SessionPair()
        let call = pair.client.open(body: [9])
        try pair.run()
        pair.server.streams[0].sendTrailersOnly(PreparedHeaders([(":status", "200"), ("grpc-status", "12")]))
        try pair.run()
        #expect(
            call.told == [
                .headers([":status: 200", "grpc-status: 12"], endStream: true, exceedsLimit: false),
                .closed(.finished),
            ])
    }

    @Test("writes after the queue ran dry go on", arguments: chunks)
    func deferredStreamResumes(chunk: Int) throws {
        let pair = try SessionPair(chunk: chunk)
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        served.sendHeaders(okHead)
        for round in UInt8(0)..<5 {
            [round, round].withUnsafeBytes { served.write($0) }
            try pair.run()
            #expect(call.body.count == (Int(round) + 1) * 2)
        }
        served.sendTrailers(okTrailers)
        try pair.run()
        #expect(call.closeReason == .finished)
    }

    @Test("what is written while the frame before has no room on the connection follows it")
    func writesBehindAFrameThatWaitsAreSent() throws {
        let pair = try SessionPair()
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        served.sendHeaders(okHead)
        [UInt8](repeating: 1, count: 100).withUnsafeBytes { served.write($0) }
        // Room for the headers and not for the data behind them: nghttp2 holds that frame.
        let head = try pair.server.output(roomByteCount: 90)
        [UInt8]([2, 2]).withUnsafeBytes { served.write($0) }
        try pair.client.receive(head)
        try pair.run()
        #expect(call.body == [UInt8](repeating: 1, count: 100) + [2, 2])
        served.sendTrailers(okTrailers)
        try pair.run()
        #expect(call.closeReason == .finished)
    }

    @Test("trailers that come while the last frame has no room on the connection end the stream behind it")
    func trailersBehindAFrameThatWaitsAreSent() throws {
        let pair = try SessionPair()
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        served.sendHeaders(okHead)
        [UInt8](repeating: 1, count: 100).withUnsafeBytes { served.write($0) }
        let head = try pair.server.output(roomByteCount: 90)
        served.sendTrailers(okTrailers)
        try pair.client.receive(head)
        try pair.run()
        #expect(call.body.count == 100 && call.closeReason == .finished)
        #expect(call.outline.contains(.trailers(["grpc-status: 0"])))
    }

    @Test(
        "a body larger than every window arrives whole, and unconsumed bytes hold the sender back",
        arguments: [7, Int.max])
    func flowControlHoldsTheSender(chunk: Int) throws {
        var limits = HTTP2Limits()
        limits.streamWindowBytes = 70_000
        limits.connectionWindowBytes = 80_000
        let pair = try SessionPair(chunk: chunk, serverLimits: limits)
        pair.server.makeStream = {
            let stream = RecordingStream()
            stream.consumesAtOnce = false
            return stream
        }
        let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        try pair.run()
        let call = pair.client.open(body: body)
        try pair.run()
        let served = pair.server.streams[0]
        #expect(served.body.count == 70_000)
        #expect(call.queuedByteCount == 230_000)
        while served.body.count < body.count {
            let before = served.body.count
            served.consume(before)
            try pair.run()
            try #require(served.body.count > before)
        }
        #expect(served.body == body)
        #expect(call.told.contains(.writable))
    }

    @Test("the window of a stream that died unread goes back to the connection")
    func unreadBytesOfDeadStreamsAreReturned() throws {
        var limits = HTTP2Limits()
        limits.connectionWindowBytes = 70_000
        let pair = try SessionPair(serverLimits: limits)
        pair.server.makeStream = {
            let stream = RecordingStream()
            stream.consumesAtOnce = false
            return stream
        }
        try pair.run()
        for _ in 0..<10 {
            let call = pair.client.open(body: [UInt8](repeating: 1, count: 60_000))
            try pair.run()
            #expect(pair.server.streams.last?.body.count == 60_000)
            call.reset(.cancel)
            try pair.run()
        }
    }

    @Test("a reset reaches the other side with its code")
    func resetTravels() throws {
        let pair = try SessionPair()
        let call = pair.client.open()
        try pair.run()
        call.reset(.cancel)
        try pair.run()
        #expect(call.closeReason == .resetLocally(.cancel))
        #expect(pair.server.streams[0].closeReason == .resetByPeer(.cancel))
    }

    @Test("stopping a peer that still sends ends the call in order on both sides")
    func earlyServerClose() throws {
        let pair = try SessionPair()
        let call = pair.client.open()
        try pair.run()
        let served = pair.server.streams[0]
        served.stopPeerAfterEnd()
        answer(served, [1])
        try pair.run()
        #expect(served.closeReason == .finished)
        #expect(call.closeReason == .finished)
        #expect(call.outline.contains(.trailers(["grpc-status: 0"])))
    }

    @Test("nothing that is written after the end is sent")
    func writesAfterEndAreIgnored() throws {
        let pair = try SessionPair()
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        answer(served, [1])
        [UInt8](repeating: 2, count: 10).withUnsafeBytes { served.write($0) }
        served.sendTrailers(okTrailers)
        served.sendHeaders(okHead)
        try pair.run()
        served.reset(.internalError)
        try pair.run()
        #expect(call.body == [1])
        #expect(call.closeReason == .finished)
    }

    @Test("the two steps of a drain let a late request in, and refuse the next")
    func drainInTwoSteps() throws {
        let pair = try SessionPair()
        let first = pair.client.open()
        try pair.run()
        // The client opens one more before it sees the notice.
        pair.server.session.beginDrain(pingPayload: 42)
        let notice = try pair.server.output()
        let late = pair.client.open()
        try pair.server.receive(try pair.client.output())
        try pair.client.receive(notice)
        #expect(pair.client.goAways.first?.last == .max)
        let opened = pair.client.session.open(RecordingStream(), headers: HeaderList(), endStream: true)
        #expect(!opened)
        try pair.run()
        #expect(pair.server.pingAcknowledgements == [42])
        pair.server.session.finishDrain(debug: "max_age")
        try pair.run()
        #expect(pair.client.goAways.last?.last == 3)
        #expect(pair.client.goAways.last?.debug == "max_age")
        #expect(!pair.server.session.isFinished)
        for (call, served) in zip([first, late], pair.server.streams) {
            call.finish()
            answer(served, [1])
        }
        try pair.run()
        #expect(first.closeReason == .finished && late.closeReason == .finished)
        #expect(pair.server.session.isFinished && pair.client.session.isFinished)
    }

    @Test("a stream above the last of a GOAWAY is refused, so that it may be sent again")
    func streamsAboveGoAwayAreRefused() throws {
        let pair = try SessionPair()
        try pair.run()
        let call = pair.client.open()
        _ = try pair.client.output()  // lost on the way
        pair.server.session.finishDrain()
        try pair.client.receive(try pair.server.output())
        #expect(call.closeReason == .refused)
    }

    @Test("the peer's limit on streams is visible and shrinks with each open one")
    func concurrencyIsVisible() throws {
        var limits = HTTP2Limits()
        limits.concurrentStreamsMax = 2
        let pair = try SessionPair(serverLimits: limits)
        try pair.run()
        #expect(pair.client.session.availableStreamCount == 2)
        let call = pair.client.open()
        _ = pair.client.open()
        #expect(pair.client.session.availableStreamCount == 0)
        try pair.run()
        call.reset(.cancel)
        try pair.run()
        #expect(pair.client.session.availableStreamCount == 1)
    }

    @Test("an abandoned session tells every open stream, once")
    func abandonTellsStreams() throws {
        let pair = try SessionPair()
        let calls = [pair.client.open(), pair.client.open()]
        try pair.run()
        pair.client.session.abandon()
        pair.client.session.abandon()
        #expect(calls.map(\.told) == [[.closed(.connectionLost)], [.closed(.connectionLost)]])
    }

    @Test("informational responses are dropped, the final one is delivered", arguments: chunks)
    func informationalHeadsAreDropped(chunk: Int) throws {
        let client = try Endpoint(.client)
        let call = client.open(body: [])
        _ = try client.output()
        // 100 as a literal with indexed name 8 (:status), then 200 as static entry 8.
        let bytes =
            Frame.emptySettings
            + Frame.make(type: 1, flags: 4, stream: 1, [0x08, 3] + Array("100".utf8))
            + Frame.make(type: 1, flags: 4, stream: 1, [0x88]) + Frame.data(stream: 1, [7])
            + Frame.make(type: 1, flags: 5, stream: 1, [0x00, 1, UInt8(ascii: "a"), 1, UInt8(ascii: "b")])
        var rest = bytes[...]
        while !rest.isEmpty {
            try client.receive(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
        #expect(
            call.told.prefix(3) == [
                .headers([":status: 200"], endStream: false, exceedsLimit: false), .data([7]),
                .trailers(["a: b"]),
            ])
    }
}
