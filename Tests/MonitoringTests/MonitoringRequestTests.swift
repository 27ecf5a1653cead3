import Testing

@testable import Monitoring

@Suite("A monitoring request")
struct MonitoringRequestTests {
    /// What the reader says at the end of `text`, delivered in pieces of `size` bytes.
    static func read(_ text: String, size: Int) -> MonitoringRequestReader.Progress {
        var reader = MonitoringRequestReader()
        let bytes = Array(text.utf8)
        var progress = MonitoringRequestReader.Progress.incomplete
        for start in stride(from: 0, to: bytes.count, by: size) where progress == .incomplete {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            progress = piece.withUnsafeBytes { reader.receive($0) }
        }
        return progress
    }

    @Test(
        "is its path without the query, however it is cut",
        arguments: [1, 7, 4096],
        [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", "/metrics", false),
            ("HEAD /livez?verbose=1 HTTP/1.0\r\n\r\n", "/livez", true),
            ("\r\nGET / HTTP/1.1\nHost: x\n\n", "/", false),
        ])
    func wellFormed(size: Int, example: (text: String, path: String, isHeadOnly: Bool)) {
        #expect(
            Self.read(example.text, size: size)
                == .complete(MonitoringRequest(path: example.path, isHeadOnly: example.isHeadOnly)))
    }

    @Test(
        "that is none is refused with the status that says why, however it is cut",
        arguments: [1, 7, 4096],
        [
            ("POST /metrics HTTP/1.1\r\n\r\n", MonitoringResponse.Status.methodNotAllowed),
            ("GET metrics HTTP/1.1\r\n\r\n", .badRequest),
            ("GET  /metrics HTTP/1.1\r\n\r\n", .badRequest),
            ("GET /metrics\r\n\r\n", .badRequest),
            ("GET /me\u{7}trics HTTP/1.1\r\n\r\n", .badRequest),
            ("GET /metrics HTTP/2.0\r\n\r\n", .versionNotSupported),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .badRequest),
            ("GET /" + String(repeating: "a", count: 9000), .headersTooLarge),
            ("GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 2000), .headersTooLarge),
        ])
    func malformed(size: Int, example: (text: String, status: MonitoringResponse.Status)) {
        #expect(Self.read(example.text, size: size) == .refused(example.status))
    }

    @Test("that has not ended is waited for")
    func incomplete() {
        #expect(Self.read("GET / HTTP/1.1\r\nHost: x\r\n", size: 7) == .incomplete)
        #expect(Self.read("", size: 1) == .incomplete)
    }
}

@Suite("Metrics text")
struct MetricsTextTests {
    @Test("escapes labels and writes whole numbers without a fraction")
    func format() {
        var metrics = MetricsText()
        metrics.family("calls_total", .counter, "Calls.")
        metrics.sample(3, ["method": "a\"b\\c\nd", "code": "OK"])
        metrics.sample(0.5, ["le": "0.5"], suffix: "_bucket")
        #expect(
            metrics.text == """
                # HELP calls_total Calls.
                # TYPE calls_total counter
                calls_total{method="a\\"b\\\\c\\nd",code="OK"} 3
                calls_total_bucket{le="0.5"} 0.5

                """)
    }
}
