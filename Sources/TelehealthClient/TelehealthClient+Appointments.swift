internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// The scheduling system's feed.
extension TelehealthClient {
    /// Stores or changes one appointment. Roles: scheduler, admin.
    ///
    /// A put whose `source_version` is not higher than the stored one changes nothing: `applied` is false.
    /// Errors: INVALID_ARGUMENT (INVALID_FIELD, REQUEST_ID_REUSED); FAILED_PRECONDITION (APPOINTMENT_STARTED
    /// when time or people change once the client was let in, APPOINTMENT_CANCELLED when it was cancelled before).
    public func putAppointment(
        _ request: Telehealth_V1_PutAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_PutAppointmentResponse {
        try await change(Telehealth_V1_AppointmentService_Methods.putAppointment, request)
    }

    /// Reads one appointment. Roles: scheduler, admin, service; its clinician, its client
    /// and its guardian.
    ///
    /// Errors: NOT_FOUND (APPOINTMENT_NOT_FOUND), also for an appointment that the caller may not see.
    public func getAppointment(
        _ request: Telehealth_V1_GetAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_GetAppointmentResponse {
        try await call(Telehealth_V1_AppointmentService_Methods.getAppointment, request)
    }

    /// Cancels an appointment and the session that stands on it. Roles: scheduler, admin.
    ///
    /// One that is not known yet is cancelled before it comes: OK, `appointment` unset.
    /// Errors: INVALID_ARGUMENT (INVALID_FIELD, REQUEST_ID_REUSED); FAILED_PRECONDITION (INVALID_STATE once a client
    /// was admitted in any session of it).
    public func cancelAppointment(
        _ request: Telehealth_V1_CancelAppointmentRequest
    ) async throws(RPCError) -> Telehealth_V1_CancelAppointmentResponse {
        try await change(Telehealth_V1_AppointmentService_Methods.cancelAppointment, request)
    }
}
