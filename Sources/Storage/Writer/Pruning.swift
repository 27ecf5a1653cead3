package import TelehealthModel

/// Forgets what is old, a bounded step at a time so that other writes are not held up.
package struct Pruning: Sendable {
    package let requestsBefore: Timestamp
    package let eventsBefore: Timestamp
    package let effectsBefore: Timestamp
    package let earlyCancellationsBefore: Timestamp

    package init(
        requestsBefore: Timestamp, eventsBefore: Timestamp, effectsBefore: Timestamp,
        earlyCancellationsBefore: Timestamp
    ) {
        self.requestsBefore = requestsBefore
        self.eventsBefore = eventsBefore
        self.effectsBefore = effectsBefore
        self.earlyCancellationsBefore = earlyCancellationsBefore
    }
}
