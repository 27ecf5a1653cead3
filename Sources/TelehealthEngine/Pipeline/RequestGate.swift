internal import Synchronization
internal import TelehealthModel
internal import TelehealthRules

/// Lets one call with a given request id run at a time: its twin waits, then finds the outcome in the store.
///
/// Isolation: any.
final class RequestGate: Sendable {
    /// Whoever holds a key is not listed; the bells are of those waiting for it, oldest first.
    private let queues = Mutex<[RequestRecord.Key: [WakeSignal]]>([:])

    /// - Returns: false when the time passed or the task was cancelled; true obliges to ``leave(_:)``.
    func enter(_ key: RequestRecord.Key, atMost limit: Duration?, _ time: any TimeSource) async -> Bool {
        let wake: WakeSignal? = queues.withLock { queues in
            if queues[key] == nil {
                queues[key] = []
                return nil
            }
            let wake = WakeSignal()
            queues[key]?.append(wake)
            return wake
        }
        guard let wake else { return true }
        if await wake.wait(atMost: limit, time) { return true }
        let wasHandedOver = queues.withLock { queues in
            guard let index = queues[key]?.firstIndex(where: { $0 === wake }) else { return true }
            queues[key]?.remove(at: index)
            return false
        }
        if wasHandedOver { leave(key) }
        return false
    }

    func leave(_ key: RequestRecord.Key) {
        let next: WakeSignal? = queues.withLock { queues in
            guard var queue = queues[key], !queue.isEmpty else {
                queues[key] = nil
                return nil
            }
            let next = queue.removeFirst()
            queues[key] = queue
            return next
        }
        next?.signal()
    }
}
