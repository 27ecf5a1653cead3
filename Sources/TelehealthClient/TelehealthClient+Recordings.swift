internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Recordings, raw provider events, and how well visits go.
extension TelehealthClient {
    /// Starts a recording. Consent is looked up, never taken from the caller.
    public func startRecording(
        _ request: Telehealth_V1_StartRecordingRequest
    ) async throws(RPCError) -> Telehealth_V1_StartRecordingResponse {
        try await change(Telehealth_V1_RecordingService_Methods.startRecording, request)
    }

    /// Stops the running recording and joins its pieces.
    public func stopRecording(
        _ request: Telehealth_V1_StopRecordingRequest
    ) async throws(RPCError) -> Telehealth_V1_StopRecordingResponse {
        try await change(Telehealth_V1_RecordingService_Methods.stopRecording, request)
    }

    /// Lists the recordings of a session, oldest first.
    public func listRecordings(
        _ request: Telehealth_V1_ListRecordingsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListRecordingsResponse {
        try await call(Telehealth_V1_RecordingService_Methods.listRecordings, request)
    }

    /// Makes a URL that plays a recording for at most 5 minutes; whoever holds it can play it. Audited.
    public func getRecordingPlaybackUrl(
        _ request: Telehealth_V1_GetRecordingPlaybackUrlRequest
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingPlaybackUrlResponse {
        try await call(Telehealth_V1_RecordingService_Methods.getRecordingPlaybackUrl, request)
    }

    /// Puts a recording under legal hold: it is not deleted, whatever its retention says, and played only as the
    /// clinic's policy says. A second hold changes nothing.
    public func setRecordingHold(
        _ request: Telehealth_V1_SetRecordingHoldRequest
    ) async throws(RPCError) -> Telehealth_V1_SetRecordingHoldResponse {
        try await change(Telehealth_V1_RecordingService_Methods.setRecordingHold, request)
    }

    /// Takes a legal hold away; a recording without one stays as it is.
    public func releaseRecordingHold(
        _ request: Telehealth_V1_ReleaseRecordingHoldRequest
    ) async throws(RPCError) -> Telehealth_V1_ReleaseRecordingHoldResponse {
        try await change(Telehealth_V1_RecordingService_Methods.releaseRecordingHold, request)
    }

    /// Sets until when a recording is kept. After that its objects are deleted, unless a hold keeps them; the row
    /// and the manifest stay.
    public func setRecordingRetention(
        _ request: Telehealth_V1_SetRecordingRetentionRequest
    ) async throws(RPCError) -> Telehealth_V1_SetRecordingRetentionResponse {
        try await change(Telehealth_V1_RecordingService_Methods.setRecordingRetention, request)
    }

    /// Notes which note of the clinic's records a recording belongs to.
    public func linkSessionNote(
        _ request: Telehealth_V1_LinkSessionNoteRequest
    ) async throws(RPCError) -> Telehealth_V1_LinkSessionNoteResponse {
        try await change(Telehealth_V1_RecordingService_Methods.linkSessionNote, request)
    }

    /// What binds the file to the visit: object and checksums, consents, people present, start and stop. Audited.
    public func getRecordingManifest(
        _ request: Telehealth_V1_GetRecordingManifestRequest
    ) async throws(RPCError) -> Telehealth_V1_GetRecordingManifestResponse {
        try await call(Telehealth_V1_RecordingService_Methods.getRecordingManifest, request)
    }

    /// Takes a batch of raw provider events in, for the installation's own pipeline.
    ///
    /// Each event counts once by its id, and the order of arrival does not matter: connections, screen shares and
    /// captures follow from all events in the order of their own times. So a batch may be sent again, whole or in
    /// part, and there is no request id. A malformed entry is reported and does not keep the others out.
    public func ingestMeetingEvents(
        _ request: Telehealth_V1_IngestMeetingEventsRequest
    ) async throws(RPCError) -> Telehealth_V1_IngestMeetingEventsResponse {
        try await call(Telehealth_V1_EventsService_Methods.ingestMeetingEvents, request)
    }

    /// One report of what the caller's own client measured since its last one, as the Chime client SDK gives it.
    ///
    /// A changed ``Telehealth_V1_ConnectionQuality`` is told to the session's watchers.
    public func reportClientMetrics(
        _ request: Telehealth_V1_ReportClientMetricsRequest
    ) async throws(RPCError) -> Telehealth_V1_ReportClientMetricsResponse {
        try await change(Telehealth_V1_QualityService_Methods.reportClientMetrics, request)
    }

    /// The service's figures over a period, each against its target.
    ///
    /// Worked out from stored rows when asked.
    public func getServiceReport(
        _ request: Telehealth_V1_GetServiceReportRequest
    ) async throws(RPCError) -> Telehealth_V1_GetServiceReportResponse {
        try await call(Telehealth_V1_QualityService_Methods.getServiceReport, request)
    }
}
