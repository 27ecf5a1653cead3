import HTTPSClient
import LoopbackHTTP
import Testing

@Suite("HTTPS client over loopback", .timeLimit(.minutes(1))) struct HTTPSClientTests {
    private func client(_ change: (inout HTTPSClient.Configuration) -> Void = { _ in }) throws -> HTTPSClient
    {
        var configuration = HTTPSClient.Configuration()
        change(&configuration)
        return try HTTPSClient(configuration: configuration)
    }

    private func request(
        _ method: HTTPSRequest.Method = .get, _ url: String, headers: HTTPHeaders = [:], body: String = "",
        within: Duration = .seconds(20), bytesMax: Int = 1 << 20
    ) throws -> HTTPSRequest {
        HTTPSRequest(
            method, try HTTPSURL(url), headers: headers, body: Array(body.utf8), deadline: .now + within,
            responseBytesMax: bytesMax)
    }

    @Test("method, path, headers and body arrive as they were given, and nothing is added but the agent")
    func requestOnTheWire() async throws {
        let server = ScriptedServer { _ in .answer(status: 200, headers: ["X-One": " a b "], body: "héllo") }
        defer { server.stop() }
        let response = try await client().send(
            request(
                .put, server.base + "/a/../b//c?x=%20&x", headers: ["X-Empty": "", "X-Value": "v"], body: "{}"
            ))
        #expect(response.status == 200)
        #expect(response.headers["x-one"] == "a b")
        #expect(String(decoding: response.body, as: UTF8.self) == "héllo")
        let got = try #require(server.requests.first)
        #expect(got.method == "PUT")
        #expect(got.target == "/a/../b//c?x=%20&x")
        #expect(got.bodyText == "{}")
        #expect(
            got.headers.sorted { $0[0] < $1[0] } == [
                ["content-length", "2"], ["host", "127.0.0.1:\(server.port)"],
                ["user-agent", "telehealth-rpc"],
                ["x-empty", ""], ["x-value", "v"],
            ])
    }

    @Test(
        "every method works without a body",
        arguments: [HTTPSRequest.Method.get, .head, .post, .put, .delete])
    func methodsWithoutBody(method: HTTPSRequest.Method) async throws {
        let server = ScriptedServer { _ in .answer(status: 204) }
        defer { server.stop() }
        let response = try await client().send(request(method, server.base + "/"))
        #expect(response.status == 204)
        #expect(server.requests.map(\.method) == [method.rawValue])
    }

    @Test(
        "a host without a public address is refused where that was asked for, whatever its name",
        arguments: ["127.0.0.1", "localhost"])
    func refusesPrivateAddresses(host: String) async throws {
        let server = ScriptedServer { _ in .answer(status: 204) }
        defer { server.stop() }
        var request = try request(.get, "http://\(host):\(server.port)/")
        request.mayReachPrivate = false
        await #expect(throws: HTTPSError(.privateAddressRefused, phase: .connecting)) { try await client().send(request) }
        #expect(server.requests.isEmpty)
        request.mayReachPrivate = true
        #expect(try await client().send(request).status == 204)
    }

    @Test(
        "how long an answer holds is what Cache-Control says with one meaning, less its age",
        arguments: [
            ([], nil), ([("Cache-Control", "public")], nil), ([("Cache-Control", "s-maxage=60")], nil),
            ([("Cache-Control", "max-age=60")], 60), ([("cache-control", "public , MAX-AGE = 60")], 60),
            ([("Cache-Control", "max-age=\"60\"")], 60), ([("Cache-Control", "public"), ("Cache-Control", "max-age=60")], 60),
            ([("Cache-Control", "max-age=60"), ("Age", "50")], 10), ([("Cache-Control", "max-age=60"), ("Age", "90")], 0),
            ([("Cache-Control", "max-age=60"), ("Age", "-5")], 60), ([("Cache-Control", "max-age=60, no-store")], 0),
            ([("Cache-Control", "no-cache")], 0), ([("Cache-Control", "max-age=60, max-age=70")], 0),
            ([("Cache-Control", "max-age=-1")], 0), ([("Cache-Control", "max-age")], 0), ([("Cache-Control", "max-age=")], 0),
            ([("Cache-Control", "max-age=1.5")], 0), ([("Cache-Control", "max-age=99999999999999999999999")], 1 << 31),
            ([("Cache-Control", ",,=,")], nil),
        ] as [([(String, String)], Int?)])
    func freshness(fields: [(String, String)], seconds: Int?) {
        let headers = HTTPHeaders(fields.map { HTTPHeaders.Field(name: $0.0, value: $0.1) })
        #expect(HTTPSResponse(status: 200, headers: headers).freshFor == seconds.map { .seconds($0) })
    }

    @Test("connections are used again, also over IPv6")
    func connectionsAreKept() async throws {
        let server = ScriptedServer(isIPv6: true) { _ in .answer(status: 200, body: "ok") }
        defer { server.stop() }
        let client = try client()
        for _ in 0..<5 { _ = try await client.send(request(.post, server.base + "/", body: "x")) }
        #expect(server.requests.map(\.connection) == [1, 1, 1, 1, 1])
    }

    @Test("a redirect is an answer and is not followed")
    func redirects() async throws {
        let server = ScriptedServer { _ in .answer(status: 302, headers: ["Location": "/elsewhere"]) }
        defer { server.stop() }
        let response = try await client().send(request(.get, server.base + "/"))
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test("interim answers leave no headers behind")
    func interimAnswers() async throws {
        let server = ScriptedServer { _ in
            .raw("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny")
        }
        defer { server.stop() }
        let response = try await client().send(request(.get, server.base + "/"))
        #expect(response.headers.fields == [.init(name: "Content-Length", value: "1")])
    }

    @Test("an answer above the limit is refused, announced or not", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        let body = String(repeating: "x", count: 5000)
        let framing = isAnnounced ? "Content-Length: 5000" : "Connection: close"
        let server = ScriptedServer { _ in .raw("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n\(body)") }
        defer { server.stop() }
        await #expect(throws: HTTPSError(.responseTooLarge(limit: 4999), phase: .receiving)) {
            try await client().send(request(.get, server.base + "/", bytesMax: 4999))
        }
        let exact = try await client().send(request(.get, server.base + "/", bytesMax: 5000))
        #expect(exact.body.count == 5000)
    }

    @Test("silence ends at the deadline, and the error says that the request was sent")
    func silence() async throws {
        let server = ScriptedServer { _ in .silence }
        defer { server.stop() }
        let error = await #expect(throws: HTTPSError.self) {
            try await client().send(request(.post, server.base + "/", body: "x", within: .milliseconds(200)))
        }
        #expect(error == HTTPSError(.deadlineExceeded, phase: .sent))
        #expect(error?.mayHaveReachedServer == true)
    }

    @Test("a closed port is a transport error before anything was sent")
    func closedPort() async throws {
        let server = ScriptedServer { _ in .hangUp }
        let base = server.base
        server.stop()
        let error = await #expect(throws: HTTPSError.self) {
            try await client().send(request(.get, base + "/"))
        }
        #expect(error?.reason == .transport(curlCode: 7))
        #expect(error?.mayHaveReachedServer == false)
    }

    @Test("a hang-up after the request is a transport error that may have had effect")
    func hangUp() async throws {
        let server = ScriptedServer { _ in .hangUp }
        defer { server.stop() }
        let error = await #expect(throws: HTTPSError.self) {
            try await client().send(request(.post, server.base + "/", body: "x"))
        }
        #expect(error == HTTPSError(.transport(curlCode: 52), phase: .sent))
    }

    @Test("cancelling the task ends the transfer")
    func cancellation() async throws {
        let server = ScriptedServer { _ in .silence }
        defer { server.stop() }
        let client = try client()
        let waiting = try request(.get, server.base + "/")
        let task = Task { try await client.send(waiting) }
        await server.firstRequest()
        task.cancel()
        let result = await task.result
        #expect(throws: HTTPSError(.cancelled, phase: .sent)) { try result.get() }
    }

    @Test("a task cancelled beforehand sends nothing")
    func cancelledBeforehand() async throws {
        let server = ScriptedServer { _ in .answer(status: 200) }
        defer { server.stop() }
        let client = try client { $0.runningRequestsMax = 0 }
        let waiting = try request(.get, server.base + "/")
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(waiting)
        }
        let result = await task.result
        #expect(throws: HTTPSError(.cancelled)) { try result.get() }
        #expect(server.requests.isEmpty)
    }

    @Test("requests beyond the places and the queue are refused at once; the queue is served")
    func boundedQueue() async throws {
        let server = ScriptedServer { $0.target == "/silent" ? .silence : .answer(status: 200) }
        defer { server.stop() }
        let client = try client {
            $0.runningRequestsMax = 1
            $0.queuedRequestsMax = 1
        }
        let silent = try request(.get, server.base + "/silent")
        let quick = try request(.get, server.base + "/quick")
        let first = Task { try await client.send(silent) }
        await server.firstRequest()
        // Two more: one finds the only place in the queue, the other is turned away and says so.
        let results = await withTaskGroup(of: Result<Int, HTTPSError>.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do throws(HTTPSError) { return .success(try await client.send(quick).status) } catch {
                        first.cancel()
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.contains(.failure(HTTPSError(.queueFull(limit: 1)))))
        #expect(results.contains(.success(200)))
    }

    @Test("a request whose deadline passes in the queue is not sent")
    func deadlineInQueue() async throws {
        let server = ScriptedServer { _ in .silence }
        defer { server.stop() }
        let client = try client { $0.runningRequestsMax = 1 }
        let silent = try request(.get, server.base + "/silent")
        let first = Task { try await client.send(silent) }
        defer { first.cancel() }
        await server.firstRequest()
        await #expect(throws: HTTPSError(.deadlineExceeded, phase: .waiting)) {
            try await client.send(request(.get, server.base + "/late", within: .milliseconds(50)))
        }
        #expect(server.requests.map(\.target) == ["/silent"])
    }

    @Test("shutdown fails what is under way and what comes later")
    func shutdown() async throws {
        let server = ScriptedServer { _ in .silence }
        defer { server.stop() }
        let client = try client()
        let silent = try request(.get, server.base + "/")
        let task = Task { try await client.send(silent) }
        await server.firstRequest()
        client.shutdown()
        let result = await task.result
        #expect(throws: HTTPSError(.shutDown, phase: .sent)) { try result.get() }
        await #expect(throws: HTTPSError(.shutDown)) { try await client.send(silent) }
    }

    @Test("metadata addresses need the flag, and line breaks in headers are refused")
    func refusals() async throws {
        await #expect(throws: HTTPSError(.metadataAddressRefused)) {
            try await client().send(request(.get, "http://169.254.169.254/latest/"))
        }
        for value in ["a\r\nB: c", "a\nb", "a\u{0}"] {
            await #expect(throws: HTTPSError(.invalidHeader)) {
                try await client().send(request(.get, "http://127.0.0.1:9/", headers: ["X": value]))
            }
        }
        await #expect(throws: HTTPSError(.invalidHeader)) {
            try await client().send(request(.get, "http://127.0.0.1:9/", headers: ["X: y\r\nZ": "1"]))
        }
    }

    @Test("two hundred requests at once are all answered")
    func manyAtOnce() async throws {
        let server = ScriptedServer { .answer(status: 200, body: $0.target) }
        defer { server.stop() }
        let client = try client { $0.runningRequestsMax = 8 }
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<200 {
                let request = try request(.get, server.base + "/\(index)")
                group.addTask { String(decoding: try await client.send(request).body, as: UTF8.self) }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(answers == Set((0..<200).map { "/\($0)" }))
        #expect(Set(server.requests.map(\.connection)).count <= 8)
    }
}
