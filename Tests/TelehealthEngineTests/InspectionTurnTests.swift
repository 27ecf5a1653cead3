import TelehealthRules
import Testing

@testable import TelehealthEngine
@testable import VisitSimulation

@Suite("Looking through everything") struct InspectionTurnTests {
    private let time = VirtualTime()
    private let turn = InspectionTurn()
    private let busy = TelehealthError(.storeOverloaded)

    private func inspect(for duration: Duration) async throws -> Duration {
        try await turn.run(time, busy: busy) { () async throws(TelehealthError) in
            let began = time.uptime
            time.advance(by: duration)
            return began
        }
    }

    @Test func `one at a time: another is turned away, and the next one has its turn`() async throws {
        let reason = try await turn.run(time, busy: busy) { () async throws(TelehealthError) -> TelehealthError.Reason? in
            await refusal { () async throws(TelehealthError) in
                try await turn.run(time, busy: busy) { () async throws(TelehealthError) in }
            }
        }
        #expect(reason == .storeOverloaded)
        #expect(try await inspect(for: .zero) == .zero)
    }

    @Test(arguments: [(Duration.seconds(1), Duration.seconds(9)), (.seconds(60), .seconds(10))])
    func `the next one waits nine times as long as the last one took, but ten seconds at most`(
        took: Duration, pause: Duration
    ) async throws {
        _ = try await inspect(for: took)
        async let next = inspect(for: .zero)
        while time.sleeperCount == 0 { await Task.yield() }
        time.advance(by: pause - .milliseconds(1))
        #expect(time.sleeperCount == 1)
        time.advance(by: .milliseconds(1))
        #expect(try await next == took + pause)
    }

    @Test func `who comes later than that does not wait`() async throws {
        _ = try await inspect(for: .seconds(1))
        time.advance(by: .seconds(9))
        #expect(try await inspect(for: .zero) == .seconds(10))
    }
}
