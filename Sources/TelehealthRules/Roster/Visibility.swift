public import TelehealthModel

/// What of a session its viewers see.
public enum Visibility {
    /// The state without what is not for this viewer: notes and places of abode are for those who treat, open
    /// invitations for those who invite.
    public static func redact(_ state: SessionState, for standing: CallerMembership) -> SessionState {
        var state = state
        if !standing.invites { state.invitations = [] }
        switch standing.sight {
        case .everything: break
        case .people, .roles:
            state.session.endNote = nil
            if standing.isStaff {
                for index in state.participants.indices { state.participants[index].preVisitCheck = nil }
            } else {
                state.session.clinicianJoinURL = ""
            }
        }
        return state
    }

    public static func redact(_ session: Session, for standing: CallerMembership) -> Session {
        redact(SessionState(session: session), for: standing).session
    }

    /// Whether a viewer gets this event. Revocations are for those who treat, the clinic's staff and the
    /// person; invitations for those who invite and the person.
    public static func shows(_ event: SessionEvent, to standing: CallerMembership, viewer: ParticipantID?) -> Bool {
        let isOwn = viewer != nil && event.participantID == viewer
        switch event.kind {
        case .consentRevoked: return standing.leadsVisit || standing.isStaff || isOwn
        case .participantInvited, .invitationRevoked, .deviceChanged:
            return standing.leadsVisit || standing.isStaff || isOwn
        case .created, .statusChanged, .participantWaiting, .participantAdmitted, .participantLeft,
            .participantRemoved, .participantDenied, .participantReturned, .capabilitiesChanged,
            .meetingReady, .meetingFailed, .meetingEnded, .recordingRequested, .recordingStarted,
            .recordingStopping, .recordingStopped, .recordingAvailable, .recordingFailed,
            .screenShareStarted, .screenShareStopped, .rescheduled, .recordingInterrupted,
            .recordingResumed, .recordingDeleted, .connectionQualityChanged:
            return true
        }
    }
}
