import GRPCStandardAPI
import ProtobufWire
import RPCModel
import TelehealthAPI
import TelehealthClient
import TelehealthTesting
import Testing

@Suite("A scripted service", .timeLimit(.minutes(1))) struct ScriptedServiceTests {
    private let service = ScriptedService()
    private let get = Telehealth_V1_GetSessionRequest.with { $0.key = .sessionID("s") }

    private static func session(_ id: String) -> Telehealth_V1_GetSessionResponse {
        .with { $0.session = .with { $0.sessionID = id } }
    }

    @Test func `queued answers are used up one by one, then the standing one counts`() async throws {
        service.sessions.get.answer { request in Self.session("\(request.key == .sessionID("s"))") }
        service.sessions.get.answerNext(Self.session("1"))
        service.sessions.get.failNext(.refusal(.sessionNotFound))
        service.sessions.get.answerNext(Self.session("2"))
        let client = try service.client()
        var seen: [String] = []
        for _ in 1...5 {
            do throws(RPCError) { seen.append(try await client.sessions.get(get).session?.sessionID ?? "") } catch {
                seen.append(error.reason ?? "")
            }
        }
        #expect(seen == ["1", "SESSION_NOT_FOUND", "2", "true", "true"])
        #expect(service.sessions.get.requests.count == 5)
    }

    @Test func `a call without a script is unimplemented, and kept all the same`() async throws {
        let client = try service.client()
        let error = await #expect(throws: RPCError.self) { try await client.sessions.get(get) }
        #expect(error?.code == .unimplemented && error?.message.contains("GetSession") == true)
        #expect(service.sessions.get.requests == [get])
    }

    @Test func `a generated client calls it over its channel`() async throws {
        service.sessions.get.answerNext(Self.session("1"))
        let answer = try await Telehealth_V1_TelehealthServiceClient(service.channel()).getSession(get)
        #expect(answer == Self.session("1") && service.calls.map(\.bearerToken) == [nil])
    }

    @Test func `a request that breaks the API's rules is refused as by the service`() async throws {
        service.sessions.get.answer { _ in Self.session("never") }
        let client = try service.client()
        let error = await #expect(throws: RPCError.self) { try await client.sessions.get(.init()) }
        #expect(error?.code == .invalidArgument && error?.reason == "INVALID_FIELD")
        #expect(error?.badFields.map(\.field) == ["key"])
    }

    @Test(arguments: Telehealth_V1_ErrorReason.reasonOptions.keys.sorted { $0.rawValue < $1.rawValue })
    func `a refusal has the code of its contract, and a client reads its reason`(reason: Telehealth_V1_ErrorReason)
        async throws
    {
        let error = RPCError.refusal(reason, metadata: ["a": "b"], retryAfter: .milliseconds(1500))
        let code = Telehealth_V1_ErrorReason.reasonOptions[reason]?.code.rawValue
        #expect(Int32(error.code.rawValue) == code)
        #expect(Telehealth_V1_ErrorReason.valueNames[reason] == "ERROR_REASON_" + (error.reason ?? ""))
        #expect(error.errorInfo?.metadata["a"] == "b" && error.retryDelay == .milliseconds(1500))
    }

    @Test func `a check judges every call before a script is used up for it`() async throws {
        service.sessions.get.answerNext(Self.session("1"))
        service.check { call throws(RPCError) in
            if call.bearerToken == "old" { throw .refusal(.tokenInvalid) }
        }
        let refused = await #expect(throws: RPCError.self) {
            try await service.client(tokens: FixedToken("old")).sessions.get(get)
        }
        #expect(refused?.reason == "TOKEN_INVALID")
        #expect(try await service.client().sessions.get(get) == Self.session("1"))
        #expect(service.calls.map(\.bearerToken) == ["old", "test"])
        let first: Telehealth_V1_GetSessionRequest? = try service.calls.first?.request()
        #expect(first == get && service.calls.first?.method.name == "GetSession")
    }

    @Test func `a feed sends when the test does, before the call and after it, and ends it`() async throws {
        let feed = service.sessions.watchSession.openNext()
        feed.send(.with { $0.message = .snapshot(.with { $0.sequence = 5 }) })
        let client = try service.client()
        async let watching: [Int64] = {
            var seen: [Int64] = []
            for try await update in client.sessions.watch("s") {
                switch update {
                case .snapshot(let snapshot): seen.append(snapshot.sequence)
                case .event(let event): seen.append(event.sequence)
                }
            }
            return seen
        }()
        let calls = await service.calls(atLeast: 1)
        #expect(calls.map(\.method.name) == ["WatchSession"])
        feed.send(.with { $0.message = .event(.with { $0.sequence = 6 }) })
        feed.end()
        #expect(try await watching == [5, 6])
    }

    @Test func `a feed that fails ends the stream after what it sent`() async throws {
        let feed = service.people.exportRecord.openNext()
        feed.send(.with { $0.chunk = [1] })
        feed.fail(.refusal(.exportTooLarge))
        var pieces: [[UInt8]] = []
        let error = await #expect(throws: RPCError.self) {
            for try await piece in try service.client().people.exportRecord("c") { pieces.append(piece) }
        }
        #expect(pieces == [[1]] && error?.reason == "EXPORT_TOO_LARGE")
    }

    @Test func `a stream that stays open ends when its reader leaves`() async throws {
        service.sessions.watchSession.answer { _ in ([.with { $0.message = .snapshot(.init()) }], .open) }
        let client = try service.client()
        var updates = client.sessions.watch("s").makeAsyncIterator()
        let first = try await updates.next()
        #expect(first == .snapshot(.init()))
        let watching = Task {
            for try await _ in client.sessions.watch("s") {}
        }
        _ = await service.calls(atLeast: 2)
        watching.cancel()
        let error = await #expect(throws: RPCError.self) { try await watching.value }
        #expect(error?.code == .cancelled)
    }

    @Test func `whoever waits for calls that never come is let go by cancelling`() async {
        let waiting = Task { await service.calls(atLeast: 1) }
        waiting.cancel()
        #expect(await waiting.value.isEmpty)
    }
}
