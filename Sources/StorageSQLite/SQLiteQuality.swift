public import TelehealthEngine
internal import TelehealthModel
internal import TelehealthRules

extension SQLiteStore {
    public var quality: any QualityStore { SQLiteQuality(store: self) }
}

/// What the clients measured, and the sums of the service's report.
///
/// Isolation: any.
struct SQLiteQuality: QualityStore {
    let store: SQLiteStore

    func clientQuality(
        of participant: ParticipantID, in session: SessionID
    ) async throws(StoreError) -> ClientQuality? {
        try store.readers.readOnce { (connection) throws(SQLiteError) in
            try connection.first(
                ClientQualityRow.byKey,
                bind: { values in
                    values.add(session)
                    values.add(participant)
                }, read: ClientQualityRow.read)
        }
    }

    /// On one snapshot. A period with more rows than can be summed in the time a read may take gives
    /// ``TelehealthModel/StoreError/overloaded``: ask for a shorter one.
    func serviceFigures(_ query: ServiceFiguresQuery) async throws(StoreError) -> ServiceFigures {
        try store.readers.read { (connection) throws(SQLiteError) in
            try ServiceFiguresSums.read(query, connection)
        }
    }
}
