public import TelehealthModel
public import TelehealthRules

/// Port: what clients measured of their calls, and the sums of the service's report. Part of ``TelehealthStore``.
public protocol QualityStore: Sendable {
    func clientQuality(of participant: ParticipantID, in session: SessionID) async throws(StoreError)
        -> ClientQuality?
    func serviceFigures(_ query: ServiceFiguresQuery) async throws(StoreError) -> ServiceFigures
}
