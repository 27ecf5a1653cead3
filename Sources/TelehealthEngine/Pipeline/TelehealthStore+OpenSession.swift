internal import TelehealthModel
internal import TelehealthRules

extension TelehealthStore {
    /// The session of an appointment that is not over.
    func openSession(of id: AppointmentID) async throws(StoreError) -> SessionState? {
        guard let latest = try await latestSession(of: id), !latest.session.status.isTerminal else { return nil }
        return latest
    }
}
