internal import TelehealthAPI
internal import TelehealthCore

extension Appointment {
    /// - Parameter session: the open session, or the latest one.
    func wire(session: SessionID?) -> Telehealth_V1_Appointment {
        var wire = Telehealth_V1_Appointment()
        wire.appointmentID = id.rawValue
        wire.clientID = clientID.rawValue
        wire.guardianID = guardianID?.rawValue ?? ""
        wire.adultGuardian = guardsAdult
        wire.clinicianID = clinicianID.rawValue
        wire.startsAt = startsAt.wire
        wire.endsAt = endsAt.wire
        wire.timeZone = timeZone
        wire.sourceVersion = sourceVersion
        switch status {
        case .scheduled: wire.status = .booked
        case .cancelled: wire.status = .cancelled
        }
        wire.sessionID = session?.rawValue ?? ""
        wire.createdAt = createdAt.wire
        wire.updatedAt = updatedAt.wire
        return wire
    }
}
