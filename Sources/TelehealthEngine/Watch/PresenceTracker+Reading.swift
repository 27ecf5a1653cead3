public import TelehealthModel

extension PresenceTracker {
    /// Whether a person's watch is open, or the last sign of life is at most `limit` old.
    ///
    /// After a restart nobody is present until heard of.
    public func isPresent(
        _ participant: ParticipantID, in session: SessionID, within limit: Duration
    ) -> Bool {
        guard let silence = lastSign(of: participant, in: session) else { return false }
        return silence < limit
    }
}
