import EventCore
import Testing

@testable import Transport

extension SocketTests {
    @Suite("What a server does with peers that misbehave") struct RawFrameTests {
        private func withServer(
            virtualTime: Bool = false, _ configure: (inout ServerTransportConfiguration) -> Void = { _ in },
            _ body: (ServerFixture, SocketAddress) async throws -> Void
        ) async throws {
            let fixture = try ServerFixture(virtualTime: virtualTime, configure)
            let address = try await fixture.server.listen(on: .tcp(.loopback(port: 0)))
            do {
                try await body(fixture, address)
            } catch {
                await fixture.stop()
                throw error
            }
            await fixture.stop()
        }

        @Test("bytes that are not HTTP/2 close the connection")
        func notHTTP2() async throws {
            try await withServer { fixture, address in
                let client = try RawClient(address)
                client.send(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                #expect(client.receive().isClosed)
                #expect(await fixture.source.wait(for: "closed protocol_error"))
            }
        }

        /// DATA on stream 0, a frame over the maximum, SETTINGS of a wrong size, an even stream id.
        private static let brokenFrames: [(frame: [UInt8], code: UInt8)] = [
            (RawClient.frame(type: 0, stream: 0, [1]), 1),
            (RawClient.frame(type: 0, stream: 1, [UInt8](repeating: 0, count: 16_385)), 6),
            (RawClient.frame(type: 4, [1]), 6), (RawClient.request(stream: 2, path: "/echo"), 1),
        ]

        @Test("connection errors are answered with GOAWAY before the close", arguments: brokenFrames)
        func connectionErrors(frame: [UInt8], code: UInt8) async throws {
            try await withServer { fixture, address in
                let client = try RawClient(address)
                client.send(RawClient.preface + frame)
                let (frames, isClosed) = client.receive()
                #expect(isClosed)
                let goAway = try #require(frames.last { $0.type == 7 })
                #expect(goAway.errorCode == code)
                #expect(await fixture.source.wait(for: "closed protocol_error"))
            }
        }

        @Test("a flood is told to calm down, even with input unread")
        func floodIsToldWhy() async throws {
            try await withServer { fixture, address in
                let client = try RawClient(address)
                let frame = RawClient.frame(type: 0xEE, stream: 0, [0])
                client.send(RawClient.preface + (0..<20_000).flatMap { _ in frame })
                let (frames, _) = client.receive { $0.contains { $0.type == 7 } }
                let goAway = try #require(frames.last { $0.type == 7 })
                #expect(goAway.errorCode == 11 && goAway.goAwayText == "too_many_unknown_frames")
                #expect(await fixture.source.wait(for: "closed too_many_unknown_frames"))
            }
        }

        @Test("every PING is answered, too many without calls end the connection with its reason")
        func pingStrikes() async throws {
            try await withServer { fixture, address in
                let client = try RawClient(address)
                client.send(RawClient.preface)
                // The first is free, then two strikes, the next is one too many.
                for _ in 0..<4 { client.send(RawClient.ping) }
                let (frames, isClosed) = client.receive()
                #expect(isClosed)
                #expect(frames.filter { $0.type == 6 && $0.flags == 1 }.count == 4)
                #expect(frames.last { $0.type == 7 }?.goAwayText == "too_many_pings")
                #expect(await fixture.source.wait(for: "closed too_many_pings"))
            }
        }

        @Test("a client that connects and stays silent is closed in time, an established one is not")
        func handshakeTimeout() async throws {
            try await withServer(virtualTime: true) { fixture, address in
                let silent = try RawClient(address)
                let half = try RawClient(address)
                half.send(Array(RawClient.preface.prefix(10)))
                let good = try RawClient(address)
                good.send(RawClient.preface)
                try #require(await fixture.source.wait(for: "opened"))
                #expect(await eventually { fixture.server.openConnectionCount == 3 })
                await fixture.advance(by: .seconds(19))
                #expect(fixture.server.openConnectionCount == 3)
                await fixture.advance(by: .seconds(1))
                #expect(silent.receive().isClosed && half.receive().isClosed)
                #expect(await eventually { fixture.server.openConnectionCount == 1 })
            }
        }

        @Test("a header block that does not end is cut off")
        func slowHeaders() async throws {
            try await withServer(virtualTime: true) { fixture, address in
                let client = try RawClient(address)
                // HEADERS without END_HEADERS, and never a CONTINUATION.
                client.send(RawClient.preface + RawClient.frame(type: 1, flags: 0, stream: 1, [0x83]))
                try #require(await fixture.source.wait(for: "opened"))
                await fixture.advance(by: .seconds(21))
                #expect(await fixture.source.wait(for: "closed headers_timed_out"))
            }
        }

        @Test("a peer that reads nothing is closed, and its bytes are let go")
        func slowReader() async throws {
            try await withServer(virtualTime: true) { fixture, address in
                let client = try RawClient(address, receiveBuffer: 4096)
                // Windows wide open, so that only the socket holds the server back.
                client.send(
                    RawClient.preface + RawClient.frame(type: 4, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
                        + RawClient.frame(type: 8, stream: 0, [0x7F, 0, 0, 0])
                        + RawClient.request(stream: 1, path: "/flood"))
                try #require(await fixture.source.wait(for: "request"))
                await fixture.advance(by: .seconds(59))
                #expect(fixture.server.openConnectionCount == 1)
                await fixture.advance(by: .seconds(2))
                #expect(await fixture.source.wait(for: "closed write_stalled"))
                #expect(fixture.source.lines.contains("stream connectionLost"))
            }
        }

        @Test("a peer that opens no window is closed in the end")
        func closedWindow() async throws {
            try await withServer(virtualTime: true) { fixture, address in
                let client = try RawClient(address)
                client.send(RawClient.preface + RawClient.request(stream: 1, path: "/flood"))
                try #require(await fixture.source.wait(for: "request"))
                await fixture.advance(by: .seconds(299))
                #expect(fixture.server.openConnectionCount == 1)
                await fixture.advance(by: .seconds(2))
                #expect(await fixture.source.wait(for: "closed write_stalled"))
            }
        }

        @Test("an idle connection is drained with its reason")
        func idleIsDrained() async throws {
            try await withServer(virtualTime: true, { $0.idleMax = .seconds(30) }) { fixture, address in
                let client = try RawClient(address)
                client.send(RawClient.preface)
                try #require(await fixture.source.wait(for: "opened"))
                await fixture.advance(by: .seconds(31))
                // Our PING stays unanswered: the second GOAWAY comes by its timer.
                await fixture.advance(by: .seconds(5))
                let (frames, isClosed) = client.receive()
                #expect(isClosed)
                let goAways = frames.filter { $0.type == 7 }
                #expect(goAways.count == 2)
                #expect(goAways.last?.goAwayText == "max_idle")
                #expect(frames.contains { $0.type == 6 && $0.flags == 0 })
                #expect(await fixture.source.wait(for: "closed drained"))
            }
        }

        @Test("a silent client is asked, and dropped when it does not answer")
        func serverKeepalive() async throws {
            try await withServer(
                virtualTime: true,
                { $0.keepalive = KeepaliveConfiguration(time: .seconds(60), timeout: .seconds(20)) }
            ) { fixture, address in
                let client = try RawClient(address)
                client.send(RawClient.preface)
                try #require(await fixture.source.wait(for: "opened"))
                await fixture.advance(by: .seconds(60))
                let (frames, _) = client.receive { $0.contains { $0.type == 6 } }
                #expect(frames.contains { $0.type == 6 && $0.flags == 0 })
                await fixture.advance(by: .seconds(20))
                #expect(await fixture.source.wait(for: "closed keepalive_timed_out"))
            }
        }

        @Test("connections above the limit of an address are cut, and room is made when one leaves")
        func connectionsPerAddress() async throws {
            try await withServer(configuring) { fixture, address in
                var clients: [RawClient] = []
                for _ in 0..<2 {
                    clients.append(try RawClient(address))
                    clients.last!.send(RawClient.preface)
                }
                #expect(await eventually { fixture.server.openConnectionCount == 2 })
                let third = try RawClient(address)
                third.send(RawClient.preface)
                #expect(third.receive().isClosed)
                clients.removeLast()
                #expect(await eventually { fixture.server.openConnectionCount == 1 })
                let fourth = try RawClient(address)
                fourth.send(RawClient.preface)
                #expect(fourth.receive { !$0.isEmpty }.isClosed == false)
            }
        }

        private func configuring(_ configuration: inout ServerTransportConfiguration) {
            configuration.connectionsPerAddressMax = 2
        }
    }
}
