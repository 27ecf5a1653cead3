import HTTP2Engine
import Testing

/// How a body becomes DATA frames, whatever room there is for them.
@Suite("DATA frames") struct DataFramesTests {
    @Test(
        "bodies arrive as they were written, however little of them fits at a time",
        arguments: [1, 100, 16_384, 16_385, 60_000], [9, 10, 1000, 16_392, 16_393, 40_000])
    func bodies(byteCount: Int, room: Int) throws {
        let body = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let client = try Endpoint(.client)
        let server = try Endpoint(.server)
        server.makeStream = {
            let stream = RecordingStream()
            stream.respond = { answer($0, body) }
            return stream
        }
        let calls = (0..<2).map { _ in client.open(body: [1]) }
        // Frames that are larger than the room wait in nghttp2; a smaller room than a frame's would never be enough.
        let enough = max(room, 16_384 + 9)
        while true {
            let toServer = try client.output()
            try server.receive(toServer)
            var toClient = try server.output(roomByteCount: enough)
            toClient += try server.output(roomByteCount: room) + server.output(roomByteCount: enough)
            try client.receive(toClient)
            if toServer.isEmpty, toClient.isEmpty { break }
        }
        for call in calls {
            #expect(call.body == body)
            #expect(call.closeReason == .finished)
        }
    }
}
