internal import Synchronization
internal import TelehealthModel
internal import TelehealthRules

/// Looking through a whole store or log: for one caller at a time, and for a tenth of the time at most.
///
/// While it goes on, what it reads cannot be cleared away, and every commit takes longer for that. So the next one
/// waits until nine times as long as the last one took was left free, ``pauseMax`` at most.
///
/// Isolation: any.
final class InspectionTurn: Sendable {
    static let pauseMax = Duration.seconds(10)
    private static let pauseFactor = 9

    private struct State {
        var isTaken = false
        /// On the clock of ``TimeSource/uptime``.
        var freeUntil = Duration.zero
    }

    private let state = Mutex(State())

    /// Runs `body` when its turn has come.
    ///
    /// - Parameter waits: called when it has to wait.
    /// - Throws: `busy` while another one runs or waits, `CALL_CANCELLED`, and what `body` throws.
    func run<Value>(
        _ time: any TimeSource, busy: TelehealthError, waits: () -> Void = {},
        _ body: () async throws(TelehealthError) -> Value
    ) async throws(TelehealthError) -> Value {
        let freeUntil: Duration? = state.withLock { state in
            guard !state.isTaken else { return nil }
            state.isTaken = true
            return state.freeUntil
        }
        guard let freeUntil else { throw busy }
        defer { state.withLock { $0.isTaken = false } }
        let pause = freeUntil - time.uptime
        if pause > .zero {
            waits()
            do throws(CancellationError) { try await time.sleep(for: pause) } catch {
                throw TelehealthError(.callCancelled)
            }
        }
        let began = time.uptime
        defer {
            let end = time.uptime
            state.withLock { $0.freeUntil = end + min((end - began) * Self.pauseFactor, Self.pauseMax) }
        }
        return try await body()
    }
}
