import CNghttp2
@testable import HTTP2Engine
import Testing

/// Connections of one loop share their scratch memory, and nothing else.
@Suite("Sessions that share a workspace") struct SharedWorkspaceTests {
    private static func request(_ secret: String) throws -> (client: Endpoint, bytes: [UInt8]) {
        let client = try Endpoint(.client)
        _ = client.open(path: "/of/" + secret, fields: [("authorization", "Bearer " + secret)], body: [1])
        return (client, try client.output())
    }

    @Test(
        "a header block that arrives in pieces holds its own connection's fields, whatever others send between them",
        arguments: [1, 7, 40])
    func interleavedBlocks(chunk: Int) throws {
        let workspace = HTTP2Workspace()
        let names = ["alpha", "beta", "gamma"]
        let requests = try names.map(Self.request)
        let servers = try names.map { _ in try Endpoint(.server, workspace: workspace) }
        var rests = requests.map { $0.bytes[...] }
        while rests.contains(where: { !$0.isEmpty }) {
            for index in names.indices {
                try servers[index].receive(rests[index].prefix(chunk))
                rests[index] = rests[index].dropFirst(chunk)
                // What is sent in between must not touch the blocks either.
                _ = try servers[index].output()
            }
        }
        for (name, server) in zip(names, servers) {
            let expected = [
                ":method: POST", ":scheme: http", ":path: /of/" + name, ":authority: clinic.test", "te: trailers",
                "authorization: Bearer " + name,
            ]
            #expect(server.streams.count == 1)
            #expect(
                server.streams.first?.told.first
                    == .headers(expected, endStream: false, exceedsLimit: false))
            #expect(server.streams.first?.body == [1])
        }
    }

    @Test("whoever stops in the middle of a header block gets nothing of the next one's", arguments: 1...60)
    func halfABlock(cut: Int) throws {
        let workspace = HTTP2Workspace()
        let (attacker, victim) = (try Self.request("attacker"), try Self.request("victim"))
        let (first, second) = (
            try Endpoint(.server, workspace: workspace), try Endpoint(.server, workspace: workspace)
        )
        let (half, middle) = (attacker.bytes.count - cut, victim.bytes.count / 2)
        try first.receive(attacker.bytes[..<half])
        try second.receive(victim.bytes[..<middle])
        try first.receive(attacker.bytes[half...])
        try second.receive(victim.bytes[middle...])
        for (server, own, other) in [(first, "attacker", "victim"), (second, "victim", "attacker")] {
            guard case .headers(let lines, _, _) = server.streams.first?.told.first else {
                Issue.record("\(own) was not heard")
                continue
            }
            #expect(lines.contains("authorization: Bearer " + own))
            #expect(lines.contains(":path: /of/" + own))
            #expect(!lines.contains { $0.contains(other) })
        }
    }

    @Test("a header block that trickles in is copied twice, not once per byte", arguments: [1, 16, .max])
    func tricklingBlock(chunk: Int) throws {
        let workspace = HTTP2Workspace()
        let server = try Endpoint(.server, workspace: workspace)
        let fields = (0..<100).map { ("field-\($0)", String(repeating: "v", count: 90)) }
        let client = try Endpoint(.client)
        _ = client.open(fields: fields)
        var rest = try client.output()[...]
        while !rest.isEmpty {
            try server.receive(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
        }
        guard case .headers(let lines, _, exceedsLimit: false) = server.streams.first?.told.first else {
            Issue.record("no request arrived")
            return
        }
        #expect(lines.suffix(100) == fields.map { "\($0): \($1)" }[...])
        // ": " is not part of what is kept.
        let byteCount = lines.reduce(0) { $0 + $1.utf8.count - 2 }
        let copied = workspace.notes.pointee.headers.copiedByteCount
        #expect(chunk == .max ? copied == 0 : (1...2 * byteCount).contains(copied), "\(copied) of \(byteCount)")
    }

    @Test("what a failed send noted goes to its own streams, not to the next connection's")
    func failedSend() throws {
        let workspace = HTTP2Workspace()
        let failing = try Endpoint(.server, workspace: workspace)
        let other = try Endpoint(.server, workspace: workspace)
        for server in [failing, other] {
            try server.receive(Frame.preface + Frame.emptySettings + Frame.request(stream: 1, endStream: true))
            _ = try server.output()
        }
        try failing.receive(Frame.request(stream: 3, endStream: true))
        // Its bytes leave and make room; then nghttp2 cannot go on with the other stream.
        let writer = failing.streams[0]
        (writer.highWater, writer.lowWater) = (100, 50)
        writer.sendHeaders(okHead)
        writer.write([UInt8](repeating: 7, count: 200).span)
        failing.submitBrokenBody(stream: 3)
        #expect(throws: HTTP2Failure.self) { try failing.output() }
        #expect(writer.told.last == .writable)
        #expect(failing.session.hasGivenUp)
        try other.receive(Frame.settingsAck)
        #expect(!other.streams[0].told.contains(.writable))
    }
}

extension Endpoint {
    /// A response whose bytes cannot be had, which is the end of the session to nghttp2, as lack of memory is.
    fileprivate func submitBrokenBody(stream: Int32) {
        var provider = nghttp2_data_provider(
            source: nghttp2_data_source(ptr: nil),
            read_callback: { _, _, _, _, _, _, _ in Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) })
        #expect(nghttp2_submit_response(session.handle, stream, okHead.fields, okHead.count, &provider) == 0)
    }
}
