internal import TelehealthAPI
internal import TelehealthModel

extension Appointment {
    /// - Parameter session: the open session, or the latest one.
    func wire(session: SessionID?) -> Telehealth_V1_Appointment {
        var wire = Telehealth_V1_Appointment()
        wire.appointmentID = id.rawValue
        wire.clientID = clientID.rawValue
        wire.guardianID = guardianID?.rawValue ?? ""
        wire.adultGuardian = guardsAdult
        wire.clinicianID = clinicianID.rawValue
        wire.scheduledStartTime = startsAt.wire
        wire.scheduledEndTime = endsAt.wire
        wire.timeZone = timeZone
        wire.sourceVersion = sourceVersion
        switch status {
        case .scheduled: wire.status = .booked
        case .cancelled: wire.status = .cancelled
        }
        wire.sessionID = session?.rawValue ?? ""
        wire.createTime = createdAt.wire
        wire.updateTime = updatedAt.wire
        return wire
    }
}
