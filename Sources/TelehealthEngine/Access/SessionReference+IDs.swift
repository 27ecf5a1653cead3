internal import TelehealthModel
internal import TelehealthRules

extension SessionReference {
    var sessionID: SessionID? { if case .session(let id) = self { id } else { nil } }
    var appointmentID: AppointmentID? { if case .appointment(let id) = self { id } else { nil } }
}
