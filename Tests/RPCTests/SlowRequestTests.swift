import EventCore
import RPCModel
import RPCServer
import Testing

@Suite("Requests that come too slowly", .timeLimit(.minutes(1))) struct SlowRequestTests {
    private static func head(_ method: String) -> [(String, String)] {
        [
            (":method", "POST"), (":scheme", "http"), (":path", "/test.Service/\(method)"),
            (":authority", "test"), ("te", "trailers"), ("content-type", "application/grpc"),
        ]
    }

    /// A request that is sent as far as `body` and then left; what becomes of it after each step of the clock.
    private func run(
        _ method: String, body: [UInt8], steps: [Duration], _ check: (_ refused: [UInt64]) -> Void
    ) async throws {
        let clock = ManualClock()
        try await Loopback.run(server: { $0.clock = .manual(clock) }) { loopback in
            let port = try #require(UInt16(loopback.target.split(separator: ":").last ?? ""))
            let client = try await RawClient(port: port)
            let answer = Task { await client.send(Self.head(method), body: body, ends: false) }
            while await loopback.server.metrics().openCalls == 0 { await Task.yield() }
            // A call on the same connection behind it: the body has been read.
            _ = await client.send(Self.head("Echo"), body: [0, 0, 0, 0, 0])
            var refused: [UInt64] = []
            for step in steps {
                // In rounds, as the server looks: each sees what the one before it left.
                for _ in 0..<10 {
                    clock.advance(by: step / 10)
                    _ = await client.send(Self.head("Echo"), body: [0, 0, 0, 0, 0])
                }
                refused.append(await loopback.server.metrics().refusedCalls["request_too_slow"] ?? 0)
            }
            check(refused)
            if refused.last == 1 {
                let status = await answer.value.status
                #expect(status == "8")
            }
            let next = await client.send(Self.head("Echo"), body: [0, 0, 0, 0, 0])
            #expect(next.status == "0")
            await client.close()
            _ = await answer.value
        }
    }

    private static let half: [UInt8] = [0, 0, 0, 0, 9, 1, 2, 3]

    @Test(
        "half a message, a whole one without its end, and none at all are cut off",
        arguments: [half, [0, 0, 0, 0, 0], [0]])
    func unary(body: [UInt8]) async throws {
        try await run("Echo", body: body, steps: [.seconds(29), .seconds(16)]) { #expect($0 == [0, 1]) }
    }

    @Test("a long message has a second more for each 4 KiB that came") func longMessage() async throws {
        let body = [0, 0, 3, 0, 0] + [UInt8](repeating: 0, count: 100_000)
        try await run("Echo", body: body, steps: [.seconds(50), .seconds(20)]) { #expect($0 == [0, 1]) }
    }

    @Test("a stream may rest between messages, not inside one") func stream() async throws {
        let whole: [UInt8] = [0, 0, 0, 0, 0]
        try await run("Chat", body: whole, steps: [.seconds(3600)]) { #expect($0 == [0]) }
        try await run("Chat", body: whole + Self.half, steps: [.seconds(29), .seconds(31)]) {
            #expect($0 == [0, 1])
        }
    }
}
