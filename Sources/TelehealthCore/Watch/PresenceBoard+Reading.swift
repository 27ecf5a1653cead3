extension PresenceBoard {
    /// Whether a person's watch is open, or the last sign of life is no older than `limit`.
    ///
    /// After a restart nobody is present until heard of.
    public func isPresent(
        _ participant: ParticipantID, in session: SessionID, within limit: Duration, now: Timestamp
    ) -> Bool {
        guard let seen = lastSign(of: participant, in: session, now: now) else { return false }
        return seen + limit > now
    }
}
