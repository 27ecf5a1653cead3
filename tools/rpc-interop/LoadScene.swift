import RPCModel
import RPCServer
import Synchronization

/// The server's load as one call at a time sets it: cases that run beside each other would not see what they set.
final class LoadScene: Sendable {
    let service = LoadReportService(intervalMin: .seconds(1))
    private let isTaken = Mutex(false)

    /// Waits for its turn.
    func take() async throws(RPCError) {
        while !tryToTake() {
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw RPCError(.cancelled, "cancelled while another call set the load")
            }
        }
    }

    private func tryToTake() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func set(_ load: LoadReport) { service.update { $0 = load } }

    func giveBack() {
        set(LoadReport())
        isTaken.withLock { $0 = false }
    }
}
