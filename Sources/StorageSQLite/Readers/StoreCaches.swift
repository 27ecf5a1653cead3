internal import Storage
internal import TelehealthModel

/// What the store keeps decoded: the rows that nearly every call looks at.
struct StoreCaches: Sendable {
    let sessions: ReadCache<SessionID, SessionState>
    let consents: ReadCache<SubjectID, ConsentHistory>
    let appointments: ReadCache<AppointmentID, Appointment>
    let documents: ReadCache<ConsentType, [ConsentDocument]>

    init(_ configuration: StoreConfiguration) {
        sessions = ReadCache(capacity: configuration.cachedSessionsMax)
        consents = ReadCache(capacity: configuration.cachedConsentHistoriesMax)
        appointments = ReadCache(capacity: configuration.cachedAppointmentsMax)
        documents = ReadCache(capacity: configuration.cachedConsentTypesMax)
    }

    /// Forgets the people and visits that nobody asked for since the last call of this.
    func forgetUnused() {
        sessions.forgetUnused()
        consents.forgetUnused()
        appointments.forgetUnused()
    }
}
