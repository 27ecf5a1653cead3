internal import ProtobufWire
public import RPCModel
public import TelehealthAPI

/// Visits: create, join, share, end.
extension TelehealthClient {
    /// Creates the session of an appointment; Chime is not called yet.
    public func createSession(
        _ request: Telehealth_V1_CreateSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_CreateSessionResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.createSession, request)
    }

    /// Reads a session.
    public func getSession(
        _ request: Telehealth_V1_GetSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_GetSessionResponse {
        try await call(Telehealth_V1_TelehealthService_Methods.getSession, request)
    }

    /// Lists sessions that the caller may see, by planned start: those of the appointment's people, and those that
    /// one was invited to.
    public func listSessions(
        _ request: Telehealth_V1_ListSessionsRequest
    ) async throws(RPCError) -> Telehealth_V1_ListSessionsResponse {
        try await call(Telehealth_V1_TelehealthService_Methods.listSessions, request)
    }

    /// Comes to a visit or comes back to it.
    ///
    /// A client waits until let in and gets no credentials before. Credentials are fetched anew at each call.
    public func joinSession(
        _ request: Telehealth_V1_JoinSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_JoinSessionResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.joinSession, request)
    }

    /// Says "still here" for a person without an open watch; ``watch(_:after:)`` does it by itself.
    public func heartbeat(
        _ request: Telehealth_V1_HeartbeatRequest
    ) async throws(RPCError) -> Telehealth_V1_HeartbeatResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.heartbeat, request)
    }

    /// The earlier PATCH status, as another name for the verbs: COMPLETED is EndSession, CANCELLED is
    /// CancelSession, NO_SHOW is MarkNoShow; the status that already holds is OK for whoever may use its verb.
    public func updateSessionStatus(
        _ request: Telehealth_V1_UpdateSessionStatusRequest
    ) async throws(RPCError) -> Telehealth_V1_UpdateSessionStatusResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.updateSessionStatus, request)
    }

    /// Notes that the caller began to share a screen.
    public func startScreenShare(
        _ request: Telehealth_V1_StartScreenShareRequest
    ) async throws(RPCError) -> Telehealth_V1_StartScreenShareResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.startScreenShare, request)
    }

    /// Notes that a screen share ended.
    public func stopScreenShare(
        _ request: Telehealth_V1_StopScreenShareRequest
    ) async throws(RPCError) -> Telehealth_V1_StopScreenShareResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.stopScreenShare, request)
    }

    /// Goes, and may come back. Closes the caller's wait or screen share.
    ///
    /// Leaving twice is OK.
    public func leaveSession(
        _ request: Telehealth_V1_LeaveSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_LeaveSessionResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.leaveSession, request)
    }

    /// Calls a visit off, while no client was ever admitted.
    ///
    /// Cancelling twice is OK.
    public func cancelSession(
        _ request: Telehealth_V1_CancelSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_CancelSessionResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.cancelSession, request)
    }

    /// Notes that somebody did not come, while no client was ever admitted and after the planned start: the client
    /// where a clinician came, else both.
    ///
    /// Marking twice is OK and changes nothing.
    public func markNoShow(
        _ request: Telehealth_V1_MarkNoShowRequest
    ) async throws(RPCError) -> Telehealth_V1_MarkNoShowResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.markNoShow, request)
    }

    /// Takes a no-show back: the client came late after all. The session is SCHEDULED again, at the appointment's
    /// present time and people.
    ///
    /// Undoing twice is OK.
    public func undoNoShow(
        _ request: Telehealth_V1_UndoNoShowRequest
    ) async throws(RPCError) -> Telehealth_V1_UndoNoShowResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.undoNoShow, request)
    }

    /// Ends a visit: recording, then the meeting.
    ///
    /// Ending twice is OK.
    public func endSession(
        _ request: Telehealth_V1_EndSessionRequest
    ) async throws(RPCError) -> Telehealth_V1_EndSessionResponse {
        try await change(Telehealth_V1_TelehealthService_Methods.endSession, request)
    }
}
