/// The queue that the EventBridge rule feeds: every event once, hidden while somebody works on it, again when nobody
/// deletes it.
struct SimulatedQueue: Sendable {
    static let name = "chime-events"
    static let messagesPerCallMax = 10
    static let waitMax: Int64 = 20
    /// SQS allows 12 hours.
    static let visibilityMax: Int64 = 43_200
    static let visibilityDefault: Int64 = 30

    struct Message: Sendable {
        let sequence: Int
        let event: ChimeEvent
        var receives = 0
        var visibleAt: Timestamp

        /// Of the latest receipt; older ones delete nothing.
        var receipt: String { "receipt-\(sequence)-\(receives)" }
    }

    /// Received and not deleted, oldest first; bounded by the log it comes from.
    private(set) var held: [Message] = []
    private var lastTaken = 0

    func count(waitingIn log: EventLog, at now: Timestamp) -> (visible: Int, hidden: Int) {
        let hidden = held.count { $0.visibleAt > now }
        return (held.count - hidden + max(0, log.last - lastTaken), hidden)
    }

    mutating func receive(
        from log: EventLog, limit: Int, visibility: Duration, at now: Timestamp
    ) -> [Message] {
        var received: [Message] = []
        for index in held.indices where received.count < limit && held[index].visibleAt <= now {
            held[index].receives += 1
            held[index].visibleAt = now + visibility
            received.append(held[index])
        }
        for (sequence, event) in log.events(after: lastTaken, limit: limit - received.count) {
            let message = Message(
                sequence: sequence, event: event, receives: 1, visibleAt: now + visibility)
            lastTaken = sequence
            held.append(message)
            received.append(message)
        }
        if held.count > EventLog.eventsMax { held.removeFirst(held.count - EventLog.eventsMax) }
        return received
    }

    /// - Returns: false for an invalid receipt. Deleting a message again is not an error.
    mutating func delete(_ receipt: String) -> Bool {
        held.removeAll { $0.receipt == receipt }
        return receipt.hasPrefix("receipt-")
    }

    /// - Returns: false when nothing is held under the receipt.
    mutating func hide(_ receipt: String, until instant: Timestamp) -> Bool {
        guard let index = held.firstIndex(where: { $0.receipt == receipt }) else { return false }
        held[index].visibleAt = instant
        return true
    }
}
