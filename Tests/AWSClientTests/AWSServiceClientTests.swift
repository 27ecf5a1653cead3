import AWSClient
import HTTPSClient
import LoopbackHTTP
import Synchronization
import Testing

@Suite("Calls to a service", .timeLimit(.minutes(1))) struct AWSServiceClientTests {
    private let time = VirtualTime()
    private static let operation = AWSServiceClient.Operation(
        name: "CreateMeeting", limitKey: "CreateMeeting")

    private func client(
        environment: [String: String] = ["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"],
        _ change: (inout AWSServiceClient.Configuration) -> Void = { _ in }
    ) throws -> AWSServiceClient {
        var configuration = AWSServiceClient.Configuration()
        change(&configuration)
        let http = try HTTPSClient()
        let sources = RuntimeSources.virtual(time)
        return AWSServiceClient(
            signer: RequestSigner(region: "us-east-1", service: "chime"), http: http,
            credentials: CredentialsChain(
                environment: environment, region: "us-east-1", http: http, runtime: sources),
            configuration: configuration, sources: sources)
    }

    private func request(_ server: ScriptedServer) throws -> AWSRequest {
        AWSRequest(.post, try HTTPSURL(server.base), path: "/meetings", body: Array("{}".utf8))
    }

    /// Answers with one reply after the other, the last one for ever.
    private func server(_ replies: ScriptedServer.Reply...) -> ScriptedServer {
        let count = Atomic<Int>(0)
        return ScriptedServer { _ in
            replies[min(count.wrappingAdd(1, ordering: .relaxed).oldValue, replies.count - 1)]
        }
    }

    @Test("what may pass is tried three times, and the wait grows")
    func threeAttempts() async throws {
        let server = server(.answer(status: 500))
        defer { server.stop() }
        let error = await #expect(throws: AWSError.self) {
            try await client().send(Self.operation, request(server), timeout: .seconds(5))
        }
        #expect(error?.attempts == 3)
        #expect(error?.mayHaveTakenEffect == true)
        #expect(time.sleeps == [.milliseconds(50), .milliseconds(100)])
        #expect(server.requests.count == 3)
    }

    @Test("what cannot pass is tried once", arguments: [400, 401, 403, 404, 422])
    func oneAttempt(status: Int) async throws {
        let server = server(
            .answer(
                status: status,
                headers: ["x-amzn-ErrorType": "NotFoundException:http://x", "x-amzn-RequestId": "r-1"],
                body: #"{"Code":"NotFound","Message":"Meeting not found"}"#))
        defer { server.stop() }
        let error = await #expect(throws: AWSError.self) {
            try await client().send(Self.operation, request(server), timeout: .seconds(5))
        }
        #expect(
            error
                == AWSError(
                    operation: "CreateMeeting",
                    reason: .service(
                        status: status, code: "NotFoundException", requestID: "r-1", retryAfter: nil),
                    attempts: 1, mayHaveTakenEffect: false))
    }

    @Test(
        "the exception's name is found wherever it stands",
        arguments: [
            (
                ["x-amzn-ErrorType": "ns#ThrottlingException:http://x/"], #"{"Code":"Other"}"#,
                "ThrottlingException"
            ),
            ([:], #"{"Code":"NotFound","Message":"m","RequestId":"r","Resource":null}"#, "NotFound"),
            ([:], #"{"code":"ns#A"}"#, "A"),
            ([:], #"{"__type":"com.amazon#BadRequestException"}"#, "BadRequestException"),
            ([:], "<html>", "Unknown"), ([:], "", "Unknown"), ([:], "<Error><Code>a b</Code>", "Unknown"),
            (
                [:], "<?xml version=\"1.0\"?>\n<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>",
                "RequestTimeTooSkewed"
            ),
            (["x-amzn-ErrorType": "a b<script>"], "", "Unknown"),
        ] as [([String: String], String, String)])
    func errorCodes(headers: [String: String], body: String, code: String) async throws {
        let server = server(.answer(status: 400, headers: headers, body: body))
        defer { server.stop() }
        let error = await #expect(throws: AWSError.self) {
            try await client().send(Self.operation, request(server), timeout: .seconds(5))
        }
        #expect(error?.reason == .service(status: 400, code: code, requestID: nil, retryAfter: nil))
    }

    @Test("a throttle waits as long as it was told, and the retry is signed anew")
    func retryAfterIsHonoured() async throws {
        let server = server(
            .answer(status: 503, headers: ["Retry-After": "2"]), .answer(status: 200, body: "ok"))
        defer { server.stop() }
        let response = try await client().send(Self.operation, request(server), timeout: .seconds(5))
        #expect(response.status == 200)
        #expect(time.sleeps == [.seconds(2)])
        #expect(server.requests.allSatisfy { $0.header("authorization") != nil })
    }

    @Test("a wait beyond the deadline is not begun, and the caller learns how long it would be")
    func retryAfterBeyondDeadline() async throws {
        let server = server(.answer(status: 429, headers: ["Retry-After": "30"]))
        defer { server.stop() }
        let error = await #expect(throws: AWSError.self) {
            try await client().send(Self.operation, request(server), timeout: .seconds(5))
        }
        #expect(
            error?.reason == .service(status: 429, code: "Unknown", requestID: nil, retryAfter: .seconds(30)))
        #expect(time.sleeps.isEmpty)
    }

    @Test("a broken connection is tried again, and a success after it is a success")
    func transportErrors() async throws {
        let server = server(.hangUp, .answer(status: 201))
        defer { server.stop() }
        let response = try await client().send(Self.operation, request(server), timeout: .seconds(5))
        #expect(response.status == 201)
        #expect(time.sleeps == [.milliseconds(50)])
    }

    @Test("an attempt that hangs is given up in time for another")
    func hangingAttempt() async throws {
        let server = server(.silence, .answer(status: 200))
        defer { server.stop() }
        let client = try client { $0.attemptTimeout = .milliseconds(100) }
        #expect(try await client.send(Self.operation, request(server), timeout: .seconds(5)).status == 200)
    }

    @Test("the seventeenth call waits its turn; one that cannot be served in time is refused unsent")
    func rateLimit() async throws {
        let server = server(.answer(status: 200))
        defer { server.stop() }
        let client = try client()
        for _ in 0..<17 { _ = try await client.send(Self.operation, request(server), timeout: .seconds(5)) }
        #expect(time.sleeps == [.milliseconds(125)])
        let error = await #expect(throws: AWSError.self) {
            try await client.send(Self.operation, request(server), timeout: .milliseconds(450))
        }
        #expect(error?.reason == .rateLimited(retryAfter: .milliseconds(125)))
        #expect(error?.attempts == 0)
        #expect(server.requests.count == 17)
        // Another operation has a quota of its own.
        let other = AWSServiceClient.Operation(name: "GetMeeting", limitKey: "GetMeeting")
        _ = try await client.send(other, request(server), timeout: .milliseconds(450))
    }

    @Test("without credentials a call fails with a sentence that says what to set, and sends nothing")
    func noCredentials() async throws {
        let server = server(.answer(status: 200))
        defer { server.stop() }
        let client = try client(environment: ["AWS_EC2_METADATA_DISABLED": "true"])
        let error = await #expect(throws: AWSError.self) {
            try await client.send(Self.operation, request(server), timeout: .seconds(5))
        }
        #expect(error?.reason == .credentials(.notFound))
        #expect(error?.description.contains("AWS_ACCESS_KEY_ID") == true)
        #expect(server.requests.isEmpty)
    }

    @Test("cancelling ends the call without another attempt")
    func cancellation() async throws {
        let server = server(.silence)
        defer { server.stop() }
        let client = try client()
        let request = try request(server)
        let task = Task { try await client.send(Self.operation, request, timeout: .seconds(60)) }
        await server.firstRequest()
        task.cancel()
        let result = await task.result
        let error = #expect(throws: AWSError.self) { try result.get() }
        #expect(error?.reason == .cancelled)
        #expect(error?.mayHaveTakenEffect == true)
        #expect(server.requests.count == 1)
    }
}
