import HTTP2Engine
import Testing

@Suite("What one peer can make a connection do") struct HTTP2LimitsTests {
    /// A server that has read `frames`, and what it said then.
    private func server(
        _ limits: HTTP2Limits = HTTP2Limits(), reading frames: [UInt8]
    ) throws -> (endpoint: Endpoint, goAwayDebug: String?) {
        let server = try Endpoint(.server, limits: limits)
        try server.receive(Frame.preface + Frame.emptySettings + Frame.settingsAck + frames)
        let goAway = Frame.parse(try server.output()).last { $0.type == 7 }
        return (server, goAway.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) })
    }

    private func repeated(_ frame: [UInt8], _ count: Int) -> [UInt8] {
        (0..<count).reduce(into: []) { bytes, _ in bytes += frame }
    }

    @Test("a flood of cheap frames ends the connection, the allowed burst does not")
    func floodsEndTheConnection() throws {
        var limits = HTTP2Limits()
        let rate = HTTP2Limits.Rate(burst: 20, perSecond: 1)
        limits.pings = rate
        limits.settingsFrames = rate
        limits.priorityFrames = rate
        limits.windowUpdates = rate
        limits.unknownFrames = rate
        let floods: [(label: String, frame: [UInt8])] = [
            ("too_many_pings", Frame.make(type: 6, [UInt8](repeating: 0, count: 8))),
            ("too_many_settings", Frame.emptySettings),
            ("too_many_priority_frames", Frame.make(type: 2, stream: 1, [0, 0, 0, 0, 1])),
            ("too_many_window_updates", Frame.windowUpdate(stream: 0, 1)),
            ("too_many_unknown_frames", Frame.make(type: 0xEE, stream: 0, [1])),
        ]
        for (label, frame) in floods {
            // Two SETTINGS (one is an acknowledgement) were paid for by the preface.
            let calm = try server(limits, reading: repeated(frame, 18))
            #expect(calm.goAwayDebug == nil, "\(label)")
            let (endpoint, debug) = try server(limits, reading: repeated(frame, 21))
            #expect(debug == label)
            #expect(endpoint.session.isTerminated)
        }
    }

    @Test("answers that pile up unsent stop the reading, twice as many end the connection")
    func unsentFramesAreBounded() throws {
        var limits = HTTP2Limits()
        limits.outboundFramesMax = 10
        let ping = Frame.make(type: 6, [UInt8](repeating: 0, count: 8))
        let (endpoint, _) = try server(limits, reading: repeated(ping, 5))
        // Sent at once, they may be as many as they like.
        for _ in 0..<5 {
            try endpoint.receive(repeated(ping, 10))
            #expect(!endpoint.session.shouldPauseReading)
            _ = try endpoint.output()
        }
        try endpoint.receive(repeated(ping, 11))
        #expect(endpoint.session.shouldPauseReading)
        #expect(!endpoint.session.isTerminated)
        try endpoint.receive(repeated(ping, 10))
        #expect(endpoint.session.isTerminated)
        #expect(try server(limits, reading: repeated(ping, 25)).goAwayDebug == "outbound_queue_full")
    }

    @Test("empty and tiny DATA frames are counted, full ones are not")
    func tinyDataIsCounted() throws {
        var limits = HTTP2Limits()
        limits.tinyDataFrames = .init(burst: 20, perSecond: 1)
        let open = Frame.request(stream: 1, endStream: false)
        #expect(
            try server(limits, reading: open + repeated(Frame.data(stream: 1, []), 21)).goAwayDebug
                == "too_many_tiny_data_frames")
        #expect(
            try server(limits, reading: open + repeated(Frame.data(stream: 1, [1]), 21)).goAwayDebug
                == "too_many_tiny_data_frames")
        #expect(
            try server(limits, reading: open + repeated(Frame.data(stream: 1, [1, 2, 3, 4, 5]), 100))
                .goAwayDebug == nil)
    }

    @Test("opening and resetting streams in a row ends the connection")
    func rapidResetEndsTheConnection() throws {
        var limits = HTTP2Limits()
        limits.peerResets = .init(burst: 20, perSecond: 1)
        var frames: [UInt8] = []
        for number in UInt32(0)..<21 {
            frames +=
                Frame.request(stream: number * 2 + 1, endStream: false) + Frame.reset(stream: number * 2 + 1)
        }
        #expect(try server(limits, reading: frames).goAwayDebug == "too_many_resets")
    }

    @Test("making the server reset streams is as costly as resetting them")
    func madeYouResetEndsTheConnection() throws {
        var limits = HTTP2Limits()
        limits.glitches = .init(burst: 20, perSecond: 1)
        var frames: [UInt8] = []
        for number in UInt32(0)..<30 {
            // A window beyond 2^31-1 is a stream error: the server has to answer RST_STREAM.
            let id = number * 2 + 1
            frames +=
                Frame.request(stream: id, endStream: false) + Frame.windowUpdate(stream: id, 0x7FFF_FFFF)
        }
        #expect(try server(limits, reading: frames).goAwayDebug == "too_many_violations")
    }

    @Test("resets that the server chose do not count against the peer")
    func ownResetsAreFree() throws {
        var limits = HTTP2Limits()
        limits.glitches = .init(burst: 5, perSecond: 1)
        let pair = try SessionPair(serverLimits: limits)
        for _ in 0..<50 {
            let call = pair.client.open()
            try pair.run()
            pair.server.streams.last?.reset(.cancel)
            try pair.run()
            #expect(call.closeReason == .resetByPeer(.cancel))
        }
        #expect(!pair.server.session.isTerminated)
    }

    @Test("time refills a bucket at its rate")
    func bucketsRefill() throws {
        var limits = HTTP2Limits()
        limits.unknownFrames = .init(burst: 10, perSecond: 5)
        let server = try Endpoint(.server, limits: limits)
        try server.receive(Frame.preface + Frame.emptySettings + repeated(Frame.make(type: 0xEE), 10))
        #expect(!server.session.isTerminated)
        server.now += 1_000_000_000
        try server.receive(repeated(Frame.make(type: 0xEE), 5))
        #expect(!server.session.isTerminated)
        try server.receive(repeated(Frame.make(type: 0xEE), 6))
        #expect(server.session.isTerminated)
    }

    @Test(
        "a header block over the limit is marked, far over it ends the connection",
        arguments: [1, 7, Int.max])
    func headerBlocksAreBounded(chunk: Int) throws {
        var limits = HTTP2Limits()
        limits.headerFieldsMax = 20
        // An indexed reference to a static entry with a value: one byte on the wire, a whole field decoded.
        func frames(_ fields: Int) -> [UInt8] {
            Frame.request(stream: 1, endStream: true, extra: [UInt8](repeating: 0x90, count: fields))
        }
        for (fields, exceeds) in [(16, false), (17, true), (76, true)] {
            let server = try Endpoint(.server, limits: limits)
            try server.receive(Frame.preface + Frame.emptySettings + frames(fields))
            guard case .headers(let seen, _, let marked) = server.streams.first?.told.first else {
                Issue.record("no headers were delivered")
                return
            }
            #expect(marked == exceeds)
            #expect(seen.count <= 20)
        }
        let (endpoint, debug) = try server(limits, reading: frames(77))
        #expect(debug == "header_block_too_large")
        #expect(endpoint.streams.isEmpty)
    }

    @Test("thousands of one-byte references to a large field do not multiply memory")
    func headerBombIsContained() throws {
        // One literal of 3,000 bytes enters the table, then it is referred to again and again.
        let value = [UInt8](repeating: UInt8(ascii: "v"), count: 3000)
        let literal: [UInt8] = [0x40, 1, UInt8(ascii: "n"), 0x7F, 0xB9, 0x16] + value
        let bomb = Frame.request(
            stream: 1, endStream: true, extra: literal + [UInt8](repeating: 0xBE, count: 4000))
        let (endpoint, debug) = try server(reading: bomb)
        #expect(debug == "header_block_too_large")
        #expect(endpoint.streams.isEmpty)
    }

    @Test("input after a violation is not looked at")
    func nothingIsFedAfterTheEnd() throws {
        var limits = HTTP2Limits()
        limits.unknownFrames = .init(burst: 1, perSecond: 1)
        let (endpoint, _) = try server(limits, reading: repeated(Frame.make(type: 0xEE), 3))
        try endpoint.receive(Frame.request(stream: 9, endStream: true))
        #expect(endpoint.streams.isEmpty)
        #expect(endpoint.session.isFinished)
    }

    @Test("bytes that are not HTTP/2 are an error value")
    func notHTTP2() throws {
        let server = try Endpoint(.server)
        #expect(throws: HTTP2Failure.self) {
            try server.receive(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        }
    }

    @Test("a stream that queues beyond the connection's bound is reset, not the connection")
    func queuedBytesAreBounded() throws {
        var limits = HTTP2Limits()
        limits.queuedBytesMax = 100_000
        let pair = try SessionPair(serverLimits: limits)
        let call = pair.client.open(body: [])
        try pair.run()
        let served = pair.server.streams[0]
        served.sendHeaders(okHead)
        [UInt8](repeating: 1, count: 100_001).withUnsafeBytes { served.write($0) }
        try pair.run()
        #expect(call.closeReason == .resetByPeer(.enhanceYourCalm))
        #expect(pair.server.session.queuedByteCount == 0)
    }
}
