import EventCore
import Glibc
import Testing

@testable import Monitoring

@Suite("A monitoring endpoint", .timeLimit(.minutes(1)))
struct MonitoringServerTests {
    /// Sends `text` in pieces and returns all that comes back until the server closes.
    static func exchange(_ text: String, port: UInt16, pieces size: Int) -> String {
        guard let number = connected(to: port) else { return "no connection" }
        defer { close(number) }
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            if send(number, piece, piece.count, Int32(MSG_NOSIGNAL)) < 0 { break }
        }
        return received(number)
    }

    /// All that comes until the server closes.
    private static func received(_ number: Int32) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    static func withServer(
        counters: MonitoringCounters = MonitoringCounters(), _ body: (UInt16) async throws -> Void
    ) async throws {
        let server = try MonitoringServer(unixSeconds: { 784_111_777 }, counters: counters) { path in
            await Task.yield()
            return path == "/livez" ? MonitoringResponse(.ok, body: "alive\n") : nil
        }
        defer { server.stop() }
        let address = try await server.start(on: .loopback(port: 0))
        try await body(try #require(address.port))
    }

    @Test("answers a request cut anywhere, and closes", arguments: [1, 7, 4096])
    func answers(size: Int) async throws {
        try await Self.withServer { port in
            let answer = Self.exchange("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: size)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Length: 6\r\n"))
            #expect(answer.contains("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nalive\n"))
        }
    }

    @Test(
        "answers the forms that a prober's request may have, however it is cut", arguments: [1, 7, 4096],
        [
            "GET /livez HTTP/1.0\r\n\r\n", "GET /livez?verbose=1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
            "\r\nGET /livez HTTP/1.1\r\nHost: [::1]:9090\r\n\r\n", "GET http://x/livez HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ])
    func forms(size: Int, request: String) async throws {
        try await Self.withServer { port in
            #expect(Self.exchange(request, port: port, pieces: size).hasSuffix("\r\n\r\nalive\n"))
        }
    }

    @Test(
        "refuses anything else with the status that says why, and counts it, however it is cut",
        arguments: [1, 7, 4096],
        [
            ("GET livez HTTP/1.1\r\n\r\n", 400, "malformed_target"),
            ("GET  /livez HTTP/1.1\r\n\r\n", 400, "malformed_request_line"),
            ("GET /livez\r\n\r\n", 400, "malformed_request_line"), ("GET /livez HTTP/1.1\n\n", 400, "bare_line_feed"),
            ("GET /li\u{7}vez HTTP/1.1\r\n\r\n", 400, "malformed_target"),
            ("GET /livez HTTP/1.1\r\n\r\n", 400, "missing_host"),
            ("GET /livez HTTP/2.0\r\n\r\n", 505, "unsupported_version"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version"),
            ("GET /" + String(repeating: "a", count: 9000), 414, "request_line_too_long"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a: b\r\n", count: 2000), 431, "too_many_fields"
            ),
        ])
    func malformed(size: Int, example: (text: String, status: Int, reason: String)) async throws {
        let counters = MonitoringCounters()
        try await Self.withServer(counters: counters) { port in
            let answer = Self.exchange(example.text, port: port, pieces: size)
            #expect(answer.hasPrefix("HTTP/1.1 \(example.status) "))
        }
        #expect(counters.endedConnections == [example.reason: 1])
    }

    @Test("gives a silent client 5 seconds and a slow one no more, then closes, and counts it")
    func slowClients() async throws {
        let clock = ManualClock()
        let counters = MonitoringCounters()
        let server = try MonitoringServer(clock: .manual(clock), unixSeconds: { 0 }, counters: counters) { _ in nil }
        defer { server.stop() }
        let port = try #require(try await server.start(on: .loopback(port: 0)).port)
        let silent = try #require(Self.connected(to: port))
        let slow = try #require(Self.connected(to: port))
        defer {
            close(silent)
            close(slow)
        }
        _ = send(slow, "GET /", 5, Int32(MSG_NOSIGNAL))
        // A later connection is answered by the same loop: both are accepted, and the five bytes are read.
        #expect(Self.exchange("GET / HTTP/1.0\r\n\r\n", port: port, pieces: 4096).hasPrefix("HTTP/1.1 404"))
        clock.advance(by: .seconds(5))
        #expect(Self.received(slow).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(Self.received(silent) == "")
        #expect(counters.endedConnections == ["idle": 1, "head_too_slow": 1])
    }

    @Test("gives up on a client that does not read its response in time, and counts it")
    func unreadResponse() async throws {
        let clock = ManualClock()
        let counters = MonitoringCounters()
        // More than any socket buffer.
        let large = String(repeating: "x", count: 32 << 20)
        let server = try MonitoringServer(clock: .manual(clock), unixSeconds: { 0 }, counters: counters) { path in
            MonitoringResponse(.ok, body: path == "/large" ? large : "")
        }
        defer { server.stop() }
        let port = try #require(try await server.start(on: .loopback(port: 0)).port)
        let client = try #require(Self.connected(to: port))
        defer { close(client) }
        _ = send(client, "GET /large HTTP/1.0\r\n\r\n", 23, Int32(MSG_NOSIGNAL))
        var byte: UInt8 = 0
        #expect(recv(client, &byte, 1, 0) == 1, "the response has begun")
        clock.advance(by: MonitoringServer.connectionTime)
        #expect(Self.received(client).utf8.count < large.utf8.count)
        #expect(counters.endedConnections == ["response_not_taken": 1])
        #expect(Self.exchange("GET / HTTP/1.0\r\n\r\n", port: port, pieces: 4096).hasPrefix("HTTP/1.1 200"))
    }

    @Test("answers HEAD without a body, other paths 404, other methods 405, and no HTTP at all 400")
    func refuses() async throws {
        try await Self.withServer { port in
            let head = Self.exchange("HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 100)
            #expect(head.contains("Content-Length: 6\r\n") && head.hasSuffix("\r\n\r\n"))
            let unknown = Self.exchange("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 100)
            #expect(unknown.hasPrefix("HTTP/1.1 404"))
            let post = Self.exchange("POST /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 100)
            #expect(post.hasPrefix("HTTP/1.1 405") && post.contains("Allow: GET, HEAD\r\n"))
            #expect(Self.exchange("hello\r\n\r\n", port: port, pieces: 100).hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test("refuses a head above its limit instead of keeping it")
    func longHead() async throws {
        try await Self.withServer { port in
            let flood = "GET /livez HTTP/1.1\r\n" + String(repeating: "x: y\r\n", count: 100_000)
            // The answer may be lost to the reset that unread bytes cause; an endless read would hang the test.
            let answer = Self.exchange(flood, port: port, pieces: 65_536)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431"))
            #expect(Self.exchange("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 100).hasSuffix("alive\n"))
        }
    }

    @Test("serves others while silent connections wait, and all of them when more come than it holds")
    func silentConnections() async throws {
        try await Self.withServer { port in
            await withTaskGroup(of: String.self) { group in
                for _ in 0..<(MonitoringServer.connectionsMax * 3) {
                    group.addTask { Self.exchange("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 5) }
                }
                for await answer in group { #expect(answer.hasSuffix("alive\n")) }
            }
        }
    }

    @Test("answers a prober although others hold every place with half a request, however often they come")
    func slowConnections() async throws {
        try await Self.withServer { port in
            var held: [Int32] = []
            defer { for number in held { close(number) } }
            for _ in 0..<3 {
                for _ in 0..<MonitoringServer.connectionsMax {
                    let number = try #require(Self.connected(to: port))
                    _ = send(number, "GET /livez HTTP/1.1\r\n", 21, Int32(MSG_NOSIGNAL))
                    held.append(number)
                }
                let answer = Self.exchange("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", port: port, pieces: 4096)
                #expect(answer.hasSuffix("alive\n"))
            }
        }
    }

    private static func connected(to port: UInt16) -> Int32? {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 ? number : nil
    }
}
