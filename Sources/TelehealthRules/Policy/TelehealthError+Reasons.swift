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
        .participantNotFound: "this session has no participant with this id",
        .recordingNotFound: "the recording does not exist",
        .consentNotFound: "the consent does not exist",
        .personNotFound: "the person does not exist",
        .documentNotFound: "no consent document with this type, version and language is registered",
        .notAllowed: "this caller may not do this",
        .tokenExpired: "the caller's token has expired: get a new one",
        .fieldInvalid: "a field of the request is invalid",
        .requestIDReused: "the request id was already used with a different request: use a new id",
        .textHashMismatch: "the hash of the text shown does not match the registered document",
        .acknowledgementsIncomplete: "a grant requires every acknowledgement",
        .writtenConsentRequired: "a recording consent must be written: electronic or on paper",
        .appointmentHasOpenSession: "the appointment already has a session that has not ended",
        .documentVersionExists: "this document version is already registered with a different text",
        .invalidState: "not possible in the session's current state",
        .appointmentCancelled: "the appointment is cancelled",
        .appointmentStarted: "the patient was admitted: time and people are fixed now; book another appointment",
        .tooEarly: "it is too early",
        .tooLate: "it is too late",
        .preVisitCheckRequired: "the patient's first join requires a complete pre-visit check",
        .preVisitCheckFailed: "the pre-visit check does not meet the clinic's policy",
        .consentMissing: "telehealth consents are missing",
        .recordingConsentMissing: "recording consents are missing",
        .consentNotCurrent: "the consent is declined or superseded, not a current grant",
        .participantNotWaiting: "the participant is not in the waiting room",
        .notJoined: "the caller is not in the session: join first",
        .clinicianNotPresent: "the clinician has not joined yet",
        .clientWasHere: "the patient has arrived: the visit cannot be marked as a no-show",
        .meetingNotReady: "the meeting is not running yet: try again",
        .recordingActive: "a recording is already active",
        .recordingNotActive: "no recording is active",
        .recordingNotReady: "the recording is not available yet",
        .recordingNotConfigured: "recording is not configured",
        .recordingConsentRevoked: "a consent that this recording relies on was revoked",
        .screenShareActive: "the caller is already sharing a screen",
        .screenShareNotActive: "the caller is not sharing a screen",
        .participantRemoved: "the person was removed from this visit",
        .participantDenied: "the person was denied entry to this visit",
        .participantNotAdmitted: "the participant is not in the visit",
        .participantExists: "the person is already a participant of this visit",
        .rosterFull: "the visit has reached its limit of participants, including open invitations",
        .invitationNotFound: "the invitation does not exist in this session",
        .invitationInvalid: "the grant is invalid, or its session no longer exists",
        .invitationExpired: "the invitation has expired",
        .invitationUsed: "the invitation was already redeemed",
        .invitationRevoked: "the invitation was revoked",
        .versionConflict: "the record was changed at the same time: try again",
        .versionMismatch: "the session has changed in the meantime: read it and decide again",
        .meetingUnavailable: "the meeting is not available right now: try again",
        .meetingQuotaExceeded: "a quota of the video provider is exhausted",
        .meetingRefused: "the video provider refused the request: an operator must act",
        .resumeExpired: "the events to resume from are no longer kept: begin with a snapshot",
        .watchLagging: "the watcher was too slow: resume after the last event received",
        .watchTooLarge: "the range has more visits than one stream may watch: ask for a shorter range",
        .storeFull: "the disk is full: an operator must act",
        .storeOverloaded: "too many changes are queued: try again",
        .storeUnavailable: "the database is not available: try again later",
        .dataDamaged: "stored data is damaged: an operator must act (see CheckDatabase)",
        .callCancelled: "the call was cancelled",
        .auditEventNotFound: "the audit log has no row with this number",
        .auditUnavailable: "the audit log is not available right now: try again",
        .recordingOnHold: "the recording is under legal hold",
        .recordingBeingDeleted: "the recording is being deleted",
        .recordingDeleted: "the recording was deleted",
        .recordingObjectGone: "the recording's file is no longer in the bucket",
        .recordingNotReleased: "the clinic has not released this recording as part of the patient's record",
        .metricsTooOften: "metrics are reported too often: wait before the next report",
        .effectNotFound: "the outbound operation does not exist",
        .effectNotFailed: "the outbound operation has not failed: it is pending or done",
        .guardianRequired: "the patient is a minor in this jurisdiction: a guardian must sign",
        .documentOutdated: "a newer version of this text is in force: show and sign that one",
        .evidenceIncomplete: "the consent lacks evidence that the jurisdiction requires",
        .receiptNotReady: "the audit log does not contain this consent yet: try again",
        .exportTooLarge: "the record is too large for one export",
        .thirdPartyConsentMissing: "the patient has not consented to this person's participation",
    ]
}
