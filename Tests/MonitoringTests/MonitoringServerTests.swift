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
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            if count <= 0 { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    static func withServer(_ body: (UInt16) async throws -> Void) async throws {
        let server = try MonitoringServer { path in
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
            #expect(answer.hasSuffix("\r\n\r\nalive\n"))
        }
    }

    @Test("answers HEAD without a body, other paths 404, other methods 405, and no HTTP at all 400")
    func refuses() async throws {
        try await Self.withServer { port in
            let head = Self.exchange("HEAD /livez HTTP/1.1\r\n\r\n", port: port, pieces: 100)
            #expect(head.contains("Content-Length: 6\r\n") && head.hasSuffix("\r\n\r\n"))
            #expect(Self.exchange("GET /x HTTP/1.1\r\n\r\n", port: port, pieces: 100).hasPrefix("HTTP/1.1 404"))
            let post = Self.exchange("POST /livez HTTP/1.1\r\n\r\n", port: port, pieces: 100)
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
            #expect(Self.exchange("GET /livez HTTP/1.1\r\n\r\n", port: port, pieces: 100).hasSuffix("alive\n"))
        }
    }

    @Test("serves others while silent connections wait, and all of them when more come than it holds")
    func silentConnections() async throws {
        try await Self.withServer { port in
            await withTaskGroup(of: String.self) { group in
                for _ in 0..<(MonitoringServer.connectionsMax * 3) {
                    group.addTask { Self.exchange("GET /livez HTTP/1.1\r\n\r\n", port: port, pieces: 5) }
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
                let answer = Self.exchange("GET /livez HTTP/1.1\r\n\r\n", port: port, pieces: 4096)
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
