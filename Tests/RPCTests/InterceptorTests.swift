import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Synchronization
import Testing

private typealias Method = TestService.Method

private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    let isComplete = Event()
    private let lastLine: String

    /// - Parameter lastLine: completes the notes.
    init(until lastLine: String) { self.lastLine = lastLine }

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(line) }
        if line == lastLine { isComplete.happen() }
    }
}

/// Decides as the call's metadata asks under the doorkeeper's name.
private final class Doorkeeper: ServerInterceptor {
    private let name: String
    private let notes: Notes
    /// Decisions that take time wait for it.
    let mayDecide = Event()
    let isDeciding = Event()
    let isCancelled = Event()

    init(_ name: String, _ notes: Notes) {
        self.name = name
        self.notes = notes
    }

    func callWillStart(_ context: ServerCallContext) throws(RPCError) -> CallAdmission {
        notes.add("\(name) is asked")
        switch context.metadata[name] {
        case "refuse": throw RPCError(.permissionDenied, "refused by \(name)")
        case "admit later": return .pending { [self] () async throws(RPCError) in await decide() }
        case "refuse later":
            return .pending { [self] () async throws(RPCError) in
                await decide()
                throw RPCError(.permissionDenied, "refused by \(name)")
            }
        case "hang":
            return .pending { [self] () async throws(RPCError) in
                isDeciding.happen()
                await waitForCancellation()
                isCancelled.happen()
            }
        default: return .admitted
        }
    }

    private func decide() async {
        isDeciding.happen()
        await mayDecide.wait()
        notes.add("\(name) decides")
    }

    func callDidEnd(_ context: ServerCallContext, status: RPCError?, duration: Duration) {
        notes.add("\(name) sees \(status?.code.description ?? "OK")")
    }
}

@Suite("Interceptors", .timeLimit(.minutes(1))) struct InterceptorTests {
    private let notes = Notes(until: "first sees OK")
    private let first: Doorkeeper
    private let second: Doorkeeper

    init() {
        first = Doorkeeper("first", notes)
        second = Doorkeeper("second", notes)
    }

    private func run(_ body: (Loopback) async throws -> Void) async throws {
        try await Loopback.run(interceptors: [first, second], body)
    }

    @Test("a call is asked about in order, and its end is told in reverse") func order() async throws {
        try await run { loopback in
            let answer = try await loopback.echo()
            #expect(answer == "x")
            await notes.isComplete.wait()
            #expect(notes.all == ["first is asked", "second is asked", "second sees OK", "first sees OK"])
        }
    }

    @Test("the interceptor after one that takes its time is asked when that one has decided")
    func later() async throws {
        try await run { loopback in
            async let answer = loopback.echo(options: CallOptions(metadata: ["first": "admit later"]))
            await first.isDeciding.wait()
            #expect(notes.all == ["first is asked"])
            first.mayDecide.happen()
            let text = try await answer
            #expect(text == "x")
            await notes.isComplete.wait()
            #expect(
                notes.all == [
                    "first is asked", "first decides", "second is asked", "second sees OK", "first sees OK",
                ])
        }
    }

    @Test("both interceptors may take their time") func bothLater() async throws {
        try await run { loopback in
            first.mayDecide.happen()
            second.mayDecide.happen()
            let metadata: Metadata = ["first": "admit later", "second": "admit later"]
            let answer = try await loopback.echo(options: CallOptions(metadata: metadata))
            #expect(answer == "x")
            #expect(notes.all.prefix(4) == ["first is asked", "first decides", "second is asked", "second decides"])
        }
    }

    @Test("a call that waits for an interceptor holds up no other call of its connection") func others() async throws {
        try await run { loopback in
            async let waiting = loopback.echo("late", options: CallOptions(metadata: ["first": "admit later"]))
            await first.isDeciding.wait()
            for _ in 0..<3 {
                let answer = try await loopback.echo()
                #expect(answer == "x")
            }
            first.mayDecide.happen()
            let late = try await waiting
            #expect(late == "late")
        }
    }

    @Test("a refused call reaches no handler, whenever the refusal comes", arguments: ["refuse", "refuse later"])
    func refusal(_ decision: String) async throws {
        try await run { loopback in
            first.mayDecide.happen()
            let error = await #expect(throws: RPCError.self) {
                let _: Text = try await loopback.unary(
                    Method.hold, Text("x"), options: CallOptions(metadata: ["first": decision]))
            }
            #expect(error?.code == .permissionDenied && error?.message == "refused by first")
            #expect(!loopback.service.started.hasHappened)
            #expect(!notes.all.contains("second is asked"))
        }
    }

    @Test("a decision is cancelled when the caller leaves") func cancelled() async throws {
        try await run { loopback in
            let call = Task { try await loopback.echo(options: CallOptions(metadata: ["first": "hang"])) }
            await first.isDeciding.wait()
            call.cancel()
            await first.isCancelled.wait()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("a call inside the process waits for its interceptors, too") func inProcess() async throws {
        let channel = try InProcessChannel(services: [TestService()], interceptors: [first, second])
        first.mayDecide.happen()
        second.mayDecide.happen()
        let answer: Text = try await channel.unary(
            Method.echo, Text("in"), options: CallOptions(metadata: ["first": "admit later"]))
        #expect(answer.value == "in")
        let error = await #expect(throws: RPCError.self) {
            let _: Text = try await channel.unary(
                Method.echo, Text("in"), options: CallOptions(metadata: ["second": "refuse later"]))
        }
        #expect(error?.code == .permissionDenied)
    }
}
