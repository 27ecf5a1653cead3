import HTTP2Engine
import Testing

/// RFC 9113 section 5.1, "closed": which late frames are errors, and which are merely late.
@Suite("Frames of streams that are over") struct ClosedStreamTests {
    static let chunks = [1, 7, Int.max]

    /// A server that read `parts`, saying what it had to say after each; the frames of the last time.
    private func server(
        _ limits: HTTP2Limits = HTTP2Limits(), chunk: Int, reading parts: [[UInt8]],
        between: (RecordingStream) -> Void = { _ in }
    ) throws -> (endpoint: Endpoint, frames: [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])])
    {
        let server = try Endpoint(.server, limits: limits)
        var frames: [(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8])] = []
        for part in [Frame.preface + Frame.emptySettings + Frame.settingsAck] + parts {
            var rest = part[...]
            while !rest.isEmpty {
                try server.receive(rest.prefix(chunk))
                rest = rest.dropFirst(chunk)
            }
            if part.count > 0, let stream = server.streams.last { between(stream) }
            frames = Frame.parse(try server.output())
        }
        return (server, frames)
    }

    private func code(_ payload: [UInt8]) -> UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

    @Test("DATA behind the peer's own end or reset is refused with STREAM_CLOSED", arguments: chunks)
    func dataOfAClosedStream(chunk: Int) throws {
        let endings = [
            [Frame.request(stream: 1, endStream: true)],
            [
                Frame.request(stream: 1, endStream: false),
                Frame.data(stream: 1, [1, 2, 3, 4, 5], endStream: true),
            ],
            [Frame.request(stream: 1, endStream: false), Frame.reset(stream: 1)],
        ]
        for ending in endings {
            let (endpoint, frames) = try server(
                chunk: chunk, reading: ending + [Frame.data(stream: 1, [6, 7, 8, 9, 10])],
                between: { if !$0.isClosed { answer($0, []) } })
            #expect(frames.map(\.type) == [3])
            #expect(frames.first.map { code($0.payload) } == 5)
            #expect(!endpoint.session.isTerminated)
        }
    }

    @Test("what was on its way to a stream that we reset is ignored", arguments: chunks)
    func dataOfAStreamWeReset(chunk: Int) throws {
        let late = [
            Frame.data(stream: 1, [1, 2, 3, 4, 5]),
            // Trailers, decoded for the table's sake.
            Frame.make(
                type: 1, flags: 5, stream: 1, [0x00, 0x01, UInt8(ascii: "x"), 0x01, UInt8(ascii: "y")]),
        ]
        let (endpoint, frames) = try server(
            chunk: chunk, reading: [Frame.request(stream: 1, endStream: false)] + late,
            between: { $0.reset(.cancel) })
        #expect(frames.isEmpty)
        #expect(!endpoint.session.isTerminated)
    }

    @Test("HEADERS of a stream that is over, or was skipped, end the connection", arguments: chunks)
    func headersOfAClosedStream(chunk: Int) throws {
        for (opened, again, expected) in [(1, 1, 5), (5, 3, 1), (9, 5, 1)] as [(UInt32, UInt32, UInt32)] {
            let (endpoint, frames) = try server(
                chunk: chunk,
                reading: [
                    Frame.request(stream: opened, endStream: true),
                    Frame.request(stream: again, endStream: true),
                ],
                between: { if !$0.isClosed { answer($0, []) } })
            let goAway = try #require(frames.last { $0.type == 7 })
            #expect(code([UInt8](goAway.payload.dropFirst(4))) == expected)
            #expect(endpoint.streams.count == 1)
        }
    }

    @Test("frames that nghttp2 ignores are counted all the same", arguments: chunks)
    func ignoredFramesAreCounted(chunk: Int) throws {
        var limits = HTTP2Limits()
        limits.tinyDataFrames = .init(burst: 20, perSecond: 1)
        let flood = (0..<21).flatMap { _ in Frame.data(stream: 1, []) }
        let (_, frames) = try server(
            limits, chunk: chunk, reading: [Frame.request(stream: 1, endStream: false), flood],
            between: { $0.reset(.cancel) })
        #expect(
            frames.last.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) }
                == "too_many_tiny_data_frames")
    }

    @Test("PRIORITY of the connection is an error although priorities are off") func priorityOfTheConnection()
        throws
    {
        let (_, frames) = try server(chunk: .max, reading: [Frame.make(type: 2, stream: 0, [0, 0, 0, 1, 1])])
        #expect(frames.last.map { code([UInt8]($0.payload.dropFirst(4))) } == 1)
    }

    @Test("a malformed request is refused, and nobody waits for the rest of its headers", arguments: chunks)
    func malformedHeaders(chunk: Int) throws {
        // A literal field named "A", which HTTP/2 forbids.
        let malformed = Frame.request(stream: 1, endStream: true, extra: [0x00, 0x01, 0x41, 0x01, 0x62])
        let (endpoint, frames) = try server(chunk: chunk, reading: [malformed])
        #expect(frames.map(\.type) == [3])
        #expect(!endpoint.session.isReceivingHeaders)
    }
}
