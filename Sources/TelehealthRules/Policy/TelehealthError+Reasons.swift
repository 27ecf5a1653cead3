extension TelehealthError.Reason {
    public var category: TelehealthError.Category {
        switch self {
        case .sessionNotFound, .appointmentNotFound, .participantNotFound, .recordingNotFound,
            .consentNotFound,
            .personNotFound, .documentNotFound, .effectNotFound, .auditEventNotFound, .invitationNotFound,
            .recordingObjectGone:
            .notFound
        case .notAllowed, .participantRemoved, .participantDenied: .permissionDenied
        case .tokenExpired, .invitationInvalid: .unauthenticated
        case .fieldInvalid, .requestIDReused, .textHashMismatch, .acknowledgementsIncomplete,
            .writtenConsentRequired, .evidenceIncomplete:
            .invalidArgument
        case .appointmentHasOpenSession, .documentVersionExists, .participantExists: .alreadyExists
        case .invalidState, .appointmentCancelled, .appointmentStarted, .tooEarly, .tooLate,
            .preVisitCheckRequired, .preVisitCheckFailed, .consentMissing, .recordingConsentMissing,
            .consentNotCurrent, .participantNotWaiting, .notJoined, .clinicianNotPresent, .clientWasHere,
            .meetingNotReady, .recordingActive, .recordingNotActive, .recordingNotReady,
            .recordingNotConfigured,
            .recordingConsentRevoked, .screenShareActive, .screenShareNotActive, .guardianRequired,
            .documentOutdated, .effectNotFailed, .participantNotAdmitted,
            .rosterFull, .invitationExpired, .invitationUsed, .invitationRevoked, .recordingOnHold,
            .recordingBeingDeleted, .recordingDeleted, .recordingNotReleased, .thirdPartyConsentMissing,
            .versionMismatch:
            .failedPrecondition
        case .resumeExpired: .outOfRange
        case .versionConflict: .aborted
        case .meetingUnavailable, .watchLagging, .storeOverloaded, .storeUnavailable,
            .receiptNotReady, .auditUnavailable:
            .unavailable
        case .meetingQuotaExceeded, .storeFull, .exportTooLarge, .metricsTooOften, .watchTooLarge: .resourceExhausted
        case .meetingRefused: .internalFault
        case .callCancelled: .cancelled
        case .dataDamaged: .dataLoss
        }
    }

    /// Whether the refusal speaks of what the visit is now, rather than of the caller's rights or the request itself.
    package var isOfState: Bool {
        switch category {
        case .failedPrecondition, .alreadyExists: true
        case .notFound: self != .sessionNotFound
        case .permissionDenied, .unauthenticated, .invalidArgument, .outOfRange, .aborted, .unavailable,
            .resourceExhausted, .internalFault, .cancelled, .dataLoss:
            false
        }
    }

    /// A sentence for people, without anything of the call in it.
    public var sentence: String { Self.sentences[self] ?? rawValue }

    private static let sentences: [TelehealthError.Reason: String] = [
        .sessionNotFound: "the session does not exist",
        .appointmentNotFound: "the appointment does not exist",
        .participantNotFound: "the participant does not exist in this session",
        .recordingNotFound: "the recording does not exist",
        .consentNotFound: "the consent does not exist",
        .personNotFound: "the person does not exist",
        .documentNotFound: "no consent document with this type, version and language is registered",
        .notAllowed: "the caller may not do this",
        .tokenExpired: "the caller's token has expired",
        .fieldInvalid: "a field of the request is invalid",
        .requestIDReused: "the request id was used before with another request",
        .textHashMismatch: "the text that was shown is not the registered document",
        .acknowledgementsIncomplete: "a grant needs every acknowledgement",
        .writtenConsentRequired: "a recording consent must be written: electronic or on paper",
        .appointmentHasOpenSession: "the appointment already has a session that has not ended",
        .documentVersionExists: "this document version is registered with another text",
        .invalidState: "the present state does not allow this",
        .appointmentCancelled: "the appointment is cancelled",
        .appointmentStarted: "time and people of an appointment change only until the client is let into the visit",
        .tooEarly: "it is too early for this",
        .tooLate: "it is too late for this",
        .preVisitCheckRequired: "the first join needs a pre-visit check",
        .preVisitCheckFailed: "the pre-visit check does not meet the clinic's policy",
        .consentMissing: "telehealth consents are missing",
        .recordingConsentMissing: "recording consents are missing",
        .consentNotCurrent: "the consent is not a current grant",
        .participantNotWaiting: "the participant is not in the waiting room",
        .notJoined: "the caller is not in the session: join first",
        .clinicianNotPresent: "the clinician has not joined",
        .clientWasHere: "the client came: this is no no-show",
        .meetingNotReady: "the meeting does not run yet",
        .recordingActive: "a recording is already active",
        .recordingNotActive: "no recording is active",
        .recordingNotReady: "the recording is not available yet",
        .recordingNotConfigured: "recording is not configured",
        .recordingConsentRevoked: "a consent this recording stood on was revoked",
        .screenShareActive: "the caller already shares a screen",
        .screenShareNotActive: "the caller shares no screen",
        .participantRemoved: "the person was removed from this visit",
        .participantDenied: "the person was not let into this visit",
        .participantNotAdmitted: "the participant is not in the visit",
        .participantExists: "the person is on the roster already",
        .rosterFull: "the visit has no place left",
        .invitationNotFound: "the invitation does not exist in this session",
        .invitationInvalid: "this is no invitation of this service",
        .invitationExpired: "the invitation has expired",
        .invitationUsed: "the invitation was used before",
        .invitationRevoked: "the invitation was taken back",
        .versionConflict: "others changed this at the same time: try again",
        .versionMismatch: "the session has changed since: read it and decide again",
        .meetingUnavailable: "the meeting is not available right now: try again",
        .meetingQuotaExceeded: "the video provider's quota is used up",
        .meetingRefused: "the video provider refused the request",
        .resumeExpired: "the events to resume from are no longer kept: watch from the start",
        .watchLagging: "the watcher was too slow: resume after the last event received",
        .watchTooLarge: "more visits are in the range than one stream watches: ask for a shorter one",
        .storeFull: "no space is left to store the change",
        .storeOverloaded: "too many changes are queued: try again",
        .storeUnavailable: "the store is not available",
        .dataDamaged: "what is stored is damaged: an operator must look (CheckDatabase)",
        .callCancelled: "the call was cancelled",
        .auditEventNotFound: "the audit log has no such row",
        .auditUnavailable: "what was asked cannot be recorded right now: try again",
        .recordingOnHold: "the recording is under legal hold",
        .recordingBeingDeleted: "the recording is being deleted",
        .recordingDeleted: "the recording was deleted",
        .recordingObjectGone: "the recording's file is not where it was kept",
        .recordingNotReleased: "the clinic has not made this recording part of the client's record",
        .metricsTooOften: "reports come too fast: send fewer",
        .effectNotFound: "the call to others does not exist",
        .effectNotFailed: "the call to others was not given up: it is pending or done",
        .guardianRequired: "the person is a minor there: a guardian signs",
        .documentOutdated: "a newer version of this text is in force: show that one",
        .evidenceIncomplete: "the consent lacks evidence that the place asks for",
        .receiptNotReady: "the audit log does not show this consent yet: try again",
        .exportTooLarge: "the record is too large for one export",
        .thirdPartyConsentMissing: "the client has not consented to this person's taking part",
    ]
}
