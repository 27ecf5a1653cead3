import ProtobufWire
import RPCClient
import RPCModel
import RPCServer
import Testing

/// Handlers that say in which task they run.
private final class TaskService: RPCService {
    static let at = MethodDescriptor(service: "test.Tasks", name: "Where")
    static let hold = MethodDescriptor(service: "test.Tasks", name: "Hold")
    static let yield = MethodDescriptor(service: "test.Tasks", name: "Yield")
    static let hang = MethodDescriptor(service: "test.Tasks", name: "Hang")

    let started = Event()
    let release = Event()
    let returned = Event()

    var routes: [ServerRoute] {
        [
            .unary(Self.at) { (_: Text, _) async throws(RPCError) -> Text in Self.currentTask },
            .unary(Self.hold) { [self] (_: Text, _) async throws(RPCError) -> Text in
                started.happen()
                await release.wait()
                defer { returned.happen() }
                return Self.currentTask
            },
            .unary(Self.yield) { (_: Text, _) async throws(RPCError) -> Text in
                await Task.yield()
                return Self.currentTask
            },
            .unary(Self.hang) { [self] (_: Text, _) async throws(RPCError) -> Text in
                started.happen()
                await waitForCancellation()
                return Self.currentTask
            },
        ]
    }

    private static var currentTask: Text {
        Text(withUnsafeCurrentTask { "\($0?.hashValue ?? 0)" } + (Task.isCancelled ? " cancelled" : ""))
    }
}

private struct Admitting: ServerInterceptor {}

@Suite("Tasks of handlers", .timeLimit(.minutes(1))) struct HandlerTaskTests {
    private let service = TaskService()

    private func run(_ body: (Loopback) async throws -> Void) async throws {
        try await Loopback.run(services: [service], interceptors: [Admitting()], body)
    }

    private func ask(_ method: MethodDescriptor, _ loopback: Loopback) async throws -> String {
        let answer: Text = try await loopback.unary(method, Text())
        return answer.value
    }

    @Test("handlers that do not suspend share one task, with an interceptor installed") func shared() async throws {
        try await run { loopback in
            var tasks: Set<String> = []
            for _ in 0..<50 { tasks.insert(try await ask(TaskService.at, loopback)) }
            #expect(tasks.count == 1)
        }
    }

    @Test("a handler that suspends keeps its task until it returns") func suspended() async throws {
        try await run { loopback in
            async let held = ask(TaskService.hold, loopback)
            await service.started.wait()
            var others: Set<String> = []
            for _ in 0..<20 { others.insert(try await ask(TaskService.at, loopback)) }
            service.release.happen()
            #expect(others.count == 1)
            let task = try await held
            #expect(!others.contains(task))
        }
    }

    @Test("many handlers that suspend at once each have a task, and the answers are right") func many() async throws {
        try await run { loopback in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<200 { group.addTask { try await ask(TaskService.yield, loopback) } }
                for try await task in group { #expect(!task.contains("cancelled")) }
            }
            let next = try await ask(TaskService.at, loopback)
            #expect(!next.contains("cancelled"))
        }
    }

    @Test("after the spare tasks of a burst are released, another burst is answered, and running handlers finish")
    func released() async throws {
        try await run { loopback in
            async let held = ask(TaskService.hold, loopback)
            await service.started.wait()
            for _ in 0..<2 {
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<200 { group.addTask { try await ask(TaskService.yield, loopback) } }
                    for try await task in group { #expect(!task.contains("cancelled")) }
                }
                await loopback.server.releaseSpareMemory()
            }
            service.release.happen()
            let task = try await held
            #expect(!task.contains("cancelled"))
        }
    }

    @Test("the cancellation of a call reaches no later call") func cancelled() async throws {
        try await run { loopback in
            _ = try await ask(TaskService.at, loopback)
            let call = Task { try await ask(TaskService.hang, loopback) }
            await service.started.wait()
            call.cancel()
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .cancelled)
            for _ in 0..<20 {
                let next = try await ask(TaskService.at, loopback)
                #expect(!next.contains("cancelled"))
            }
        }
    }

    /// Its task goes on in the shared pool, since the loop that it prefers is gone.
    @Test("a handler that returns after its server has stopped ends nothing but itself") func late() async throws {
        try await run { loopback in
            let call = Task { try await ask(TaskService.hold, loopback) }
            await service.started.wait()
            await loopback.server.shutdown(grace: .zero)
            let error = await #expect(throws: RPCError.self) { try await call.value }
            #expect(error?.code == .unavailable)
            service.release.happen()
            await service.returned.wait()
            // What follows the return runs in the same job: others run after it, or beside it for a moment.
            for _ in 0..<1000 { await Task.yield() }
        }
    }
}
