internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The scheduling system's feed.
extension TelehealthClient {
    /// Stores or changes one appointment.
    ///
    /// A put whose `source_version` is not higher than the stored one changes nothing: `applied` is false.
    public func putAppointment(
        _ request: Telehealth_V1_PutAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_PutAppointmentResponse {
        try await change(Telehealth_V1_AppointmentService_Methods.putAppointment, request)
    }

    /// Reads one appointment.
    public func getAppointment(
        _ request: Telehealth_V1_GetAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_GetAppointmentResponse {
        try await call(Telehealth_V1_AppointmentService_Methods.getAppointment, request)
    }

    /// Cancels an appointment and the session that stands on it.
    ///
    /// One that is not known yet is cancelled before it comes: OK, `appointment` unset.
    public func cancelAppointment(
        _ request: Telehealth_V1_CancelAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_CancelAppointmentResponse {
        try await change(Telehealth_V1_AppointmentService_Methods.cancelAppointment, request)
    }
}
