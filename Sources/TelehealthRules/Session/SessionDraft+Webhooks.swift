internal import TelehealthModel

extension SessionDraft {
    /// A delivery per event and target that wants it, each in the target's own lane.
    mutating func enqueueWebhooks(_ events: [SessionEvent]) {
        for event in events {
            for target in policy.webhooks where target.wants(event) {
                enqueue(.webhook(target: target.name, eventSequence: event.sequence))
            }
        }
    }
}
