/// What of a session its viewers see.
public enum Visibility {
    /// The state without what is not for this viewer: notes and places of abode are for those who treat.
    public static func redact(_ state: SessionState, for standing: Standing) -> SessionState {
        var state = state
        switch standing {
        case .participant(.clinician), .staff(.admin): break
        case .participant:
            state.session.endNote = nil
            state.session.clinicianJoinURL = ""
        case .staff:
            state.session.endNote = nil
            for index in state.participants.indices { state.participants[index].preVisitCheck = nil }
        }
        return state
    }

    public static func redact(_ session: Session, for standing: Standing) -> Session {
        redact(SessionState(session: session), for: standing).session
    }

    /// Whether a viewer gets this event. Revocations are for those who treat, the clinic's staff and the
    /// person.
    public static func shows(_ event: SessionEvent, to standing: Standing, viewer: ParticipantID?) -> Bool {
        switch event.kind {
        case .consentRevoked:
            standing == .participant(.clinician) || standing.isStaff || event.participantID == viewer
        case .created, .statusChanged, .participantWaiting, .participantAdmitted, .participantLeft,
            .participantRemoved, .meetingReady, .meetingFailed, .meetingEnded, .recordingRequested,
            .recordingStarted, .recordingStopping, .recordingStopped, .recordingAvailable, .recordingFailed,
            .screenShareStarted, .screenShareStopped, .rescheduled, .recordingInterrupted,
            .recordingResumed, .recordingDeleted, .connectionQualityChanged:
            true
        }
    }
}
