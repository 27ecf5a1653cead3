internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Recordings after they were made, AWS's events, and how well visits go.
extension TelehealthClient {
    /// Puts a recording under legal hold: it is not deleted, whatever its retention says, and played only as
    /// the clinic's policy says. A second hold changes nothing. Roles: admin.
    ///
    /// Errors: NOT_FOUND (RECORDING_NOT_FOUND); FAILED_PRECONDITION (RECORDING_BEING_DELETED, RECORDING_DELETED).
    public func setRecordingHold(
        _ request: Telehealth_V1_SetRecordingHoldRequest
    ) async throws(RPCError) -> Telehealth_V1_SetRecordingHoldResponse {
        try await change(Telehealth_V1_RecordingService_Methods.setRecordingHold, request)
    }

    /// Takes a legal hold away; a recording without one stays as it is. Roles: admin.
    ///
    /// Errors: NOT_FOUND (RECORDING_NOT_FOUND).
    public func releaseRecordingHold(
        _ request: Telehealth_V1_ReleaseRecordingHoldRequest
    ) async throws(RPCError) -> Telehealth_V1_ReleaseRecordingHoldResponse {
        try await change(Telehealth_V1_RecordingService_Methods.releaseRecordingHold, request)
    }

    /// Sets until when a recording is kept. After that its objects are deleted, unless a hold keeps them; the
    /// row and the manifest stay. Roles: admin.
    ///
    /// Errors: NOT_FOUND (RECORDING_NOT_FOUND); FAILED_PRECONDITION (RECORDING_BEING_DELETED, RECORDING_DELETED).
    public func setRecordingRetention(
        _ request: Telehealth_V1_SetRecordingRetentionRequest
    ) async throws(RPCError) -> Telehealth_V1_SetRecordingRetentionResponse {
        try await change(Telehealth_V1_RecordingService_Methods.setRecordingRetention, request)
    }

    /// Notes which note of the clinic's records a recording belongs to. Roles: the session's clinician, admin.
    ///
    /// Errors: NOT_FOUND (RECORDING_NOT_FOUND).
    public func linkSessionNote(
        _ request: Telehealth_V1_LinkSessionNoteRequest
    ) async throws(RPCError) -> Telehealth_V1_LinkSessionNoteResponse {
        try await change(Telehealth_V1_RecordingService_Methods.linkSessionNote, request)
    }

    /// What binds the file to the visit: object and checksums, consents, people present, start and stop.
    /// Audited. Roles: the session's clinician, admin.
    ///
    /// Errors: NOT_FOUND (RECORDING_NOT_FOUND); FAILED_PRECONDITION (RECORDING_NOT_READY).
    public func getRecordingManifest(
        _ request: Telehealth_V1_GetRecordingManifestRequest
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingManifestResponse {
        try await call(Telehealth_V1_RecordingService_Methods.getRecordingManifest, request)
    }

    /// Takes a batch of events in. Roles: service, admin.
    ///
    /// Each event counts once by its id, and the order of arrival does not matter: connections, screen shares
    /// and captures follow from all events in the order of their own times. So a batch may be sent again,
    /// whole or in part, and there is no request id. A malformed entry is reported and does not keep the
    /// others out. Errors: INVALID_ARGUMENT (INVALID_FIELD) for an empty or oversized batch.
    public func ingestMeetingEvents(
        _ request: Telehealth_V1_IngestMeetingEventsRequest
    ) async throws(RPCError) -> Telehealth_V1_IngestMeetingEventsResponse {
        try await call(Telehealth_V1_EventsService_Methods.ingestMeetingEvents, request)
    }

    /// One report of what the caller's own client measured since its last one, as the Chime client SDK gives
    /// it. Roles: the session's clinician and client.
    ///
    /// A changed class of the connection (GOOD, FAIR, POOR) is told to the session's watchers.
    /// Errors: NOT_FOUND (SESSION_NOT_FOUND); FAILED_PRECONDITION (NOT_JOINED, INVALID_STATE more than 10
    /// minutes after the end); INVALID_ARGUMENT (INVALID_FIELD); RESOURCE_EXHAUSTED (METRICS_TOO_OFTEN with
    /// RetryInfo).
    public func reportClientMetrics(
        _ request: Telehealth_V1_ReportClientMetricsRequest
    ) async throws(RPCError) -> Telehealth_V1_ReportClientMetricsResponse {
        try await change(Telehealth_V1_QualityService_Methods.reportClientMetrics, request)
    }

    /// The service's figures over a period, each against its target. Roles: admin.
    ///
    /// Worked out from stored rows when asked. Errors: INVALID_ARGUMENT (INVALID_FIELD) for an empty period
    /// or one above 366 days; UNAVAILABLE (STORE_OVERLOADED) for more rows than one read may sum: ask for a
    /// shorter one.
    public func getServiceReport(
        _ request: Telehealth_V1_GetServiceReportRequest
    ) async throws(RPCError) -> Telehealth_V1_GetServiceReportResponse {
        try await call(Telehealth_V1_QualityService_Methods.getServiceReport, request)
    }
}
