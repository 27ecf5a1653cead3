public import TelehealthModel

/// A visit that is no longer where somebody saw it.
public struct VisitDeparture: Sendable, Hashable {
    public let sessionID: SessionID
    /// Whoever had a place in it by a clinician's token; nil = those who see every visit.
    public let viewer: SubjectID?
    /// When it was planned to start.
    public let formerStart: Timestamp
    public let at: Timestamp

    public init(sessionID: SessionID, viewer: SubjectID?, formerStart: Timestamp, at: Timestamp) {
        self.sessionID = sessionID
        self.viewer = viewer
        self.formerStart = formerStart
        self.at = at
    }

    /// Those who lost a place, or whose visit is at another time.
    static func between(_ old: SessionState, _ new: SessionState, at now: Timestamp) -> [VisitDeparture] {
        let hasMoved = old.session.startsAt != new.session.startsAt
        guard
            hasMoved || old.session.clinicianID != new.session.clinicianID || old.participants != new.participants
        else { return [] }
        let present = hasMoved ? [] : new.staffViewers
        let left = old.staffViewers.filter { !present.contains($0) }.map(Optional.some) + (hasMoved ? [nil] : [])
        return left.map { viewer in
            VisitDeparture(
                sessionID: old.session.id, viewer: viewer, formerStart: old.session.startsAt, at: now)
        }
    }
}
