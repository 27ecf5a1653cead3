import RPCModel
import Synchronization
import TelehealthClient
import TextFormats

/// How long each step took, over all who did it, and what went wrong.
final class StepLog: Sendable {
    private struct Figures {
        var times: [Duration] = []
        var errors: [String: Int] = [:]
    }

    private struct State {
        var order: [String] = []
        var figures: [String: Figures] = [:]
    }

    private let state = Mutex(State())

    /// - Parameter steps: in the order in which they are printed.
    init(_ steps: [String]) {
        state.withLock { $0.order = steps }
    }

    func measure<Answer>(_ step: String, _ work: () async throws -> Answer) async throws -> Answer {
        let start = ContinuousClock.now
        do {
            let answer = try await work()
            let time = ContinuousClock.now - start
            state.withLock { $0.figures[step, default: Figures()].times.append(time) }
            return answer
        } catch {
            let name = (error as? RPCError).map { $0.reason ?? "\($0)" } ?? "\(error)"
            state.withLock { $0.figures[step, default: Figures()].errors[name.escapedForDisplay(), default: 0] += 1 }
            throw error
        }
    }

    var errorCount: Int {
        state.withLock { $0.figures.values.reduce(0) { $0 + $1.errors.values.reduce(0, +) } }
    }

    func printTable() {
        let (order, figures) = state.withLock { ($0.order, $0.figures) }
        print(row("step", "done", "p50 ms", "p99 ms", "max ms", "errors"))
        for step in order {
            guard let figures = figures[step] else { continue }
            let times = figures.times.sorted()
            let errors = figures.errors.sorted { $0.key < $1.key }.map { "\($0.value) x \($0.key)" }
            print(
                row(
                    step, "\(times.count)", milliseconds(times, 50), milliseconds(times, 99),
                    milliseconds(times, 100),
                    errors.isEmpty ? "0" : errors.joined(separator: ", ")))
        }
    }

    private func milliseconds(_ sorted: [Duration], _ percent: Int) -> String {
        guard !sorted.isEmpty else { return "-" }
        let time = sorted[min(sorted.count - 1, sorted.count * percent / 100)]
        let tenths = Int((time / .milliseconds(1) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private func row(_ name: String, _ cells: String...) -> String {
        var line = name + String(repeating: " ", count: max(1, 30 - name.count))
        for cell in cells.dropLast() { line += String(repeating: " ", count: max(1, 10 - cell.count)) + cell }
        return line + "   " + (cells.last ?? "")
    }
}
