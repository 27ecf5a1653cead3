internal import Glibc
internal import TextFormats

/// Controls the Chime simulator over plain HTTP on loopback.
struct SimulatorControl {
    /// Maximum wait for a response.
    private static let timeoutSeconds = 5
    /// Responses have a few hundred bytes; only the status line is read.
    private static let answerBytesMax = 4096

    let host: String
    let port: UInt16

    /// - Parameter text: "http://HOST:PORT" or "HOST:PORT"; nil when it is neither.
    init?(_ text: String) {
        var rest = text[...]
        if rest.hasPrefix("http://") { rest = rest.dropFirst(7) }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]) else {
            return nil
        }
        host = rest[..<colon] == "localhost" ? "127.0.0.1" : String(rest[..<colon])
        self.port = port
    }

    /// - Throws: ``ProbeFailure`` when no simulator answers.
    func check() throws { try expect("GET", "/_simulator/health") }

    func endMeeting(_ id: String) throws { try expect("POST", "/_simulator/meetings/\(id)/end") }

    private func expect(_ method: String, _ path: String) throws {
        let status = answer(method, path)
        guard status.map({ (200..<300).contains($0) }) == true else {
            throw ProbeFailure.connection(
                "no Chime simulator answers \(method) \(path) on \(host):\(port)"
                    + (status.map { " (HTTP \($0))" } ?? "")
                    + ". Start one with tools/run, and give its address with --simulator.")
        }
    }

    /// - Returns: the HTTP status; nil without a response.
    private func answer(_ method: String, _ path: String) -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        let limitSize = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, limitSize)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, limitSize)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return nil }
        let request = Array(
            "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Self.answerBytesMax)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 12 else { return nil }
        // "HTTP/1.1 200 …"
        return Int(String(decoding: bytes[9..<12], as: UTF8.self))
    }
}
